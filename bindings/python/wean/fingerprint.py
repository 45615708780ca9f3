"""Digests of a model, as models/fingerprints.md defines them: weights, quick, memory, config; of checkpoint files and of
modules in memory alike."""
from __future__ import annotations

import hashlib
import json
import pathlib
import struct
from collections.abc import Callable, Mapping
from typing import Any

import torch

from .errors import FileError, UsageError

BLOCK = 4096
INNER_BLOCKS = 8
FAMILY = "wan2.1-t2v"
DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}
# What fuse_qkv_projections() adds to a module: copies of weights that are there under their own names.
DERIVED = (".to_qkv.", ".to_kv.", ".to_added_kv.")

Tensors = Mapping[str, torch.Tensor]


def _sha(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def _u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def _text(string: str) -> bytes:
    data = string.encode()
    return _u64(len(data)) + data


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    """uint8 [bytes]: the tensor row-major, on its device, without a copy where it is contiguous."""
    return tensor.detach().contiguous().reshape(-1).view(torch.uint8)


def _host(data: torch.Tensor) -> Any:
    """A buffer of uint8 on the CPU."""
    return data.cpu().numpy()


def _sample_of(tensor: torch.Tensor, rounded: bool) -> torch.Tensor:
    """Sampled bytes of `tensor`, of its bfloat16 twin when `rounded`; only the sample is rounded and copied."""
    width = 2 if rounded else tensor.element_size()
    flat = tensor.detach().contiguous().reshape(-1)
    size = width * flat.numel()
    starts = [0] + [BLOCK * (i * (size // BLOCK) // (INNER_BLOCKS + 1)) for i in range(1, INNER_BLOCKS + 1)] + [size - BLOCK]
    if size <= (INNER_BLOCKS + 2) * BLOCK:
        picked = flat
    else:
        picked = torch.cat([flat[start // width:(start + BLOCK) // width] for start in starts])
    return _bytes(picked.to(torch.bfloat16) if rounded else picked)


def _leaf(kind: str, name: str, dtype: str, tensor: torch.Tensor, content: Any) -> bytes:
    sizes = b"".join(_u64(size) for size in tensor.shape)
    return _sha(_text(kind + "-leaf-1"), _text(name), _text(dtype), _u64(tensor.dim()), sizes, hashlib.sha256(content).digest())


def _tree(tensors: Tensors, kind: str, content: Callable[[torch.Tensor], torch.Tensor], dtype: str | None = None) -> str:
    level = []
    for name in sorted(tensors, key=str.encode):
        tensor = tensors[name]
        if tensor.dtype not in DTYPES:
            raise UsageError(f"tensor '{name}' is {tensor.dtype}; a digest exists for float types only, so a quantised model has none")
        level.append(_leaf(kind, name, dtype or DTYPES[tensor.dtype], tensor, _host(content(tensor))))
    while len(level) > 1:
        pairs = [_sha(_text("wean-node-1"), level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return _sha(_text(kind + "-root-1"), _u64(len(tensors)), level[0] if level else bytes(32)).hex()


def weights(tensors: Tensors) -> str:
    """Over every byte of every tensor."""
    return _tree(tensors, "wean-weights", _bytes)


def quick(tensors: Tensors) -> str:
    """Over at most 40 KiB of each tensor."""
    return _tree(tensors, "wean-quick", lambda tensor: _sample_of(tensor, rounded=False))


def memory(tensors: Tensors) -> str:
    """Over samples rounded to bfloat16: equal for a checkpoint and the same model loaded in another float type."""
    return _tree(tensors, "wean-memory", lambda tensor: _sample_of(tensor, rounded=True), dtype="BF16")


def config(settings: Mapping[str, Any]) -> str:
    """Of a WanTransformer3DModel's configuration."""
    names = ("num_attention_heads", "attention_head_dim", "num_layers", "in_channels", "out_channels", "text_dim", "freq_dim", "ffn_dim")
    numbers = [*settings["patch_size"], *(settings[name] for name in names), 512, int(settings["cross_attn_norm"])]
    return _sha(_text("wean-config-1"), _text(FAMILY), *map(_u64, numbers), struct.pack("<d", settings["eps"])).hex()


def of_module(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Tensors of a transformer in memory, by canonical name."""
    return {name: tensor for name, tensor in module.state_dict().items() if not any(part in f".{name}" for part in DERIVED)}


def of_folder(folder: pathlib.Path) -> dict[str, torch.Tensor]:
    """Tensors of a diffusers transformer folder, mapped and read as they are asked for. FileError when it holds none."""
    from safetensors import SafetensorError, safe_open

    found: dict[str, torch.Tensor] = {}
    try:
        for path in _shards(folder):
            with safe_open(path, framework="pt") as file:
                found.update((name, file.get_tensor(name)) for name in file.keys())
    except (OSError, ValueError, SafetensorError) as error:
        raise FileError(f"{folder}: cannot read the weights: {error}") from error
    return found


def _shards(folder: pathlib.Path) -> list[pathlib.Path]:
    single = folder / "diffusion_pytorch_model.safetensors"
    if single.is_file():
        return [single]
    index = json.loads((folder / "diffusion_pytorch_model.safetensors.index.json").read_text())
    return [folder / pathlib.PurePath(name).name for name in sorted(set(index["weight_map"].values()))]
