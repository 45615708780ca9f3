#!/usr/bin/env python3
"""Compares mask methods at equal global density on one checkpoint, through wean's own tools.

    examples/compare/compare.py --model examples/tiny-wan/checkpoint --out out/compare --device cuda

Profiles the calibration prompts once a grid; for every density makes one plan a candidate (method and knobs), chooses
each method's knobs on the tuning prompts (on a smaller grid when --tuning-size is given: a plan's knobs do not know the
grid), and measures the chosen ones on the held-out prompts, which are used once. --jobs N works on as many densities
at once; on a GPU, where small models leave it idle between kernels, that is faster.
Everything that is finished is kept, so the same command goes on after an interruption. Writes OUT/table.json and
OUT/table.md.
"""
import argparse
import concurrent.futures
import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMPTS = ROOT / "examples" / "prompts"


def candidates(density, quick):
    """{method: {candidate name: wean-calibrate arguments}}: every knob that is chosen on the tuning prompts."""
    warmups = [w for w in (0.1, 0.2, 0.3) if w <= density / 2]
    surfaces = [(w, g) for w in (0.5, 1, 2, 4, 8) for g in (0.5, 1, 2, 4)] if not quick else [(2, 1), (2, 4), (8, 1), (8, 4)]
    table = {
        "uniform": {"uniform": ["--method", "uniform"]},
        "uniform-warmup": {f"warmup{w}": ["--method", "uniform-warmup", "--warmup", str(w)] for w in warmups},
        "removal-error": {f"error{t}": ["--method", "removal-error", "--time-weight", str(t)] for t in (0, 2, 4)},
    }
    for scope in ("row", "map"):
        table[f"west-fast-{scope}"] = {
            f"west-{scope}-w{w}-g{g}": ["--method", "west-fast", "--scope", scope, "--west-w", str(w), "--west-gamma", str(g)]
            for w, g in surfaces
        }
    return table


def run(command, allowed=(0,)):
    """Runs a tool; its progress goes to stderr. Returns (exit code, stdout)."""
    print("+", " ".join(str(c) for c in command), file=sys.stderr, flush=True)
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in allowed:
        sys.exit(f"{command[0]} ended with exit code {done.returncode}")
    return done.returncode, done.stdout


def sampling(args):
    return ["--steps", args.steps, "--guidance", args.guidance, "--shift", args.shift, "--device", args.device, "--dtype", args.dtype,
            "--threads", args.threads]


class Grid:
    """A clip size with a folder of its own for profile and masks."""

    def __init__(self, args, size, frames):
        self.size, self.frames, self.folder = size, frames, args.out / f"{size}x{frames}"
        self.folder.mkdir(parents=True, exist_ok=True)


def profile(args, grid):
    path = grid.folder / "profile.h5"
    if not path.exists():
        run([args.bin / "wean-extract", args.model, "-o", path, "--prompts", args.prompts / "calibration.txt", "--size", grid.size,
             "--frames", grid.frames, "--phases", args.phases, "--block", args.block, "--resume", *sampling(args)])
    return path


def masks(args, grid, density, name, calibrate_args):
    """Plan and mask file of one candidate; None when the method cannot reach the density (exit code 13)."""
    plan, packed = grid.folder / f"{name}-{density}.plan.h5", grid.folder / f"{name}-{density}.wean"
    profile_path = profile(args, grid)
    if packed.exists():
        return packed
    summary = grid.folder / f"{name}-{density}.plan.json"
    code, text = run([args.bin / "wean-calibrate", profile_path, "-o", plan, "--density", density, "--force", "--json", *calibrate_args], (0, 13))
    if code == 0:
        summary.write_text(text)
        code, _ = run([args.bin / "wean-pack", plan, "--profile", profile_path, "-o", packed, "--block", f"{args.block}x{args.block}"], (0, 13))
    if code == 13:
        print(f"{name} cannot reach g = {density} on {grid.size}", file=sys.stderr)
        return None
    return packed


def verify(args, files, prompts, folder, extra):
    """report.json of wean-verify over several mask files."""
    report = folder / "report.json"
    if not report.exists():
        run([args.bin / "wean-verify", args.model, *files, "--prompts", args.prompts / prompts, "-o", folder, "--resume", *sampling(args), *extra])
    return json.loads(report.read_text())


def choose(args, grid, density):
    """{method: (name, options) of its candidate with the least latent error on the tuning prompts}."""
    groups = candidates(density, args.quick)
    options = {name: words for group in groups.values() for name, words in group.items()}
    names = [name for group in groups.values() if len(group) > 1 for name in group]
    made = {name: masks(args, grid, density, name, options[name]) for name in names}
    reached = [name for name in names if made[name] is not None]
    scores = {}
    if reached:
        report = verify(args, [made[name] for name in reached], "tuning.txt", grid.folder / f"tuning-{density}",
                        ["--latents-only", "--no-ceiling", "--no-recall", "--limit", args.tuning])
        scores = {name: row["latent_l2"]["mean"] for name, row in zip(reached, report["masks"])}
    chosen = {}
    for method, group in groups.items():
        rated = [name for name in group if name in scores] or [name for name in group if name not in names]
        if rated:
            name = min(rated, key=lambda n: scores.get(n, 0.0))
            chosen[method] = (name, options[name])
    return chosen, scores


def compare(args, grid, density, methods):
    """The table of one density: its chosen masks over the held-out prompts. None when no method reaches it."""
    made = [(method, name, masks(args, grid, density, name, words)) for method, (name, words) in methods.items()]
    lost = [method for method, _, packed in made if packed is None]
    made = [entry for entry in made if entry[2] is not None]
    if lost:
        print(f"not in the table, out of reach at g = {density} on this grid: " + ", ".join(lost), file=sys.stderr)
    if not made:
        return None
    report = verify(args, [packed for *_, packed in made], "heldout.txt", grid.folder / f"heldout-{density}",
                    ["--floors", "--limit", args.heldout, "--seeds", args.seeds])
    return table_of(report, density, made)


def mean(values):
    return sum(values) / len(values)


def estimate(values):
    """Mean and standard error over prompts; a prompt's noises are averaged by the caller."""
    average = mean(values)
    spread = sum((v - average) ** 2 for v in values)
    return {"mean": average, "standard_error": (spread / (len(values) - 1) / len(values)) ** 0.5 if len(values) > 1 else 0.0}


def minus(report, mask, base):
    """PSNR of one mask minus that of another, paired by clip, then averaged over a prompt's noises."""
    by_prompt = {}
    for clip in report["clips"]:
        by_prompt.setdefault(clip["prompt"], []).append(clip["sparse"][mask]["psnr"] - clip["sparse"][base]["psnr"])
    return estimate([mean(values) for values in by_prompt.values()])


def table_of(report, density, entries):
    """Rows of one density; differences are paired by clip against uniform and against the chosen uniform-warmup."""
    place = {method: i for i, (method, _, _) in enumerate(entries)}
    rows = []
    for i, (method, name, packed) in enumerate(entries):
        plan = json.loads(packed.with_name(packed.name.removesuffix(".wean") + ".plan.json").read_text())
        row = dict(report["masks"][i], method=method, chosen=name, least_margin=plan["least_margin"],
                   off_target=abs(plan["global_density"] - density))
        for base in ("uniform", "uniform-warmup"):
            row[f"minus_{base}"] = minus(report, i, place[base]) if base in place and base != method else None
        rows.append(row)
    clips = report["clips"]
    yardsticks = {what: estimate([c[what]["psnr"] for c in clips]) for what in ("ceiling", "blurred", "held_still", "other_seed")
                  if what in clips[0]}
    floor = max((yardsticks[what]["mean"] for what in ("blurred", "held_still", "other_seed") if what in yardsticks), default=0)
    return {"density": density, "rows": rows, "psnr_of": yardsticks, "claimed_above": floor + 2}


def with_error(value):
    return f"{value['mean']:+.2f} ± {value['standard_error']:.2f}" if value else ""


def markdown(tables, args):
    lines = [f"{args.size}, {args.frames} frames, {args.steps} steps, guidance {args.guidance}, {args.heldout} held-out prompts x {args.seeds} noises", ""]
    for table in tables:
        marks = ", ".join(f"{k} {v['mean']:.2f} ± {v['standard_error']:.2f} dB" for k, v in table["psnr_of"].items())
        lines += [f"g = {table['density']} ({marks}; nothing is claimed below {table['claimed_above']:.2f} dB)", "",
                  "| method | chosen | g | PSNR dB | minus uniform | minus warm-up | SSIM | flicker | latent L2 | recall | oracle | chance | margin of F |",
                  "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
        for r in table["rows"]:
            of = {k: r[k]["mean"] for k in ("global_density", "ssim", "flicker", "latent_l2", "recall", "oracle", "chance")}
            psnr, margin = r["psnr"], r["least_margin"]
            lines.append(f"| {r['method']} | {r['chosen']} | {of['global_density']:.4f} | {psnr['mean']:.2f} ± {psnr['standard_error']:.2f} "
                         f"| {with_error(r['minus_uniform'])} | {with_error(r['minus_uniform-warmup'])} | {of['ssim']:.4f} "
                         f"| {of['flicker']:.3f} | {of['latent_l2']:.4f} | {of['recall']:.4f} | {of['oracle']:.4f} | {of['chance']:.4f} "
                         f"| {'' if margin is None else f'{margin:.4f}'} |")
        lines.append("")
    return "\n".join(lines)


def keep_settings(args):
    """Results of other settings must not be taken for these: OUT belongs to one set of them."""
    mine = {k: str(v) for k, v in vars(args).items() if k not in ("out", "bin", "threads", "jobs", "only_tuning")}
    path = args.out / "settings.json"
    if path.exists():
        theirs = json.loads(path.read_text())
        different = [f"--{k.replace('_', '-')} {theirs.get(k)}" for k in mine if theirs.get(k) != mine[k]]
        if different:
            sys.exit(f"{args.out}: holds results for {', '.join(different)}; use another --out")
    path.write_text(json.dumps(mine, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "examples" / "tiny-wan" / "checkpoint")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out" / "compare")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin", help="folder of the tools")
    parser.add_argument("--size", default="304x272", help="pixels, WIDTHxHEIGHT")
    parser.add_argument("--frames", default="49", help="pixel frames")
    parser.add_argument("--tuning-size", help="grid on which knobs are chosen; default: --size")
    parser.add_argument("--tuning-frames", help="default: --frames")
    parser.add_argument("--steps", default="20")
    parser.add_argument("--guidance", default="4")
    parser.add_argument("--shift", default="0", help="0 = the checkpoint's")
    parser.add_argument("--phases", default="8")
    parser.add_argument("--block", default="64")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--threads", default="0", help="CPU threads; 0 = all")
    parser.add_argument("--jobs", type=int, default=1, help="densities that are worked on at once")
    parser.add_argument("--prompts", type=pathlib.Path, default=PROMPTS, help="folder of calibration.txt, tuning.txt, heldout.txt")
    parser.add_argument("--densities", type=float, nargs="+", default=[0.45, 0.30])
    parser.add_argument("--tuning", default="16", help="tuning prompts")
    parser.add_argument("--heldout", default="32", help="held-out prompts")
    parser.add_argument("--seeds", default="1", help="noises a held-out prompt")
    parser.add_argument("--quick", action="store_true", help="four surfaces a scope instead of twenty")
    parser.add_argument("--only-tuning", action="store_true", help="stop when the knobs are chosen")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    keep_settings(args)
    grid = Grid(args, args.size, args.frames)
    tuning = Grid(args, args.tuning_size or args.size, args.tuning_frames or args.frames)
    start = time.time()
    pool = concurrent.futures.ThreadPoolExecutor(args.jobs)
    profiles = pool.map(lambda g: profile(args, g), [tuning] if args.only_tuning or tuning.folder == grid.folder else [tuning, grid])
    list(profiles)  # every density reads them
    results = list(pool.map(lambda density: choose(args, tuning, density), args.densities))
    chosen = {density: methods for density, (methods, _) in zip(args.densities, results)}
    scores = {density: found for density, (_, found) in zip(args.densities, results)}
    choice = {"chosen": {d: {m: name for m, (name, _) in methods.items()} for d, methods in chosen.items()}, "tuning_latent_l2": scores}
    (args.out / "tuning.json").write_text(json.dumps(choice, indent=2) + "\n")
    if args.only_tuning:
        return
    tables = [t for t in pool.map(lambda density: compare(args, grid, density, chosen[density]), args.densities) if t]
    if not tables:
        sys.exit("no method reaches any density on this grid")
    (args.out / "table.json").write_text(json.dumps({"tables": tables, **choice, "seconds": time.time() - start}, indent=2) + "\n")
    (args.out / "table.md").write_text(markdown(tables, args))
    print(markdown(tables, args))


if __name__ == "__main__":
    main()
