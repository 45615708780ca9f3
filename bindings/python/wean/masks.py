"""Mask files: what is in them, and their masks in the forms that attention kernels take. Needs no torch until a form of
torch is asked for."""
from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ._library import Facts, Handle, SiteKey
from .arguments import path_bytes, real, whole
from .errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from torch.nn.attention.flex_attention import BlockMask

BRANCHES = {"cond": 0, "uncond": 1}


class Site(NamedTuple):
    """All heads of one layer in one guidance branch."""

    layer: int
    branch: int | str = 0  #: 0 or "cond", 1 or "uncond"
    expert: int = 0


@dataclasses.dataclass(frozen=True)
class PhaseInfo:
    """One interval of sigma, (sigma_low, sigma_high]; the last one also holds 0."""

    sigma_high: float
    sigma_low: float
    steps: int  #: steps of the plan's schedule in it
    density: float  #: kept work / dense work over its sites and branches


@dataclasses.dataclass(frozen=True)
class ModelInfo:
    """Digests of the model that the masks were made from, 64 hex digits each (models/fingerprints.md)."""

    weights: str
    config: str
    quick: str


@dataclasses.dataclass(frozen=True)
class MaskInfo:
    """Facts of a mask file."""

    path: str
    model: ModelInfo
    recipe: str  #: digest of the plan and of the pack options
    branches: int
    experts: int
    layers: int
    heads: int
    head_dim: int
    grid: tuple[int, int, int]  #: tokens: frames, height, width
    tokens: int
    block: tuple[int, int]  #: tokens in a query block and in a key block
    phases: tuple[PhaseInfo, ...]
    global_density: float  #: g on the schedule of the plan

    @property
    def block_grid(self) -> tuple[int, int]:
        """(rows, cols): query blocks and key blocks of a mask."""
        return -(-self.tokens // self.block[0]), -(-self.tokens // self.block[1])


def _info(path: str, handle: Handle, facts: Facts) -> MaskInfo:
    def digest(name: str) -> str:
        return bytes(getattr(facts, name)).hex()

    return MaskInfo(
        path, ModelInfo(digest("model_weights"), digest("model_config"), digest("model_quick")), digest("recipe"),
        facts.branches, facts.experts, facts.layers, facts.heads, facts.head_dim,
        (facts.grid_frames, facts.grid_height, facts.grid_width), facts.q_tokens, (facts.q_block, facts.k_block),
        tuple(PhaseInfo(*handle.phase(index)) for index in range(facts.phases)), facts.global_density)


class Masks:
    """An opened, proven mask file. Immutable: any number of threads may use it at once. Made by `wean.load`.

    `close()` (or leaving a `with` block) gives the memory back once the calls in flight are done; later calls raise
    UsageError.
    """

    def __init__(self, path: str | os.PathLike[str], *, prove_on_first_use: bool = False, memory_map: bool = False) -> None:
        self._handle: Handle | None = Handle(path_bytes(path), bool(prove_on_first_use), bool(memory_map))
        self._info = _info(os.fsdecode(path), self._handle, self._handle.facts())

    def _open(self) -> Handle:
        handle = self._handle
        if handle is None:
            raise UsageError(f"{self._info.path}: was closed; load it again")
        return handle

    def info(self) -> MaskInfo:
        """Facts of the file; also after close()."""
        return self._info

    def phase_of_sigma(self, sigma: float) -> int:
        """Index of the phase that holds `sigma`, a number in [0, 1]; UsageError otherwise."""
        return self._open().phase_of_sigma(real("sigma", sigma, "allowed are numbers from 0 to 1"))

    def bits(self, site: Site | int, phase: int) -> np.ndarray:
        """Kept block pairs of every head of `site` (an int is a layer, conditional branch): bool [heads, rows, cols]."""
        import numpy as np

        handle, key = self._open(), _site_key(site, phase)
        rows, cols = self._info.block_grid
        kept = np.ones((self._info.heads, rows, cols), dtype=bool)
        for head in range(self._info.heads):
            words, _, width = handle.words(key, head)
            if words is not None:
                packed = np.frombuffer(words, dtype=np.uint8).reshape(rows, 4 * width)
                kept[head] = np.unpackbits(packed, axis=1, count=cols, bitorder="little")
        return kept

    def to_lists(self, site: Site | int, phase: int) -> tuple[np.ndarray, np.ndarray]:
        """For kernels that take lists: (counts int32 [heads, rows], key blocks int32 [heads, rows, cols]). The first `count`
        entries of a row are the kept key blocks, ascending; the dropped ones follow."""
        return _lists(self.bits(site, phase))

    def to_block_mask(self, site: Site | int, phase: int, device: Any = "cpu") -> BlockMask:
        """The same for torch's FlexAttention: a BlockMask [1, heads, rows, cols] on `device`, every kept block full."""
        from .flex import block_mask

        kept = self.bits(site, phase)
        return block_mask(kept, *_lists(kept), self._info, device)

    def device_bytes(self) -> int:
        """Bytes of GPU memory that the masks of all phases take. UsageError when no GPU kernel takes such masks: they need
        blocks of 128x128 or 128x64 tokens and heads of 64 or 128."""
        return self._open().device_bytes()

    def upload(self, device: Any) -> None:
        """Copies the masks of all phases to a CUDA device, which else the first call there does. Before a CUDA graph is
        captured this is needed. Raises UsageError as device_bytes and for what is no CUDA device, DeviceError,
        DeviceMemoryError. Loads torch."""
        from .operators import upload

        upload(self._open(), device)

    def operator_number(self) -> int:
        """Number of this file for torch.ops.wean.block_sparse_attention; valid while this object is open. Loads torch."""
        from .operators import number_of

        return number_of(self._open())

    def close(self) -> None:
        """Forgets the file; harmless when it is closed already."""
        self._handle = None

    def __enter__(self) -> Masks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __copy__(self) -> Masks:
        return self  # immutable

    def __deepcopy__(self, _: object) -> Masks:
        return self

    def __reduce__(self) -> Any:
        raise TypeError(f"{self._info.path}: an opened mask file cannot be pickled; load it in the other process")

    def __repr__(self) -> str:
        info = self._info
        return f"<wean.Masks {info.path}: grid {'x'.join(map(str, info.grid))}, {len(info.phases)} phases, g {info.global_density:.3f}>"


def _lists(kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    return kept.sum(-1, dtype=np.int32), np.argsort(~kept, axis=-1, kind="stable").astype(np.int32)


def _site_key(site: Site | int, phase: int) -> SiteKey:
    if not isinstance(site, (tuple, list)):
        site = (whole("layer", site),)
    if not 1 <= len(site) <= 3:
        raise UsageError(f"site {site!r}; allowed are a layer and (layer, branch, expert), of which the last two may be left out")
    layer, branch, expert = Site(*site)
    if isinstance(branch, str):
        if branch not in BRANCHES:
            raise UsageError(f"branch '{branch}'; allowed are 'cond' and 'uncond'")
        branch = BRANCHES[branch]
    return SiteKey(whole("phase", phase), whole("branch", branch), whole("expert", expert), whole("layer", layer))


def load(path: str | os.PathLike[str], *, prove_on_first_use: bool = False, memory_map: bool = False) -> Masks:
    """Opens a mask file and proves it.

    By default every byte is proven and the file is read into private memory. `prove_on_first_use` proves header and tables
    now and each payload when it is first used; `memory_map` maps the file, which then must not change.

    Raises FileError, MalformedError or IntegrityError with the place and the rule that is broken, UsageError for what is no
    path.
    """
    return Masks(path, prove_on_first_use=prove_on_first_use, memory_map=memory_map)
