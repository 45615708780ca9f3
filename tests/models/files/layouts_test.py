"""The same random weights in every layout: wean must see the same tensors, configs and fingerprints; an oracle says which.
usage: layouts_test.py DUMP_CHECKPOINT"""
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import torch
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel
from diffusers.loaders.single_file_utils import convert_wan_transformer_to_diffusers, convert_wan_vae_to_diffusers
from safetensors.torch import load_file, save_file
from transformers import UMT5Config, UMT5EncoderModel

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "oracle")]
import fingerprint_oracle  # noqa: E402
import original_names  # noqa: E402

MODEL_INDEX = {"_class_name": "WanPipeline", "_diffusers_version": "0.42.1", "boundary_ratio": None, "expand_timesteps": False,
               "scheduler": ["diffusers", "UniPCMultistepScheduler"], "text_encoder": ["transformers", "UMT5EncoderModel"],
               "tokenizer": ["transformers", "T5TokenizerFast"], "transformer": ["diffusers", "WanTransformer3DModel"],
               "transformer_2": [None, None], "vae": ["diffusers", "AutoencoderKLWan"]}


def small_parts(res_blocks):
    torch.manual_seed(5)
    transformer = WanTransformer3DModel(num_attention_heads=2, attention_head_dim=32, in_channels=16, out_channels=16, text_dim=24, freq_dim=32,
                                        ffn_dim=80, num_layers=3, eps=1e-6)
    vae = AutoencoderKLWan(base_dim=4, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=res_blocks)
    text = UMT5EncoderModel(UMT5Config(vocab_size=64, d_model=24, d_kv=6, d_ff=40, num_layers=2, num_heads=3))
    parts = transformer.bfloat16(), vae.bfloat16(), text.bfloat16()
    for part in parts:
        for p in part.parameters():
            torch.nn.init.normal_(p, std=0.5)
    return parts


def save_diffusers(folder, transformer, vae, text, shard):
    transformer.save_pretrained(folder / "transformer", max_shard_size=shard)
    vae.save_pretrained(folder / "vae")
    text.save_pretrained(folder / "text_encoder", max_shard_size=shard)
    UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0).save_pretrained(folder / "scheduler")
    (folder / "tokenizer").mkdir()
    (folder / "tokenizer" / "spiece.model").write_bytes(b"x")
    (folder / "model_index.json").write_text(json.dumps(MODEL_INDEX))


def state(part):
    return {name: t.clone().contiguous() for name, t in part.state_dict().items() if name != "encoder.embed_tokens.weight"}


def save_shards(tensors, folder, stem, count):
    names = list(tensors)
    weight_map = {}
    for i in range(count):
        file = f"{stem}-{i + 1:05d}-of-{count:05d}.safetensors"
        save_file({n: tensors[n] for n in names[i::count]}, folder / file)
        weight_map.update({n: file for n in names[i::count]})
    (folder / f"{stem}.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def save_original(folder, transformer, vae, text, res_blocks):
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"_class_name": "WanModel", "dim": 64, "eps": 1e-6, "ffn_dim": 80, "freq_dim": 32, "in_dim": 16, "text_dim": 24,
                                                    "model_type": "t2v", "num_heads": 2, "num_layers": 3, "out_dim": 16, "text_len": 512}))
    save_shards({original_names.transformer(n): t for n, t in transformer.items()}, folder, "diffusion_pytorch_model", 3)
    save_file({original_names.vae(n, res_blocks): t for n, t in vae.items()}, folder / "Wan2.1_VAE.safetensors")
    save_file({original_names.umt5(n): t for n, t in text.items()}, folder / "models_t5_umt5-xxl-enc-bf16.safetensors")


def digests(tensors):
    return {n: {"dtype": "BF16", "shape": list(t.shape), "sha256": hashlib.sha256(t.view(torch.int16).numpy().tobytes()).hexdigest()}
            for n, t in tensors.items()}


def wean(tool, *arguments):
    result = subprocess.run([tool, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def oracle_form(tensors):
    return {n: ("BF16", list(t.shape), t.view(torch.int16).numpy().tobytes()) for n, t in tensors.items()}


def check_map_oracle(transformer, vae, res_blocks):
    """Our hand-written names, taken back by diffusers' own converters, must be the canonical ones."""
    back = convert_wan_transformer_to_diffusers({original_names.transformer(n): n for n in transformer})
    assert all(new == old for new, old in back.items()), [p for p in back.items() if p[0] != p[1]][:3]
    if res_blocks == 2:  # the published depth, which is all that diffusers' table knows
        back = convert_wan_vae_to_diffusers({original_names.vae(n, 2): n for n in vae})
        assert all(new == old for new, old in back.items()), [p for p in back.items() if p[0] != p[1]][:3]


def check_transformer(found, tensors, config):
    assert found["transformer"]["tensors"] == digests(tensors)
    assert found["weights"] == fingerprint_oracle.weights(oracle_form(tensors))
    assert found["quick"] == fingerprint_oracle.quick(oracle_form(tensors))
    assert found["config"] == fingerprint_oracle.config("wan2.1-t2v", config)


def check(tool, folder, res_blocks):
    parts = small_parts(res_blocks)
    config = dict(parts[0].config)
    transformer, vae, text = map(state, parts)
    check_map_oracle(transformer, vae, res_blocks)
    save_diffusers(folder / "sharded", *parts, shard="20KB")
    save_diffusers(folder / "whole", *parts, shard="1GB")
    save_original(folder / "original", transformer, vae, text, res_blocks)
    save_file({original_names.transformer(n): t for n, t in transformer.items()}, folder / "plain.safetensors")
    save_file({"model.diffusion_model." + original_names.transformer(n): t for n, t in transformer.items()}, folder / "comfy.safetensors")
    save_file({"model.diffusion_model." + n: t for n, t in transformer.items()}, folder / "prefixed.safetensors")
    assert len(list((folder / "sharded" / "transformer").glob("*.safetensors"))) > 2
    seen = {name: wean(tool, "open", folder / name, 32) for name in
            ("sharded", "whole", "original", "plain.safetensors", "comfy.safetensors", "prefixed.safetensors")}
    for name, found in seen.items():
        check_transformer(found, transformer, config)
        print(f"{name}: {found['layout']}, weights {found['weights'][:16]}")
    for name in ("sharded", "whole", "original"):
        assert seen[name]["vae"]["tensors"] == digests(vae), name
        assert seen[name]["vae"]["config"]["num_res_blocks"] == res_blocks
        assert seen[name]["text_encoder"]["tensors"] == digests(text), name
    assert seen["original"]["vae"]["config"] == seen["whole"]["vae"]["config"]
    assert seen["original"]["text_encoder"]["config"] == seen["whole"]["text_encoder"]["config"]
    assert seen["whole"]["scheduler"] == ["UniPCMultistepScheduler", 3.0]
    assert seen["plain.safetensors"]["missing"][0].endswith("use a model folder")


def check_library_agrees(tool, folder):
    """A file of the safetensors library itself, every weight type, scalars and empty tensors."""
    tensors = {"scalar": torch.tensor(1.5), "empty": torch.zeros(0, 3), "half": torch.randn(3, 5).half(), "brain": torch.randn(7).bfloat16(),
               "big": torch.randn(30_000), "long": torch.arange(4), "flag": torch.tensor([True]), "f8": torch.randn(4).to(torch.float8_e4m3fn)}
    save_file(tensors, folder / "x.safetensors", metadata={"format": "pt"})
    found = wean(tool, "file", folder / "x.safetensors")
    assert set(found["tensors"]) == set(load_file(folder / "x.safetensors"))
    read = fingerprint_oracle.read_safetensors(folder / "x.safetensors")
    assert found["weights"] == fingerprint_oracle.weights(read) and found["quick"] == fingerprint_oracle.quick(read)


def main():
    for res_blocks in (2, 1):
        with tempfile.TemporaryDirectory() as folder:
            check(sys.argv[1], pathlib.Path(folder), res_blocks)
    with tempfile.TemporaryDirectory() as folder:
        check_library_agrees(sys.argv[1], pathlib.Path(folder))
    print("layouts agree")


if __name__ == "__main__":
    main()
