"""What callers hand over, as libwean takes it: a UsageError names the value and what is allowed. Needs no torch."""
from __future__ import annotations

import operator
import os
from typing import Any

from .errors import UsageError


def path_bytes(path: Any) -> bytes:
    """A path as the system's bytes. One with a NUL byte is refused: C would open the file that is named before it."""
    try:
        encoded = os.fsencode(path)
    except TypeError:
        raise UsageError(f"path {path!r}; allowed are str, bytes and os.PathLike") from None
    except UnicodeEncodeError as error:
        raise UsageError(f"path {path!r}: cannot be a file name here: {error}") from None
    if b"\0" in encoded:
        raise UsageError(f"path {path!r}: has a NUL byte, which no file name can hold")
    return encoded


def whole(name: str, value: Any) -> int:
    """An index: any integer (numpy's and a tensor's too) but no bool, which is a mistake more often than a 0 or 1."""
    try:
        number = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = -1
    if not 0 <= number < 2**32:
        raise UsageError(f"{name} {value!r}; allowed are integers from 0")
    return number


def real(name: str, value: Any, allowed: str) -> float:
    """A number of any kind, a tensor of one element included, but no bool and no text; `allowed` is what the error says."""
    try:
        if isinstance(value, bool) or not hasattr(value, "__float__"):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # RuntimeError: torch, for several elements
        raise UsageError(f"{name} {value!r}; {allowed}") from None
