"""libwean.so through ctypes: the declarations of wean.h, and its errors as exceptions. Needs no torch."""
from __future__ import annotations

import ctypes
import functools
import pathlib
from ctypes import POINTER, c_char_p, c_double, c_int, c_int32, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any

from .errors import BY_STATUS, InternalError

FOLDER = pathlib.Path(__file__).resolve().parent
ABI_MAJOR = 1


class Facts(ctypes.Structure):
    """wean_masks_facts"""

    _fields_ = [
        *((name, c_uint32) for name in ("struct_size", "phases", "branches", "experts", "layers", "heads", "head_dim", "grid_frames",
                                        "grid_height", "grid_width", "q_block", "k_block", "reserved")),
        ("q_tokens", c_uint64), ("k_tokens", c_uint64), ("global_density", c_double),
        *((name, c_uint8 * 32) for name in ("model_weights", "model_config", "model_quick", "recipe")),
    ]


class OpenParams(ctypes.Structure):
    """wean_open_params"""

    _fields_ = [(name, c_uint32) for name in ("struct_size", "verify", "map", "reserved")]


class UploadParams(ctypes.Structure):
    """wean_upload_params"""

    _fields_ = [*((name, c_uint32) for name in ("struct_size", "first_phase", "phases")), ("device", c_int32)]


class SiteKey(ctypes.Structure):
    """wean_site"""

    _fields_ = [(name, c_uint32) for name in ("phase", "branch", "expert", "layer")]


_SIGNATURES = {
    "wean_abi_version": (c_uint32, []),
    "wean_version": (c_char_p, []),
    "wean_last_error": (c_char_p, []),
    "wean_open_params_init": (None, [POINTER(OpenParams)]),
    "wean_masks_open": (c_int, [c_char_p, POINTER(OpenParams), POINTER(c_void_p)]),
    "wean_masks_close": (None, [c_void_p]),
    "wean_masks_facts_init": (None, [POINTER(Facts)]),
    "wean_masks_facts_get": (c_int, [c_void_p, POINTER(Facts)]),
    "wean_masks_phase": (c_int, [c_void_p, c_uint32, POINTER(c_double), POINTER(c_double), POINTER(c_uint32), POINTER(c_double)]),
    "wean_masks_phase_of_sigma": (c_int, [c_void_p, c_double, POINTER(c_uint32)]),
    "wean_upload_params_init": (None, [POINTER(UploadParams)]),
    "wean_device_masks_bytes": (c_int, [c_void_p, POINTER(UploadParams), POINTER(c_uint64)]),
    "wean_masks_bits": (c_int, [c_void_p, POINTER(SiteKey), c_uint32, POINTER(POINTER(c_uint32)), POINTER(c_uint32), POINTER(c_uint32)]),
}


@functools.cache
def library() -> ctypes.CDLL:
    """libwean of this package, loaded once; raises InternalError when its interface is another one."""
    loaded = ctypes.CDLL(str(FOLDER / "libwean.so.0"))
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    found = loaded.wean_abi_version() >> 16
    if found != ABI_MAJOR:
        raise InternalError(f"{FOLDER / 'libwean.so.0'}: interface version {found}; this package is for {ABI_MAJOR}")
    return loaded


def check(status: int) -> None:
    """Raises the exception of a wean_status that is a failure, with libwean's text of this thread."""
    if status != 0:
        raise BY_STATUS.get(status, InternalError)(library().wean_last_error().decode(errors="replace"))


class Handle:
    """An opened mask file; closed when the last reference goes, so a call in another thread never loses it.

    `owner` is what closes it instead once the operators share it (operators.py).
    """

    def __init__(self, path: bytes, prove_on_first_use: bool, memory_map: bool) -> None:
        self.address = 0
        self.owner: Any = None
        params, opened = OpenParams(), c_void_p()
        library().wean_open_params_init(params)
        params.verify, params.map = prove_on_first_use, memory_map
        check(library().wean_masks_open(path, params, opened))
        self.address = opened.value or 0
        self.close = library().wean_masks_close  # kept: module globals may be gone when the interpreter ends

    def __del__(self) -> None:
        if self.address and self.owner is None:
            self.close(self.address)

    def facts(self) -> Facts:
        facts = Facts()
        library().wean_masks_facts_init(facts)
        check(library().wean_masks_facts_get(self.address, facts))
        return facts

    def phase(self, index: int) -> tuple[float, float, int, float]:
        """(sigma_high, sigma_low, steps, density)"""
        high, low, steps, density = c_double(), c_double(), c_uint32(), c_double()
        check(library().wean_masks_phase(self.address, index, high, low, steps, density))
        return high.value, low.value, steps.value, density.value

    def phase_of_sigma(self, sigma: float) -> int:
        phase = c_uint32()
        check(library().wean_masks_phase_of_sigma(self.address, sigma, phase))
        return phase.value

    def device_bytes(self) -> int:
        """GPU memory of the masks of all phases; raises UsageError when no GPU kernel takes them, DeviceError in a build
        without CUDA."""
        size = c_uint64()
        check(library().wean_device_masks_bytes(self.address, None, size))
        return size.value

    def words(self, site: SiteKey, head: int) -> tuple[bytes | None, int, int]:
        """(uint32 words [rows, words_per_row] as bytes, None for a dense head; rows; words_per_row)"""
        words, rows, width = POINTER(c_uint32)(), c_uint32(), c_uint32()
        check(library().wean_masks_bits(self.address, site, head, words, rows, width))
        size = 4 * rows.value * width.value
        return (ctypes.string_at(words, size) if words else None), rows.value, width.value
