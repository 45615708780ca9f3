"""Writes the trained weights as a diffusers Wan folder in bf16.

    python3 export.py RUN CHECKPOINT
"""

import json
import pathlib
import shutil
import sys

import diffusers
import torch
import transformers
from diffusers import AutoencoderKLWan, UniPCMultistepScheduler, WanTransformer3DModel
from transformers import UMT5Config, UMT5EncoderModel

import model
import vae

INDEX = {
    "_class_name": "WanPipeline", "_diffusers_version": diffusers.__version__, "boundary_ratio": None, "expand_timesteps": False,
    "scheduler": ["diffusers", "UniPCMultistepScheduler"], "text_encoder": ["transformers", "UMT5EncoderModel"],
    "tokenizer": ["transformers", "T5Tokenizer"], "transformer": ["diffusers", "WanTransformer3DModel"],
    "transformer_2": [None, None], "vae": ["diffusers", "AutoencoderKLWan"],
}
SCHEDULER = dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, solver_order=2, solver_type="bh2",
                 num_train_timesteps=1000)


def write(run: pathlib.Path, folder: pathlib.Path) -> None:
    """RUN holds tokenizer/, vae.pt and average.pt."""
    trained = torch.load(run / "average.pt", map_location="cpu")
    coder = AutoencoderKLWan(**vae.CONFIG, latents_mean=trained["mean"], latents_std=trained["std"])
    coder.load_state_dict(torch.load(run / "vae.pt", map_location="cpu"))
    transformer, text = WanTransformer3DModel(**model.TRANSFORMER), UMT5EncoderModel(UMT5Config(**model.TEXT))
    transformer.load_state_dict(trained["transformer"])
    text.load_state_dict(trained["text_encoder"])
    shutil.rmtree(folder, ignore_errors=True)
    for name, module in (("vae", coder), ("transformer", transformer), ("text_encoder", text)):
        module.to(torch.bfloat16).save_pretrained(folder / name)
    UniPCMultistepScheduler(**SCHEDULER).save_pretrained(folder / "scheduler")
    shutil.copytree(run / "tokenizer", folder / "tokenizer")
    (folder / "model_index.json").write_text(json.dumps(INDEX, indent=2) + "\n")


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    write(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
