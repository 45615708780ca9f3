"""torch.ops.wean: loads libwean_torch.so, and lends it the mask files that Python opened."""
from __future__ import annotations

import functools
import threading
import weakref
from typing import Any

import torch

from ._library import FOLDER, Handle, check, library
from .errors import DeviceError

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


def upload(handle: Handle, device: torch.device) -> None:
    """Copies the masks of an opened file to a CUDA device, where they stay while the file is open. Raises UsageError for
    blocks or head sizes that no kernel takes (before any GPU is asked), DeviceError, DeviceMemoryError."""
    handle.device_bytes()
    if not torch.cuda.is_available():
        raise DeviceError(f"{device}: this torch finds no CUDA device")
    index = torch.cuda.current_device() if device.index is None else device.index
    check(operators().upload_masks(number_of(handle), index))


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
