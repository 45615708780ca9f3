"""Small random checkpoints in the diffusers layout. Weights are far from their usual starts, so that no part is idle."""
import json
import pathlib

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel


def shake(model, seed):
    """Random weights for every parameter: norms around 1, tables and biases well away from 0."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name and name.endswith("weight") or name.endswith("gamma"):
            parameter.data = 1 + 0.3 * noise
        elif name.endswith("scale_shift_table"):
            parameter.data = 0.5 * noise
        elif parameter.ndim < 2:
            parameter.data = 0.2 * noise
        else:
            parameter.data = noise * (1.2 / parameter[0].numel() ** 0.5)
    return model.eval()


def transformer(seed=0, **config):
    defaults = dict(num_attention_heads=2, attention_head_dim=64, num_layers=2, ffn_dim=200, text_dim=48,
                    in_channels=16, out_channels=16, freq_dim=64)
    return shake(WanTransformer3DModel(**{**defaults, **config}), seed)


def vae(seed=0, **config):
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(16, generator=generator).mul(0.2).tolist()
    std = torch.rand(16, generator=generator).add(0.5).tolist()
    defaults = dict(base_dim=8, dim_mult=[1, 2, 4, 4], num_res_blocks=1, latents_mean=mean, latents_std=std)
    return shake(AutoencoderKLWan(**{**defaults, **config}), seed)


def save_text(folder, seed=0, d_model=48):
    """A UMT5 encoder and a tokenizer of its own, trained on a few lines: folder/text_encoder and folder/tokenizer."""
    import sentencepiece
    from transformers import AutoTokenizer, UMT5Config, UMT5EncoderModel

    folder = pathlib.Path(folder)
    config = UMT5Config(vocab_size=160, d_model=d_model, d_kv=16, d_ff=96, num_layers=2, num_heads=3,
                        feed_forward_proj="gated-gelu", dropout_rate=0.0)
    shake(UMT5EncoderModel(config), seed).save_pretrained(folder / "text_encoder")
    lines = ["a red circle moves to the left", "two blue squares turn quickly over a wooden wall", "Three stars!"] * 20
    (folder / "tokenizer").mkdir()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_prefix=str(folder / "tokenizer" / "spiece"), vocab_size=160, pad_id=0,
        eos_id=1, unk_id=2, bos_id=-1, hard_vocab_limit=False, minloglevel=2)
    (folder / "tokenizer" / "spiece.vocab").unlink()
    settings = {"tokenizer_class": "T5Tokenizer", "extra_ids": 0, "model_max_length": 512}
    (folder / "tokenizer" / "tokenizer_config.json").write_text(json.dumps(settings))
    AutoTokenizer.from_pretrained(folder / "tokenizer").save_pretrained(folder / "tokenizer")
    return folder


def scheduler(shift=3.0):
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)


def save(folder, transformer, vae=None, scheduler=None, dtype=torch.float32):
    """Writes the parts and model_index.json; returns the folder."""
    folder = pathlib.Path(folder)
    transformer.to(dtype).save_pretrained(folder / "transformer")
    index = {"_class_name": "WanPipeline", "_diffusers_version": "0.42.1",
             "transformer": ["diffusers", "WanTransformer3DModel"]}
    if vae is not None:
        vae.save_pretrained(folder / "vae")
        index["vae"] = ["diffusers", "AutoencoderKLWan"]
    (scheduler or globals()["scheduler"]()).save_pretrained(folder / "scheduler")
    if (folder / "tokenizer").is_dir():
        index["text_encoder"] = ["transformers", "UMT5EncoderModel"]
        index["tokenizer"] = ["transformers", "T5Tokenizer"]
    index["scheduler"] = ["diffusers", "UniPCMultistepScheduler"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
