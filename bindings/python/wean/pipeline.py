"""One line for diffusers: `wean.apply(pipe, "masks.wean")`."""
from __future__ import annotations

import contextlib
import os
import warnings
from typing import Any

import torch
from diffusers import WanTransformer3DModel

from .errors import DenseFallbackWarning, DeviceError, GeometryMismatchError, PipelineError, UsageError, WeanError
from .identity import check_geometry, check_model, transformer_folder
from .installation import install, installed, uninstall
from .masks import Masks, load
from .operators import supports
from .passes import Passes
from .placement import check_whole, execution_device

DTYPES = {"cpu": (torch.float32, torch.bfloat16), "cuda": (torch.bfloat16, torch.float16)}
CUDA_BLOCKS = ((128, 128), (128, 64))


def apply(pipe: Any, path: str | os.PathLike[str] | Masks, checkpoint: str | os.PathLike[str] | None = None,
          on_error: str = "raise", allow_model: str | None = None, check: str = "quick") -> Masks | None:
    """Runs the self-attention of a diffusers WanPipeline through a mask file, from its next call on.

    The phase follows sigma and the guidance branch follows the pass; cross-attention is untouched. Works under
    torch.compile, before or after. A file that was applied before is replaced, also one that was applied through another
    pipeline that shares the transformer: masks belong to the transformer, and clips of every pipeline go through them, but
    only the last one that they were applied to falls back to dense clips.

    Args:
        pipe: a WanPipeline, its transformer in float32 or bfloat16 on the CPU, in bfloat16 or float16 on a CUDA device, also
            with enable_model_cpu_offload(), which may come before or after.
        path: the mask file, or one that `wean.load` opened.
        checkpoint: diffusers folder that the pipe was loaded from; the pipe knows it if it was loaded by path or name.
        on_error: "raise" any problem, or go on "dense" with a DenseFallbackWarning, now, also where another file was applied
            before, and when a clip has another grid.
        allow_model: first 16 hex digits of the masks' weights digest, to accept them for another model.
        check: "quick" compares samples of every tensor, "full" reads every byte of the checkpoint.

    Returns the masks, or None when the pipe stays dense. Raises FileError, MalformedError, IntegrityError (the file),
    ModelMismatchError, GeometryMismatchError (made for another model), PipelineError, DeviceError, UsageError; the pipe is
    then as it was before. A clip of another grid raises GridMismatchError when the pipe is called, before
    its first pass.
    """
    if on_error not in ("raise", "dense"):
        raise UsageError(f"on_error '{on_error}'; allowed are 'raise' and 'dense'")
    try:
        masks = path if isinstance(path, Masks) else load(path)
        transformer = _transformer(pipe)
        device = _device(pipe, transformer)
        check_geometry(transformer, masks.info())
        _check_blocks(masks, device)
        check_model(transformer, masks.info(), transformer_folder(pipe, checkpoint), check, allow_model)
        if device.type == "cuda":
            masks.upload(device)
        passes = Passes(masks, pipe, transformer.config.patch_size, on_error == "dense").to(transformer.device)
    except WeanError as error:
        if on_error == "raise":
            raise
        with contextlib.suppress(PipelineError):  # what is no Wan pipeline has no file applied
            remove(pipe)
        warnings.warn(f"{error}; attention runs dense", DenseFallbackWarning, stacklevel=2)
        return None
    remove(pipe)
    install(pipe, transformer, passes)
    return masks


def remove(pipe: Any) -> None:
    """Makes the pipe what it was before `apply`; does nothing when no mask file is applied.

    Of pipelines that share a transformer any one will do, whichever the file was applied to. Processors and methods that
    were put in place of wean's since then stay.
    """
    for passes in installed(pipe, _transformer(pipe)):
        uninstall(passes)


def _transformer(pipe: Any) -> Any:
    """The one WanTransformer3DModel of `pipe`, seen through torch.compile; PipelineError says what else was found."""
    transformer = getattr(pipe, "transformer", None)
    transformer = getattr(transformer, "_orig_mod", transformer)
    if not isinstance(transformer, WanTransformer3DModel):
        raise PipelineError(f"{type(pipe).__name__} with a transformer {type(transformer).__name__}; needed is a pipeline with a "
                            "WanTransformer3DModel")
    if getattr(pipe, "transformer_2", None) is not None:
        raise PipelineError(f"{type(pipe).__name__} has two transformers; mask files for two experts are not supported")
    return transformer


def _device(pipe: Any, transformer: Any) -> torch.device:
    """Where the passes run; DeviceError, UsageError or PipelineError when device, type, offloading or sharding cannot run."""
    check_whole(transformer)
    device = execution_device(pipe, transformer)
    if not supports(device):
        raise DeviceError(f"the transformer runs on {device} and this build of wean has no kernels for it; it needs a build with them, "
                          "or pipe.to('cpu')")
    allowed = DTYPES[device.type]
    if transformer.dtype not in allowed:
        raise UsageError(f"the transformer is in {transformer.dtype}; allowed on {device.type} are "
                         + " and ".join(str(dtype).removeprefix("torch.") for dtype in allowed))
    if any(getattr(block.attn1.processor, "_parallel_config", None) is not None for block in transformer.blocks):
        raise PipelineError("context parallelism splits the tokens between devices; masks are for all tokens of a clip")
    return device


def _check_blocks(masks: Masks, device: torch.device) -> None:
    """GeometryMismatchError when the kernels of `device` do not take the file's blocks, with the command for a file that
    they take."""
    info = masks.info()
    if device.type == "cuda" and info.block not in CUDA_BLOCKS:
        grid = "x".join(map(str, info.grid))
        raise GeometryMismatchError(
            f"{info.path}: has blocks of {info.block[0]}x{info.block[1]} tokens, a GPU needs 128x128 or 128x64; make its file from the same plan: "
            f"wean-pack plan.h5 --profile profile.h5 -o masks-128.wean --grid {grid} --block 128x128")
