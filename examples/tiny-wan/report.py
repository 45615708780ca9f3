"""Measures a checkpoint: VAE reconstruction, captions followed, attention shares; draws a contact sheet and loss curves.

    python3 report.py CHECKPOINT --out report [--prompts 64] [--large 8] [--run RUN]

Prints and writes report.json, contact.png and, with --run (the training folder), curves.png. On a CPU expect about 40 s a
small clip and 4 minutes a large one; a GPU needs about two minutes for everything.
"""

import argparse
import csv
import json
import pathlib
import random
import time

import torch
from diffusers import WanPipeline
from PIL import Image, ImageDraw

import attention
import measure
from clips import LARGE, SMALL, render
from scenes import PROMPT_FILES, parse, random_scene

GUIDANCE, STEPS = 4.0, 20


@torch.no_grad()
def reconstruction(pipe: WanPipeline, canvas: tuple[int, int, int], clips: int, seed: int = 990_001) -> dict[str, float]:
    """PSNR of clips that training never drew, encoded and decoded by the class: mean over clips and the worst."""
    rng, values = random.Random(seed), []
    for i in range(clips):
        video = render([random_scene(rng)], canvas, seed + i, pipe.vae.device).to(pipe.vae.dtype)
        back = pipe.vae.decode(pipe.vae.encode(video).latent_dist.mode()).sample
        values.append(-10 * ((back.float() - video.float()).pow(2).mean() / 4).log10().item())
    return {"mean": sum(values) / len(values), "worst": min(values), "clips": clips}


def sample(pipe: WanPipeline, prompts: list[str], canvas: tuple[int, int, int], guidance: float, steps: int, seed: int = 0) -> torch.Tensor:
    """Videos of a batch of prompts [B, F, 3, H, W] in [0, 1]; clip i always starts from the noise of seed + its prompt."""
    frames, height, width = canvas
    noise = [torch.Generator().manual_seed(hash_prompt(p) + seed) for p in prompts]
    video = pipe(prompt=prompts, height=height, width=width, num_frames=frames, num_inference_steps=steps,
                 guidance_scale=guidance, generator=noise, output_type="pt").frames
    return video.float()


def hash_prompt(prompt: str) -> int:
    return sum((i + 1) * b for i, b in enumerate(prompt.encode())) % 2**31


def clip_row(video: torch.Tensor, caption: str, columns: int, height: int) -> Image.Image:
    """Evenly spaced frames of a clip [F, 3, H, W] side by side under their caption."""
    picks = torch.linspace(0, len(video) - 1, columns).round().long()
    strip = torch.cat(list(video[picks]), -1)
    image = Image.fromarray((strip.clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy())
    image = image.resize((image.width * height // image.height, height), Image.LANCZOS)
    row = Image.new("RGB", (image.width, height + 14), "white")
    row.paste(image, (0, 14))
    ImageDraw.Draw(row).text((2, 1), caption, fill="black")
    return row


def stack(rows: list[Image.Image]) -> Image.Image:
    sheet = Image.new("RGB", (max(r.width for r in rows), sum(r.height for r in rows)), "white")
    top = 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height
    return sheet


def save_small(image: Image.Image, path: pathlib.Path) -> None:
    image.quantize(128, Image.Quantize.FASTOCTREE if image.mode == "RGBA" else Image.Quantize.MEDIANCUT).save(path, optimize=True)


def curves(run: pathlib.Path) -> Image.Image:
    """VAE PSNR and flow loss on both grids against minutes, each scaled to its own range."""
    panels = []
    for name, columns in (("vae", ["psnr"]), ("transformer", ["small", "large"])):
        with (run / f"{name}.csv").open() as file:
            rows = list(csv.DictReader(file))
        panel = Image.new("RGB", (640, 240), "white")
        draw = ImageDraw.Draw(panel)
        for column, colour in zip(columns, ("navy", "crimson")):
            points = [(float(r["minutes"]), float(r[column])) for r in rows if r[column] != "nan"]
            low, high = min(v for _, v in points), max(v for _, v in points)
            last = points[-1][0]
            scale = lambda t, v: (40 + 580 * t / last, 215 - 180 * (v - low) / max(high - low, 1e-9))
            draw.line([scale(t, v) for t, v in points], fill=colour, width=2)
            label = f"{name} {column}: {points[0][1]:.3f} -> {points[-1][1]:.3f} (range {low:.3f} to {high:.3f}) over {last:.1f} minutes"
            draw.text((45, 4 + 14 * columns.index(column)), label, fill=colour)
        draw.rectangle((40, 34, 620, 216), outline="gray")
        panels.append(panel)
    return stack(panels)


def measure_grid(pipe: WanPipeline, args: argparse.Namespace, canvas, prompts: list[str], batch: int) -> tuple[dict, list[Image.Image]]:
    """Samples prompts, judges every clip, records attention on the first `--attention` of them."""
    judged, rows, shares = [], [], {}
    for start in range(0, len(prompts), batch):
        part = prompts[start:start + batch]
        statistics = attention.Statistics(pipe, len(part), args.steps) if start < args.attention else None
        clips = sample(pipe, part, canvas, args.guidance, args.steps)
        if statistics:
            shares = shares or statistics.table()
            statistics.remove(pipe)
        for prompt, clip in zip(part, clips):
            judged.append(measure.judge(clip, parse(prompt)))
            clip = clip.cpu()
            wrong = [name for name, good in judged[-1].items() if not good]
            rows.append(clip_row(clip, prompt + (f"   [wrong: {', '.join(wrong)}]" if wrong else ""), 7, 96))
    return {"captions": measure.accuracy(judged), "clips": len(prompts), "attention": shares}, rows


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("checkpoint", type=pathlib.Path)
    p.add_argument("--out", type=pathlib.Path, required=True)
    p.add_argument("--run", type=pathlib.Path, help="training folder with vae.csv and transformer.csv")
    p.add_argument("--prompts", type=int, default=64, help="held-out prompts on the small grid")
    p.add_argument("--large", type=int, default=8, help="held-out prompts on the large grid")
    p.add_argument("--attention", type=int, default=1, help="prompts whose attention is recorded (rounded up to a batch)")
    p.add_argument("--guidance", type=float, default=GUIDANCE)
    p.add_argument("--steps", type=int, default=STEPS)
    p.add_argument("--batch", type=int, default=8)
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    args = p.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    pipe = WanPipeline.from_pretrained(args.checkpoint, torch_dtype=torch.bfloat16 if args.device == "cuda" else torch.float32)
    pipe.to(args.device).set_progress_bar_config(disable=True)
    prompts = (PROMPT_FILES / "heldout.txt").read_text().splitlines()
    started = time.time()
    report = {"guidance": args.guidance, "steps": args.steps, "flow_shift": pipe.scheduler.config.flow_shift}
    rows = []
    for name, canvas, count, batch in (("small", SMALL, args.prompts, args.batch), ("large", LARGE, args.large, max(args.batch // 4, 1))):
        if count:
            report[name], found = measure_grid(pipe, args, canvas, prompts[:count], batch)
            report[name]["vae psnr"] = reconstruction(pipe, canvas, 8)
            rows += found[:14] if name == "small" else found[:6]
            print(name, json.dumps(report[name]["captions"]), json.dumps(report[name]["vae psnr"]),
                  f"{time.time() - started:.0f} s", flush=True)
    (args.out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    save_small(stack(rows), args.out / "contact.png")
    if args.run:
        save_small(curves(args.run), args.out / "curves.png")


if __name__ == "__main__":
    main()
