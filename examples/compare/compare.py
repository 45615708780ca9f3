#!/usr/bin/env python3
"""Compares mask methods at equal global density on one checkpoint, through wean's own tools.

    examples/compare/compare.py --model examples/tiny-wan/checkpoint --out out/compare --device cuda

Profiles the calibration prompts once; for every density makes one plan a candidate (method and knobs), chooses each
method's knobs on the tuning prompts, and measures the chosen ones on the held-out prompts, which are used once. Files
that exist are kept, so the command resumes. Writes OUT/table.json and OUT/table.md.
"""
import argparse
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
    surfaces = [(w, g) for w in (0.5, 2, 8) for g in (0.5, 1, 2)] if not quick else [(2, 1), (8, 1), (8, 2)]
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
    return ["--steps", args.steps, "--guidance", args.guidance, "--shift", args.shift, "--device", args.device, "--dtype", args.dtype]


def profile(args):
    path = args.out / "profile.h5"
    if not path.exists():
        run([args.bin / "wean-extract", args.model, "-o", path, "--prompts", PROMPTS / "calibration.txt", "--size", args.size,
             "--frames", args.frames, "--phases", args.phases, "--block", args.block, "--resume", *sampling(args)])
    return path


def masks(args, profile_path, density, name, calibrate_args):
    """Plan and mask file of one candidate; None when the method cannot reach the density (exit code 13)."""
    stem = args.out / f"{name}-{density}"
    plan, packed = stem.with_name(stem.name + ".plan.h5"), stem.with_name(stem.name + ".wean")
    if packed.exists():
        return packed
    code, _ = run([args.bin / "wean-calibrate", profile_path, "-o", plan, "--density", density, "--force", *calibrate_args], (0, 13))
    if code == 13:
        return None
    run([args.bin / "wean-pack", plan, "--profile", profile_path, "-o", packed, "--block", f"{args.block}x{args.block}"])
    return packed


def verify(args, files, prompts, folder, extra):
    """report.json of wean-verify over several mask files."""
    report = folder / "report.json"
    if not report.exists():
        run([args.bin / "wean-verify", args.model, *files, "--prompts", PROMPTS / prompts, "-o", folder, *sampling(args), *extra])
    return json.loads(report.read_text())


def choose(args, made, density):
    """The candidate of each method with the least latent error on the tuning prompts."""
    names = [(method, name) for method, group in made.items() for name in group]
    open_choices = {m: g for m, g in made.items() if len(g) > 1}
    if not open_choices:
        return {method: next(iter(group)) for method, group in made.items() if group}
    report = verify(args, [made[m][n] for m, n in names], "tuning.txt", args.out / f"tuning-{density}",
                    ["--latents-only", "--no-ceiling", "--no-recall", "--limit", args.tuning])
    scores = {name: row["latent_l2"]["mean"] for (_, name), row in zip(names, report["masks"])}
    return {method: min(group, key=scores.get) for method, group in made.items() if group}


def compare(args, profile_path, density):
    made = {}
    for method, group in candidates(density, args.quick).items():
        packed = {name: masks(args, profile_path, density, name, options) for name, options in group.items()}
        made[method] = {name: path for name, path in packed.items() if path is not None}
    chosen = choose(args, made, density)
    methods = list(chosen)
    report = verify(args, [made[m][chosen[m]] for m in methods], "heldout.txt", args.out / f"heldout-{density}",
                    ["--floors", "--limit", args.heldout, "--seeds", args.seeds])
    rows = [dict(method=m, chosen=chosen[m], **row) for m, row in zip(methods, report["masks"])]
    clips = report["clips"]
    yardsticks = {}
    for what in ("ceiling", "blurred", "held_still", "other_seed"):
        values = [c[what]["psnr"] for c in clips if what in c]
        yardsticks[what] = sum(values) / len(values) if values else None
    return {"density": density, "rows": rows, "psnr_of": yardsticks}


def markdown(tables, args):
    lines = [f"{args.size}, {args.frames} frames, {args.steps} steps, guidance {args.guidance}, {args.heldout} held-out prompts x {args.seeds} noises", ""]
    for table in tables:
        marks = ", ".join(f"{k} {v:.2f} dB" for k, v in table["psnr_of"].items() if v is not None)
        lines += [f"g = {table['density']} ({marks})", "",
                  "| method | chosen | g | PSNR dB | minus uniform | SSIM | flicker | latent L2 | recall | oracle | chance |",
                  "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
        for r in table["rows"]:
            mean = {k: r[k]["mean"] for k in ("global_density", "ssim", "flicker", "latent_l2", "recall", "oracle", "chance")}
            psnr, gain = r["psnr"], r.get("psnr_minus_first")
            difference = f"{gain['mean']:+.2f} ± {gain['standard_error']:.2f}" if gain else ""
            lines.append(f"| {r['method']} | {r['chosen']} | {mean['global_density']:.4f} | {psnr['mean']:.2f} ± {psnr['standard_error']:.2f} "
                         f"| {difference} | {mean['ssim']:.4f} | {mean['flicker']:.3f} | {mean['latent_l2']:.4f} "
                         f"| {mean['recall']:.4f} | {mean['oracle']:.4f} | {mean['chance']:.4f} |")
        lines.append("")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "examples" / "tiny-wan" / "checkpoint")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "out" / "compare")
    parser.add_argument("--bin", type=pathlib.Path, default=ROOT / "build" / "release" / "bin", help="folder of the tools")
    parser.add_argument("--size", default="304x272", help="pixels, WIDTHxHEIGHT")
    parser.add_argument("--frames", default="49", help="pixel frames")
    parser.add_argument("--steps", default="20")
    parser.add_argument("--guidance", default="4")
    parser.add_argument("--shift", default="0", help="0 = the checkpoint's")
    parser.add_argument("--phases", default="8")
    parser.add_argument("--block", default="64")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--densities", type=float, nargs="+", default=[0.45, 0.30])
    parser.add_argument("--tuning", default="16", help="tuning prompts")
    parser.add_argument("--heldout", default="32", help="held-out prompts")
    parser.add_argument("--seeds", default="1", help="noises a held-out prompt")
    parser.add_argument("--quick", action="store_true", help="three surfaces a scope instead of nine")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    start = time.time()
    profile_path = profile(args)
    tables = []
    for density in args.densities:
        tables.append(compare(args, profile_path, density))
        (args.out / "table.json").write_text(json.dumps({"tables": tables, "seconds": time.time() - start}, indent=2) + "\n")
        (args.out / "table.md").write_text(markdown(tables, args))
    print(markdown(tables, args))


if __name__ == "__main__":
    main()
