"""Trains the tiny Wan checkpoint: tokenizer, VAE, cached latents, transformer with text encoder, export.

    python3 train.py --out runs/tiny-wan --seed 0        # then copy runs/tiny-wan/checkpoint

Every stage keeps its result under --out and is skipped or continued when it is there, so the same command resumes. Budgets
are minutes of training on one GPU of the H100 class; --wall-minutes ends a call early, at a point from which the next goes on.
"""

import argparse
import csv
import pathlib
import time

import torch

import export
import model
import optim
import tokenizer
import vae
from clips import LARGE, SMALL, Window, render
from scenes import training_scenes

GRIDS = {"small": SMALL, "large": LARGE}


class Clock:
    """Counts minutes of one stage across calls, and knows when the call must end."""

    def __init__(self, budget: float, used: float, deadline: float):
        self.start, self.budget, self.used, self.deadline = time.time(), budget, used, deadline

    def minutes(self) -> float:
        return self.used + (time.time() - self.start) / 60

    def progress(self) -> float:
        return self.minutes() / self.budget if self.budget else 1.0

    def stop(self) -> bool:
        return self.progress() >= 1 or time.time() > self.deadline


def log_row(path: pathlib.Path, **values: float) -> None:
    """Appends a row to a CSV file, with a header when new, and prints it."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(values)
        writer.writerow(f"{v:.6g}" for v in values.values())
    print(path.stem, *(f"{k} {v:.5g}" for k, v in values.items()), flush=True)


def vae_batch(step: int, batch: int, seed: int, device: str) -> torch.Tensor:
    """Random windows of 17 frames, mostly 96 px -> [batch, 3, 17, side, side]; larger ones now and then, for attention's sake."""
    side, count = (192, max(batch // 4, 1)) if step % 8 == 7 else (96, batch)
    canvas = LARGE if step % 2 else SMALL
    draw = torch.Generator().manual_seed(seed * 1_000_003 + step)
    pick = lambda limit: int(torch.randint(0, limit + 1, (1,), generator=draw))
    window = Window(17, side, side, pick(canvas[1] - side), pick(canvas[2] - side))
    scenes = training_scenes(count, seed * 7_000_003 + step)
    return render(scenes, canvas, seed * 9_000_011 + step, device, window)


def train_vae(args: argparse.Namespace, out: pathlib.Path) -> bool:
    """Stage 1 -> vae.pt when the whole budget is used; until then vae_unfinished.pt, and false."""
    torch.manual_seed(args.seed)
    coder = vae.AutoencoderKLWan(**vae.CONFIG)
    if args.start_from:
        coder = vae.AutoencoderKLWan.from_pretrained(args.start_from / "vae", torch_dtype=torch.float32)
    coder.to(args.device).train()
    if args.device == "cuda" and args.vae_minutes > 0:
        print(vae.choose_convolution(coder, vae_batch(0, args.vae_batch, args.seed, args.device)), flush=True)
    trainer = optim.Trainer(list(coder.named_parameters()), optim.inner_convolution, 2e-3, 1.5e-3)
    trainer.average.decay = 0.995
    used, step, recent, unfinished = 0.0, 0, [], out / "vae_unfinished.pt"
    if unfinished.exists():
        saved = torch.load(unfinished, map_location=args.device)
        trainer.restore(saved["trainer"])
        used, step = saved["minutes"], saved["step"]
    clock = Clock(args.vae_minutes, used, args.deadline)
    while not clock.stop():
        loss, squared = vae.loss(coder, vae_batch(step, args.vae_batch, args.seed, args.device), kl_weight=2e-4)
        loss.backward()
        trainer.step(optim.schedule(step, clock.progress(), 100, 0.4))
        recent.append(squared)
        step += 1
        if step % args.log_every == 0:
            psnr = -10 * (torch.stack(recent).mean() / 4).log10().item()
            log_row(out / "vae.csv", step=step, minutes=clock.minutes(), loss=loss.item(), psnr=psnr)
            recent.clear()
    if clock.progress() < 1:
        torch.save({"trainer": trainer.state(), "minutes": clock.minutes(), "step": step}, unfinished)
        return False
    trainer.average.swap()
    torch.save(coder.state_dict(), out / "vae.pt")
    unfinished.unlink(missing_ok=True)
    return True


def load_vae(out: pathlib.Path, device: str) -> vae.AutoencoderKLWan:
    coder = vae.AutoencoderKLWan(**vae.CONFIG)
    coder.load_state_dict(torch.load(out / "vae.pt", map_location="cpu"))
    return coder.to(device).eval()


@torch.no_grad()
def encode_clips(args: argparse.Namespace, coder, grid: str, index: int, count: int) -> tuple[torch.Tensor, list[str]]:
    """Latents [count, 16, T, H, W] in bf16 and captions of freshly drawn clips."""
    scenes = training_scenes(count, args.seed * 31 + 17 * index + (grid == "large"))
    video = render(scenes, GRIDS[grid], args.seed * 53 + 29 * index + (grid == "large") + 1, args.device)
    return vae.encode(coder, vae.prepare(video))[0].bfloat16(), [scene.prompt() for scene in scenes]


def cache_latents(args: argparse.Namespace, out: pathlib.Path) -> bool:
    """Stage 2 -> latents.pt: {grid: latents, token ids, lengths} and the channel statistics. False, and nothing is kept, when
    the call had to end before the clips or the stage's own minutes were used up."""
    coder, words = load_vae(out, args.device), tokenizer.load(out / "tokenizer")
    found: dict[str, tuple[list, list]] = {grid: ([], []) for grid in GRIDS}
    clock, index = Clock(args.latent_minutes, 0.0, args.deadline), 0
    while len(found["small"][1]) < args.clips and not clock.stop():
        for grid, count in (("small", args.vae_batch), ("large", max(args.vae_batch // 4, 1))):
            latents, captions = encode_clips(args, coder, grid, index, count)
            found[grid][0].append(latents), found[grid][1].extend(captions)
        index += 1
    if not found["small"][1] or len(found["small"][1]) < args.clips and clock.progress() < 1:
        return False
    data = {}
    for grid, (latents, captions) in found.items():
        tokens = words(captions, padding="max_length", max_length=47, return_tensors="pt")
        data[grid] = {"latents": torch.cat(latents), "ids": tokens.input_ids, "lengths": tokens.attention_mask.sum(1)}
        print(grid, tuple(data[grid]["latents"].shape), f"{clock.minutes():.2f} minutes", flush=True)
    mean, deviation = vae.latent_statistics(torch.cat([d["latents"].flatten(2)[:, :, :4096] for d in data.values()]))
    torch.save(data | {"mean": mean, "std": deviation}, out / "latents.pt")
    return True


def noise_levels(count: int, shift: float, device: str) -> torch.Tensor:
    """Logit-normal sigmas, moved towards noise by the sampler's own shift -> [count] in (0, 1)."""
    u = torch.randn(count, device=device).sigmoid()
    return shift * u / (1 + (shift - 1) * u)


def flow_loss(transformer, text, batch: dict[str, torch.Tensor], shift: float) -> torch.Tensor:
    """Mean squared error of the predicted noise - data, one caption in ten dropped."""
    z, ids, lengths = batch["latents"], batch["ids"], batch["lengths"]
    drop = torch.rand(len(z), device=z.device) < 0.1
    empty = torch.zeros_like(ids)
    empty[:, 0] = 1  # the empty prompt is one end-of-sentence token
    ids, lengths = torch.where(drop[:, None], empty, ids), torch.where(drop, 1, lengths)
    sigma, noise = noise_levels(len(z), shift, z.device), torch.randn_like(z)
    s = sigma.view(-1, 1, 1, 1, 1)
    with torch.autocast(z.device.type, torch.bfloat16, enabled=z.is_cuda):
        guess = model.velocity(transformer, (1 - s) * z + s * noise, 1000 * sigma, model.text_context(text, ids, lengths))
    return (guess - (noise - z)).pow(2).mean()


def load_latents(out: pathlib.Path, device: str) -> dict[str, dict[str, torch.Tensor]]:
    """The cache with latents normalised to zero mean and unit deviation per channel."""
    stored = torch.load(out / "latents.pt", map_location=device)
    mean, deviation = (torch.tensor(stored[k], device=device).view(1, 16, 1, 1, 1) for k in ("mean", "std"))
    for grid in GRIDS:
        latents = stored[grid]["latents"]
        for i in range(0, len(latents), 256):
            latents[i:i + 256] = (latents[i:i + 256] - mean) / deviation
    return stored


def train_transformer(args: argparse.Namespace, out: pathlib.Path) -> bool:
    """Stage 3 -> transformer.pt; true when the whole budget is used."""
    torch.manual_seed(args.seed)
    transformer, text = (m.to(args.device).train() for m in model.build(args.seed, args.start_from))
    trainer = optim.Trainer([*transformer.named_parameters(), *text.named_parameters()], optim.block_matrix, args.muon_rate, args.adam_rate)
    used, step = 0.0, 0
    if (out / "transformer.pt").exists():
        saved = torch.load(out / "transformer.pt", map_location=args.device)
        trainer.restore(saved["trainer"])
        used, step = saved["minutes"], saved["step"]
    torch.manual_seed(args.seed + step)
    data, clock, recent = load_latents(out, args.device), Clock(args.transformer_minutes, used, args.deadline), {g: [] for g in GRIDS}
    sizes = {"small": args.batch, "large": max(args.batch * 3 // 10, 1)}
    while not clock.stop():
        grid = "large" if torch.rand(()).item() < args.large_share else "small"
        stored = data[grid]
        rows = torch.randint(0, len(stored["latents"]), (sizes[grid],), device=args.device)
        batch = {"latents": stored["latents"][rows].float(), "ids": stored["ids"][rows], "lengths": stored["lengths"][rows]}
        loss = flow_loss(transformer, text, batch, args.shift)
        loss.backward()
        norm = trainer.step(optim.schedule(step, clock.progress()))
        recent[grid].append(loss.detach())
        step += 1
        if step % args.log_every == 0:
            means = {g: torch.stack(v).mean().item() if v else float("nan") for g, v in recent.items()}
            log_row(out / "transformer.csv", step=step, minutes=clock.minutes(), **means, norm=norm.item())
            recent = {g: [] for g in GRIDS}
    torch.save({"trainer": trainer.state(), "minutes": clock.minutes(), "step": step}, out / "transformer.pt")
    trainer.average.swap()
    weights = {"transformer": transformer.state_dict(), "text_encoder": text.state_dict(), "mean": data["mean"], "std": data["std"]}
    torch.save(weights, out / "average.pt")
    return clock.progress() >= 1


def parse_arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--out", type=pathlib.Path, required=True, help="folder for stages and the checkpoint")
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--start-from", type=pathlib.Path, help="a checkpoint folder whose weights to start from")
    p.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    p.add_argument("--vae-minutes", type=float, default=3.0)
    p.add_argument("--latent-minutes", type=float, default=1.5)
    p.add_argument("--transformer-minutes", type=float, default=8.0)
    p.add_argument("--wall-minutes", type=float, default=1e9, help="end this call after so many minutes; run again to go on")
    p.add_argument("--clips", type=int, default=16000, help="small clips to cache; a quarter as many large ones")
    p.add_argument("--vae-batch", type=int, default=16)
    p.add_argument("--batch", type=int, default=48, help="small clips a step; .3 times as many large ones, the same tokens")
    p.add_argument("--large-share", type=float, default=0.3, help="share of steps on the large grid")
    p.add_argument("--shift", type=float, default=3.0)
    p.add_argument("--muon-rate", type=float, default=3e-3)
    p.add_argument("--adam-rate", type=float, default=1e-3)
    p.add_argument("--log-every", type=int, default=50)
    args = p.parse_args()
    args.deadline = time.time() + 60 * args.wall_minutes
    return args


def main() -> None:
    args = parse_arguments()
    out = args.out
    out.mkdir(parents=True, exist_ok=True)
    if args.device == "cuda":
        torch._dynamo.config.recompile_limit = 64
        torch.set_float32_matmul_precision("high")
        vae.compile_norm(), model.compile_blocks()
    if not (out / "tokenizer").exists():
        tokenizer.build(out / "tokenizer", args.seed)
    finished = (out / "vae.pt").exists() or train_vae(args, out)
    finished = finished and ((out / "latents.pt").exists() or cache_latents(args, out))
    if finished:
        finished = train_transformer(args, out)
        export.write(out, out / "checkpoint")
    print("finished" if finished else "not finished: run the same command again", flush=True)


if __name__ == "__main__":
    main()
