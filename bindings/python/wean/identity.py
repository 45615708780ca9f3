"""Is this the model that the masks were made from?"""
from __future__ import annotations

import os
import pathlib
from typing import Any

from . import fingerprint
from .arguments import path_bytes
from .errors import FileError, GeometryMismatchError, ModelMismatchError, UsageError
from .masks import MaskInfo

CHECKS = ("quick", "full")
NEW_MASKS = "make masks for this model: wean-extract MODEL -o profile.h5 --prompts prompts.txt, then wean-calibrate and wean-pack"


def transformer_folder(pipe: Any, checkpoint: Any) -> pathlib.Path | None:
    """Folder of the transformer's files: of `checkpoint` (FileError when there is none), else of where `pipe` was loaded
    from, if that is a folder or lies in the hub's cache."""
    if checkpoint is not None:
        found = _inside(pathlib.Path(os.fsdecode(path_bytes(checkpoint))))
        if found is None:
            raise FileError(f"{checkpoint}: holds no transformer/config.json; a diffusers folder is needed")
        return found
    name = getattr(pipe.config, "_name_or_path", None)
    return None if not name else _inside(pathlib.Path(name)) or _cached(str(name))


def _inside(folder: pathlib.Path) -> pathlib.Path | None:
    return next((f for f in (folder / "transformer", folder) if (f / "config.json").is_file()), None)


def _cached(name: str) -> pathlib.Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "transformer/config.json")
    except HFValidationError:
        return None
    return pathlib.Path(found).parent if isinstance(found, str) else None


def check_geometry(transformer: Any, info: MaskInfo) -> None:
    """GeometryMismatchError unless layers, heads and head size are those of the masks."""
    config = transformer.config
    found = (1, config.num_layers, config.num_attention_heads, config.attention_head_dim)
    wanted = (info.experts, info.layers, info.heads, info.head_dim)
    if found != wanted:
        names = "{} expert, {} layers, {} heads of {}".format
        raise GeometryMismatchError(f"{info.path}: made for {names(*wanted)}, the model has {names(*found)}; {NEW_MASKS}")


def check_model(transformer: Any, info: MaskInfo, folder: pathlib.Path | None, check: str, allow_model: str | None) -> None:
    """Proves that `transformer` is the model of the masks, or raises ModelMismatchError with both digests.

    With the checkpoint's `folder`: its files have the quick digest of the masks (check "quick") or their weights digest
    ("full", reads every byte), and the transformer in memory has the memory digest of the files, whatever float type it was
    cast to. Without: the transformer itself must have the quick digest, so it must be in the type of its files.
    """
    if check not in CHECKS:
        raise UsageError(f"check '{check}'; allowed are {' and '.join(CHECKS)}")
    if allow_model is not None and allow_model == info.model.weights[:16]:
        return
    _compare(info, "configuration", info.model.config, "the model", fingerprint.config(transformer.config))
    in_memory = fingerprint.of_module(transformer)
    if folder is None:
        if check == "full":
            raise UsageError("check 'full' reads the checkpoint's files; where they are is not known, give checkpoint=")
        _compare(info, "quick", info.model.quick, "the model in memory, compared without its checkpoint (checkpoint= allows another type),",
                 fingerprint.quick(in_memory))
        return
    files = fingerprint.of_folder(folder)
    if check == "full":
        _compare(info, "weights", info.model.weights, str(folder), fingerprint.weights(files))
    else:
        _compare(info, "quick", info.model.quick, str(folder), fingerprint.quick(files))
    _compare(info, "memory", fingerprint.memory(files), f"the model in memory, loaded from {folder} and changed since,",
             fingerprint.memory(in_memory))


def _compare(info: MaskInfo, kind: str, wanted: str, what: str, found: str) -> None:
    if wanted != found:
        raise ModelMismatchError(
            f"{info.path}: made from another model: {kind} digest {wanted[:16]}, {what} has {found[:16]}; {NEW_MASKS}, or accept "
            f"these all the same with allow_model='{info.model.weights[:16]}'")
