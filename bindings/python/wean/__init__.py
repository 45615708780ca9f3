"""wean: static block-sparse attention for video diffusion transformers.

    import wean

    wean.apply(pipe, "masks.wean")          # a diffusers WanPipeline now runs its self-attention through the masks
    frames = pipe("a red square", ...).frames
    wean.remove(pipe)

    masks = wean.load("masks.wean")         # facts and masks, without torch
    masks.info().global_density
    masks.to_block_mask(wean.Site(layer=3), phase=0)

`import wean` imports neither torch nor diffusers; `apply`, `remove` and `to_block_mask` do.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import (DenseFallbackWarning, DeviceError, DeviceMemoryError, FileError, GeometryMismatchError, GridMismatchError,
                     IntegrityError, InternalError, MalformedError, ModelMismatchError, PipelineError, UsageError, WeanError)
from .masks import MaskInfo, Masks, ModelInfo, PhaseInfo, Site, load

if TYPE_CHECKING:
    from .pipeline import apply, remove

__all__ = [
    "DenseFallbackWarning", "DeviceError", "DeviceMemoryError", "FileError", "GeometryMismatchError", "GridMismatchError",
    "IntegrityError", "InternalError", "MalformedError", "MaskInfo", "Masks", "ModelInfo", "ModelMismatchError", "PhaseInfo",
    "PipelineError", "Site", "UsageError", "WeanError", "apply", "load", "remove",
]


def __getattr__(name: str) -> Any:
    if name not in ("apply", "remove"):
        raise AttributeError(f"module 'wean' has no attribute '{name}'")
    from . import pipeline

    return getattr(pipeline, name)
