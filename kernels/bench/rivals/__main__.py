"""Times wean's CUDA attention beside the public kernels: same tensors, same masks, in turn, correctness first.

    cmake --build build/release --target wean_bench
    python3 kernels/bench/rivals --out kernels/docs/block_sparse_attention_h200.json

Rivals are optional and come from PyPI: fa3-fwd; flash-attn-4 with quack-kernels, apache-tvm-ffi, torch-c-dlpack-ext and
nvidia-cutlass-dsl; nvidia-cudnn-frontend. One that is missing is a row "not run". Kept TFLOP/s = 4 x head_dim x kept token pairs /
time. Medians of interleaved samples, each after a lead-in of the same kernel; spread = (slowest - fastest) / median; clock and power
from nvidia-smi during the samples.
"""
from __future__ import annotations

import argparse
import json
import pathlib
import subprocess
import sys
import time

import torch

import contenders as rivals
from correctness import LIMIT, error_of, reference, sampled_rows
from masks import FAMILIES, Shape, draw, kept_pairs
from measure import Monitor, device_id, measure

SHAPES = {
    "480p": Shape("480p", 12, (21, 30, 52)),   # Wan2.1 1.3B, 832x480, 81 frames
    "720p": Shape("720p", 40, (21, 45, 80)),   # Wan2.1 14B, 1280x720, 81 frames
    "cross": Shape("cross", 40, (21, 30, 52)),  # Wan2.1 14B, 832x480, 81 frames
}
# The headline cells first: what a short time budget leaves out stands last.
DEFAULT_CELLS = [(shape, "uniform", density) for density in (1, .5, .3, .2, .1, .05) for shape in ("720p", "480p")] + \
    [("720p", family, density) for family in ("heads", "radial") for density in (.3, .1)] + [("cross", "uniform", density) for density in (1, .2)]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="python3 kernels/bench/rivals")

    def names(text: str) -> list[str]:
        return text.split(",")

    parser.add_argument("--shapes", type=names, help=f"of {','.join(SHAPES)}, or HEADSxTOKENS; default: the headline cells")
    parser.add_argument("--masks", type=names, default=["uniform"], help=f"of {','.join(FAMILIES)} (with --shapes)")
    parser.add_argument("--densities", type=lambda text: [float(x) for x in text.split(",")], default=[1, .5, .3, .2, .1, .05], help="with --shapes")
    parser.add_argument("--kernels", type=names, help="default: all but wean-sm80")
    parser.add_argument("--head-dim", type=int, choices=(64, 128), default=128)
    parser.add_argument("--block", choices=("128x128", "128x64"), default="128x128")
    parser.add_argument("--dtype", choices=("bfloat16", "float16"), default="bfloat16")
    parser.add_argument("--layout", choices=("BSHD", "BHSD"), default="BSHD", help="order in memory; all kernels see [batch, tokens, heads, dim]")
    parser.add_argument("--rounds", type=int, default=5, help="samples of each kernel")
    parser.add_argument("--sample-ms", type=float, default=200, help="least time of one sample, and of the lead-in before it")
    parser.add_argument("--budget", type=float, default=400, help="seconds after which no further cell begins")
    parser.add_argument("--library", default="build/release/lib/libwean_bench.so")
    parser.add_argument("--out", type=pathlib.Path, help="JSON; written after every cell")
    return parser.parse_args()


def cells_of(args: argparse.Namespace) -> list[tuple[Shape, str, float]]:
    def shape(name: str) -> Shape:
        if name in SHAPES:
            base = SHAPES[name]
        else:
            heads, tokens = map(int, name.split("x"))
            base = Shape(name, heads, (1, 1, tokens))
        return Shape(base.name, base.heads, base.grid, args.head_dim, tuple(map(int, args.block.split("x"))))

    if args.shapes is None:
        return [(shape(name), family, density) for name, family, density in DEFAULT_CELLS]
    return [(shape(name), family, density) for name in args.shapes for family in args.masks for density in args.densities]


def tensors(shape: Shape, args: argparse.Namespace) -> list[torch.Tensor]:
    random = torch.Generator("cuda").manual_seed(1)
    sizes = (1, shape.tokens, shape.heads, shape.head_dim) if args.layout == "BSHD" else (1, shape.heads, shape.tokens, shape.head_dim)
    made = [torch.randn(sizes, device="cuda", dtype=getattr(torch, args.dtype), generator=random) for _ in range(3)]
    return made if args.layout == "BSHD" else [x.transpose(1, 2) for x in made]


def prepared(case: rivals.Case, chosen: dict, notes: dict[str, str], errors: dict[str, float | None]) -> dict:
    """The kernels that run this case and are right; why the others do not goes to `notes`."""
    rows = sampled_rows(case.shape.tokens)
    expected = reference(case, rows)
    runs = {}
    for name, make in chosen.items():
        try:
            run = make(case)
            if name.startswith("wean"):
                run.out.fill_(float("nan"))
            out = run()
            torch.cuda.synchronize()
            errors[name] = error_of(case, out, rows, expected)
            equal = not name.startswith("wean") or torch.equal(out.clone(), run())
        except rivals.NotRun as reason:
            notes[name] = f"not run: {reason}"
            continue
        except Exception as error:  # a rival may fail in any way of its own; the others go on
            notes[name] = f"not run: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
            continue
        if errors[name] is not None and errors[name] > LIMIT:
            notes[name] = f"wrong: relative L2 {errors[name]:.2e}"
        elif not equal:
            notes[name] = "wrong: two runs differ"
        else:
            runs[name] = run
    return runs


def run_cell(cell: tuple[Shape, str, float], args: argparse.Namespace, chosen: dict, monitor: Monitor, warm_ms: float) -> list[dict]:
    shape, family, density = cell
    kept = draw(shape, family, density)
    case = rivals.Case(shape, kept, *tensors(shape, args))
    notes, errors = {}, {}
    runs = prepared(case, chosen, notes, errors)
    pairs = kept_pairs(shape, kept)
    timings = measure(runs, args.rounds, args.sample_ms, warm_ms)
    rows = []
    for name in chosen:
        row = {"shape": shape.name, "heads": shape.heads, "tokens": shape.tokens, "head_dim": shape.head_dim, "block": list(shape.block),
               "mask": family, "density": round(pairs / (shape.heads * shape.tokens**2), 5), "asked_density": density, "kernel": name}
        if name in timings:
            timing = timings[name]
            clock, power = monitor.between(timing.windows)
            row |= {"ms": timing.median, "kept_tflops": 4e-9 * shape.head_dim * pairs / timing.median, "spread": timing.spread,
                    "samples_ms": timing.samples, "calls": timing.calls, "sm_clock_mhz": clock, "power_w": power, "rel_l2": errors[name],
                    "note": ""}
        else:
            row |= {"ms": None, "kept_tflops": None, "rel_l2": errors.get(name), "note": notes[name]}
        rows.append(row)
    return rows


def device_facts() -> dict:
    properties = torch.cuda.get_device_properties(0)
    facts = {"device": properties.name, "sms": properties.multi_processor_count, "memory_gb": round(properties.total_memory / 1e9, 1)}
    try:
        query = subprocess.run(["nvidia-smi", f"--id={device_id()}", "--query-gpu=driver_version,power.limit,clocks.max.sm", "--format=csv,noheader"],
                               capture_output=True, text=True, check=True)
        facts |= dict(zip(("driver", "power_limit", "max_sm_clock"), map(str.strip, query.stdout.split(","))))
    except (OSError, subprocess.CalledProcessError):
        pass
    return facts


def print_rows(rows: list[dict]) -> None:
    for row in rows:
        head = f"{row['shape']:6} {row['heads']:2}x{row['tokens']:<6} {row['mask']:8} {row['density']:.3f} {row['kernel']:10}"
        if row["ms"] is None:
            print(f"{head} {row['note']}")
        else:
            error = "not compared" if row["rel_l2"] is None else f"{row['rel_l2']:.1e}"
            clock = "" if row["sm_clock_mhz"] is None else f" {row['sm_clock_mhz']:5.0f} MHz {row['power_w']:4.0f} W"
            print(f"{head} {row['ms']:9.3f} ms {row['kept_tflops']:6.1f} kept TFLOP/s  spread {100 * row['spread']:4.1f} %{clock}  error {error}")
    sys.stdout.flush()


def table(rows: list[dict]) -> str:
    """Kept TFLOP/s: a line for each kernel of a shape and mask family, a column for each density."""
    lines = []
    for shape, mask in dict.fromkeys((row["shape"], row["mask"]) for row in rows):
        part = [row for row in rows if (row["shape"], row["mask"]) == (shape, mask)]
        columns = list(dict.fromkeys(row["asked_density"] for row in part))
        lines += [f"\n| {shape}, {mask}, kept TFLOP/s | " + " | ".join(f"d={d:g}" for d in columns) + " |", "| --- " * (len(columns) + 1) + "|"]
        for kernel in dict.fromkeys(row["kernel"] for row in part):
            values = {row["asked_density"]: row["kept_tflops"] for row in part if row["kernel"] == kernel}
            lines.append(f"| {kernel} | " + " | ".join("-" if values.get(d) is None else f"{values[d]:.0f}" for d in columns) + " |")
    return "\n".join(lines)


def main() -> None:
    args = options()
    if not torch.cuda.is_available():
        sys.exit("rivals: no CUDA device")
    torch.set_grad_enabled(False)
    known = rivals.contenders(args.library)
    unknown = set(args.kernels or ()) - set(known)
    if unknown:
        sys.exit(f"rivals: kernel {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    chosen = {name: known[name] for name in args.kernels or [name for name in known if name != "wean-sm80"]}
    begin, monitor, rows, left = time.monotonic(), Monitor(), [], []
    asked = {name: str(value) for name, value in vars(args).items() if name not in ("out", "library")}
    result = {"versions": rivals.versions(), **device_facts(), "options": asked, "rows": rows, "left_out": left}
    for number, cell in enumerate(cells_of(args)):
        if time.monotonic() - begin > args.budget:
            left.append({"shape": cell[0].name, "mask": cell[1], "density": cell[2], "note": "not run: time budget"})
            continue
        fresh = run_cell(cell, args, chosen, monitor, 1000 if number == 0 else 200)
        print_rows(fresh)
        rows += fresh
        torch.cuda.empty_cache()
        if args.out:
            args.out.write_text(json.dumps(result, indent=1) + "\n")
    monitor.close()
    print(table(rows))
    for cell in left:
        print(f"{cell['shape']} {cell['mask']} {cell['density']}: {cell['note']}")
    print(f"{time.monotonic() - begin:.0f} s")
    if args.out:
        args.out.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
