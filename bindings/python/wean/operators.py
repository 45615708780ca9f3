"""torch.ops.wean: loads libwean_torch.so, and lends it the mask files that Python opened."""
from __future__ import annotations

import functools
import threading
import weakref
from typing import Any

import torch

from ._library import FOLDER, Handle, library

_adopting = threading.Lock()


@functools.cache
def operators() -> Any:
    """torch.ops.wean, its library loaded once."""
    library()  # first: libwean_torch.so then uses this very libwean, so that its handles may pass between the two
    torch.ops.load_library(FOLDER / "libwean_torch.so")
    return torch.ops.wean


def supports(device: torch.device) -> bool:
    """Whether this build has a kernel for tensors on `device`."""
    return device.type == "cpu" or (device.type == "cuda" and operators().has_cuda())


class Number:
    """A file's number among the operators; given back when this object goes."""

    def __init__(self, number: int) -> None:
        self.value = number
        weakref.finalize(self, operators().release_masks, number)


def number_of(handle: Handle) -> int:
    """Number of an opened file. The first call makes the operators its owner: a call in flight keeps the file open,
    whatever Python does meanwhile."""
    with _adopting:
        if handle.owner is None:
            handle.owner = Number(operators().adopt_masks(handle.address))
        return int(handle.owner.value)
