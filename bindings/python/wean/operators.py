"""torch.ops.wean: loads libwean_torch.so, refuses gradients, and lends the operators the mask files that Python opened."""
from __future__ import annotations

import functools
import threading
import weakref
from typing import Any

import torch

from ._library import FOLDER, Handle, check, library
from .errors import DeviceError, DeviceMemoryError, UsageError

_adopting = threading.Lock()
_loading = threading.Lock()
_registrations = torch.library.Library("wean", "IMPL")  #: what it registered lasts as long as it does


def operators() -> Any:
    """torch.ops.wean, its library loaded once."""
    with _loading:
        return _load()


@functools.cache
def _load() -> Any:
    library()  # first: libwean_torch.so then uses this very libwean, so that its handles may pass between the two
    torch.ops.load_library(FOLDER / "libwean_torch.so")
    _registrations.impl("block_sparse_attention", _refuse_gradients, "Autograd", with_keyset=True)
    return torch.ops.wean


def _refuse_gradients(keys: torch._C.DispatchKeySet, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *site: Any, **more: Any) -> Any:
    """Autograd's kernel of the operator. Without one torch runs it all the same, and warns in backward of gradients that
    are already lost. Registered here: LibTorch's stable interface has no way on from an autograd kernel to the real one.

    torch.compile traces through it, so a graph is refused while it is made; inference_mode never comes here.
    """
    if torch.is_grad_enabled() and (q.requires_grad or k.requires_grad or v.requires_grad):
        raise RuntimeError("wean::block_sparse_attention is for inference: it has no gradient; call it under torch.no_grad() or "
                           "torch.inference_mode(), or with q, k and v that require none")
    operator = torch.ops.wean.block_sparse_attention.default
    return operator.redispatch(keys & torch._C._after_autograd_keyset, q, k, v, *site, **more)


def supports(device: torch.device) -> bool:
    """Whether this build has a kernel for tensors on `device`."""
    return device.type == "cpu" or (device.type == "cuda" and operators().has_cuda())


def upload(handle: Handle, device: Any) -> None:
    """Copies the masks of an opened file to a CUDA device, where they stay while the file is open. Raises UsageError for
    what is no CUDA device and for blocks or head sizes that no kernel takes (before any GPU is asked), DeviceError,
    DeviceMemoryError."""
    index = _cuda_index(device)
    handle.device_bytes()
    if not torch.cuda.is_available():
        raise DeviceError(f"{device}: this torch finds no CUDA device")
    place = number_of(handle), torch.cuda.current_device() if index is None else index
    try:
        check(operators().upload_masks(*place))
    except DeviceMemoryError:
        torch.cuda.empty_cache()  # torch keeps what it freed for itself; libwean can have it only now
        check(operators().upload_masks(*place))


def _cuda_index(device: Any) -> int | None:
    try:
        found = torch.device(device)
    except (RuntimeError, TypeError):
        found = None
    if found is None or found.type != "cuda":
        raise UsageError(f"device {str(device)!r}; allowed are CUDA devices")
    return found.index


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
