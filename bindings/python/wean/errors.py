"""Exceptions of wean, one for each thing that a caller can do about a failure. All derive from `WeanError`."""
from __future__ import annotations


class WeanError(Exception):
    """Any failure of wean; its text is one line that names file, field, value and what is allowed."""


class UsageError(WeanError, ValueError):
    """An argument is of a wrong type or out of its range."""


class MalformedError(WeanError):
    """The mask file breaks a rule of its format."""


class IntegrityError(WeanError):
    """The mask file does not match its own checksums: copy or make it again."""


class FileError(WeanError, OSError):
    """A file cannot be opened or read."""


class ModelMismatchError(WeanError):
    """The mask file was made from another model than the one that is loaded."""


class GridMismatchError(WeanError):
    """The clip has another token grid than the one that the mask file was packed for."""


class GeometryMismatchError(WeanError):
    """Layers, heads or head size of the model are not those of the mask file."""


class PipelineError(WeanError, TypeError):
    """The object is no diffusers pipeline that wean can serve."""


class DeviceError(WeanError):
    """The model is on a device that this build of wean has no kernel for."""


class DeviceMemoryError(WeanError):
    """The GPU has too little memory."""


class InternalError(WeanError, RuntimeError):
    """A bug in wean, or out of host memory; the text says which."""


class DenseFallbackWarning(UserWarning):
    """A mask file cannot be used and the caller asked for `on_error="dense"`: attention runs dense."""


# By wean_status of wean.h.
BY_STATUS: dict[int, type[WeanError]] = {
    2: UsageError, 3: MalformedError, 4: IntegrityError, 5: ModelMismatchError, 6: FileError, 9: DeviceError, 10: DeviceMemoryError,
}
