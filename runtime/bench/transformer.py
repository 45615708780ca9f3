"""Times one forward pass of the Wan2.1 transformer (random weights, batch 1): dense with the best dense kernel there is, and sparse through
wean's operator with random masks, eager and compiled, in turn in one process.

    cmake --build build/release --target wean_python
    PYTHONPATH=build/release/python python3 runtime/bench/transformer.py --out runtime/bench/transformer_h200.json

Dense is FA3 (package fa3-fwd) where it is installed, else cuDNN through torch. One mask file holds a phase for each density, all reached by
one compiled graph. `bound` is what leaving out the share 1 - g of dense attention's time could give at most: T / (T - (1 - g) A), with A
measured as the dense kernel alone, times layers.
"""
from __future__ import annotations

import argparse
import dataclasses
import importlib.metadata
import json
import pathlib
import statistics
import sys
import tempfile
import time

import torch

import mask_file
import wan

MODELS = {  # name: transformer, token grid
    "1.3b-480p": (wan.WAN_1_3B, (21, 30, 52)),
    "14b-480p": (wan.WAN_14B, (21, 30, 52)),
    "14b-720p": (wan.WAN_14B, (21, 45, 80)),
}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=lambda text: text.split(","), default=["14b-720p", "1.3b-480p", "14b-480p"], help=f"of {','.join(MODELS)}")
    parser.add_argument("--densities", type=lambda text: [float(x) for x in text.split(",")], default=[.45, .3, .2])
    parser.add_argument("--modes", type=lambda text: text.split(","), default=["compiled", "eager"], help="of compiled, eager")
    parser.add_argument("--layers", type=int, help="only the first N of the model's: quicker, nearly the same ratios")
    parser.add_argument("--rounds", type=int, default=3, help="passes of each kind that count; one more before them does not")
    parser.add_argument("--budget", type=float, default=170, help="seconds after which no further model or mode begins")
    parser.add_argument("--dense", choices=("auto", "fa3", "cudnn"), default="auto")
    parser.add_argument("--through", choices=("auto", "apply", "operator"), default="auto",
                        help="sparse through wean.apply on diffusers' model, or the operator in this folder's copy of it; auto: apply if diffusers is there")
    parser.add_argument("--out", type=pathlib.Path)
    return parser.parse_args()


def fa3() -> wan.Attend:
    from fa3_fwd_interface import flash_attn_func

    @torch.library.custom_op("wean_bench::fa3", mutates_args=())
    def operator(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        out = flash_attn_func(q, k, v)
        return out[0] if isinstance(out, tuple) else out

    @operator.register_fake
    def _(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        return torch.empty_like(q, memory_format=torch.contiguous_format)

    return lambda q, k, v, layer: operator(q, k, v)


def cudnn(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, _layer: torch.Tensor) -> torch.Tensor:
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.CUDNN_ATTENTION):
        return torch.nn.functional.scaled_dot_product_attention(*(x.transpose(1, 2) for x in (q, k, v))).transpose(1, 2)


def dense_kernel(choice: str) -> tuple[str, wan.Attend]:
    if choice == "cudnn":
        return "cudnn", cudnn
    try:
        return f"fa3-fwd {importlib.metadata.version('fa3-fwd')}", fa3()
    except Exception as error:  # missing, or built for another torch
        if choice == "fa3":
            raise
        print(f"FA3 not run: {type(error).__name__}: {error}", file=sys.stderr)
        return f"cudnn {torch.backends.cudnn.version()}", cudnn


def forward_of(model: torch.nn.Module, grid: tuple[int, ...], config: wan.Config):
    """A pass without arguments, but for the timestep."""
    random = torch.Generator("cuda").manual_seed(2)
    latents = torch.randn(1, config.channels, *(size * part for size, part in zip(grid, wan.PATCH)), device="cuda", dtype=torch.bfloat16, generator=random)
    text = torch.randn(1, 512, config.text_dim, device="cuda", dtype=torch.bfloat16, generator=random)

    def forward(timestep: torch.Tensor) -> torch.Tensor:
        out = model(latents, timestep, text)
        return out if isinstance(out, torch.Tensor) else out[0]
    return forward


def milliseconds(run, *arguments: object) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    begin.record()
    run(*arguments)
    end.record()
    end.synchronize()
    return begin.elapsed_time(end)


def attention_ms(attend: wan.Attend, config: wan.Config, tokens: int, rounds: int) -> float:
    """The dense kernel alone, all layers."""
    q, k, v = (torch.randn(1, tokens, config.heads, config.head_dim, device="cuda", dtype=torch.bfloat16) for _ in range(3))
    layer = torch.tensor(0, device="cuda")
    attend(q, k, v, layer)
    return config.layers * statistics.median(milliseconds(attend, q, k, v, layer) for _ in range(rounds))


def measure(kinds: dict, rounds: int) -> dict[str, list[float]]:
    """{name: milliseconds of every round} of passes in turn."""
    for run in kinds.values():
        milliseconds(run)
    samples = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, run in kinds.items():
            samples[name].append(milliseconds(run))
    return samples


def rows_of(name: str, mode: str, samples: dict[str, list[float]], attention: float, extra: dict) -> list[dict]:
    dense = statistics.median(samples["dense"])
    rows = []
    for kind, values in samples.items():
        density = 1.0 if kind == "dense" else float(kind)
        median = statistics.median(values)
        rows.append({"model": name, "mode": mode, "kind": "dense" if kind == "dense" else "wean", "density": density, "ms": median,
                     "spread": (max(values) - min(values)) / median, "samples_ms": values, "speedup": dense / median,
                     "bound": dense / (dense - (1 - density) * attention), "dense_attention_ms": attention, **extra})
        row = rows[-1]
        print(f"{name:10} {mode:8} {row['kind']:5} g={density:.2f} {median:9.1f} ms  x{row['speedup']:.3f} (bound {row['bound']:.3f})  "
              f"spread {100 * row['spread']:.1f} %", flush=True)
    return rows


def run_model(name: str, modes: list[str], args: argparse.Namespace, dense_name: str, dense: wan.Attend, out_of_time) -> list[dict]:
    from models import Applied, Plain  # after torch: imports wean

    config, grid = MODELS[name]
    config = dataclasses.replace(config, layers=min(config.layers, args.layers or config.layers))
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "masks.wean"
        draws = [mask_file.uniform(density) for density in (1.1, *args.densities)]
        file = mask_file.MaskFile(grid, config.layers, config.heads, config.head_dim, (128, 128), [(1 - (i + 1) / len(draws), 1) for i in range(len(draws))],
                                  lambda phase, layer, head: draws[phase](mask_file.random_of(phase, layer, head), file.rows, file.cols), distinct_layers=4)
        file.write(path)
        model = (Applied if args.through == "apply" else Plain)(config, path, dense)
    forward = forward_of(model.module, grid, config)
    rows, attention = [], attention_ms(dense, config, file.tokens, args.rounds)
    for mode in modes:
        if out_of_time():
            print(f"{name} {mode}: not run, time budget")
            continue
        if mode == "compiled":
            model.compile()
        difference = model.difference(forward)
        if not difference < 5e-2:
            raise SystemExit(f"{name} {mode}: all blocks kept differs from dense by {difference:.2e}")
        kinds = {"dense": lambda: model.dense(forward)}
        kinds |= {str(density): lambda phase=i + 1: model.sparse(forward, phase) for i, density in enumerate(args.densities)}
        extra = {"layers": config.layers, "dense_kernel": dense_name, "through": args.through, "all_blocks_difference": difference,
                 "mask_bytes": model.masks.device_bytes()}
        rows += rows_of(name, mode, measure(kinds, args.rounds), attention, extra)
    return rows


def main() -> None:
    args, begin, rows = options(), time.monotonic(), []
    if not torch.cuda.is_available():
        sys.exit("transformer.py: no CUDA device")
    torch.set_grad_enabled(False)
    if args.through == "auto":
        import importlib.util
        args.through = "apply" if importlib.util.find_spec("diffusers") else "operator"
    dense_name, dense = dense_kernel(args.dense)
    properties = torch.cuda.get_device_properties(0)
    result = {"device": properties.name, "torch": torch.__version__, "cuda": torch.version.cuda, "dense_kernel": dense_name, "rows": rows}
    # Compiled first, for every model: what a short budget leaves out stands last.
    for mode in [[mode] for mode in args.modes]:
        for name in args.models:
            if time.monotonic() - begin > args.budget:
                print(f"{name} {mode[0]}: not run, time budget")
                continue
            rows += run_model(name, mode, args, dense_name, dense, lambda: time.monotonic() - begin > args.budget)
            torch.compiler.reset()
            torch.cuda.empty_cache()
            if args.out:
                args.out.write_text(json.dumps(result, indent=1) + "\n")
    print(f"{time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
