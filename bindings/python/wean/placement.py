"""Where the passes of a pipeline run, and what moves the transformer there."""
from __future__ import annotations

from typing import Any

import torch

from .errors import PipelineError


def execution_device(pipe: Any, transformer: Any) -> torch.device:
    """The device of the passes. With enable_model_cpu_offload() the transformer waits on the CPU and is moved there as a
    whole, buffers and processors included, when it is called; only then the pipeline is asked, because it answers for its
    first component."""
    here = transformer.device
    return getattr(pipe, "_execution_device", here) if hasattr(transformer, "_hf_hook") else here


def check_whole(transformer: Any) -> None:
    """PipelineError when something moves the transformer piece by piece. Such hooks take the buffers of phase and branch
    for weights: they bring back the values of their own copy, other masks than those of the pass."""
    registry, hook = getattr(transformer, "_diffusers_hook", None), getattr(transformer, "_hf_hook", None)
    if registry is not None and registry.get_hook("group_offloading") is not None:
        _refuse("group offloading")
    if any(getattr(part, "offload", False) for part in getattr(hook, "hooks", (hook,))):
        _refuse("sequential CPU offload")


def _refuse(what: str) -> None:
    raise PipelineError(f"{what} moves the transformer in pieces, which masks cannot follow; allowed are pipe.enable_model_cpu_offload() and "
                        "pipe.to(device)")
