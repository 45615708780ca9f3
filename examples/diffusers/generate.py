"""A video with diffusers, its self-attention through a mask file.

    python examples/diffusers/generate.py examples/tiny-wan/checkpoint masks.wean "a red square moves left" -o video.gif

Size and frames are those that the mask file was packed for. Needs: pip install '.[diffusers]'
"""
import argparse
import pathlib

import torch
from diffusers import WanPipeline

import wean


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="diffusers folder or name on the hub")
    parser.add_argument("masks", help="mask file of wean-pack")
    parser.add_argument("prompt")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help=".gif, or a folder for .png frames")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--compile", action="store_true", help="compile the transformer's blocks")
    parser.add_argument("--on-error", choices=("raise", "dense"), default="raise", help="what a mask file that does not fit gets")
    return parser.parse_args()


def size_of(pipe, masks):
    """Width, height and frames in pixels of the grid that the masks are for."""
    frames, height, width = masks.info().grid
    _, patch_height, patch_width = pipe.transformer.config.patch_size
    space = pipe.vae_scale_factor_spatial
    return dict(num_frames=(frames - 1) * pipe.vae_scale_factor_temporal + 1, height=height * patch_height * space,
                width=width * patch_width * space)


def write(frames, output):
    if output.suffix == ".gif":
        frames[0].save(output, save_all=True, append_images=frames[1:], duration=1000 / 16, loop=0)
        return
    output.mkdir(parents=True, exist_ok=True)
    for number, frame in enumerate(frames):
        frame.save(output / f"{number:03}.png")


def main():
    chosen = options()
    pipe = WanPipeline.from_pretrained(chosen.checkpoint, dtype=getattr(torch, chosen.dtype)).to(chosen.device)
    size = size_of(pipe, wean.load(chosen.masks))
    masks = wean.apply(pipe, chosen.masks, on_error=chosen.on_error)
    print(masks or "dense")
    if chosen.compile:
        pipe.transformer.compile_repeated_blocks(fullgraph=True)
    frames = pipe(prompt=chosen.prompt, negative_prompt="", num_inference_steps=chosen.steps, guidance_scale=chosen.guidance,
                  generator=torch.Generator().manual_seed(chosen.seed), output_type="pil", **size).frames[0]
    write(frames, chosen.output)
    print(f"wrote {chosen.output}: {len(frames)} frames of {size['width']}x{size['height']}")


if __name__ == "__main__":
    main()
