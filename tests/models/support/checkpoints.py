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
    index["scheduler"] = ["diffusers", "UniPCMultistepScheduler"]
    (folder / "model_index.json").write_text(json.dumps(index))
    return folder
