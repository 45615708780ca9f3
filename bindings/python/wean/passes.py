"""What the attention of a model pass has to know: the phase, from sigma, and the guidance branch."""
from __future__ import annotations

import contextlib
import warnings
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

import torch

from .errors import DenseFallbackWarning, GridMismatchError, UsageError
from .masks import BRANCHES, Masks
from .placement import check_whole

TIMESTEPS = 1000  #: training timesteps of Wan; a timestep is 1000 sigma


def sigma_of_timestep(timestep: int, sigmas: Sequence[float]) -> float:
    """Sigma of an integer timestep. Schedulers cut 1000 sigma down to an integer, so that timestep / 1000 may lie on the
    other side of a phase boundary; the scheduler's own sigma that was cut to it is taken, when there is one."""
    middle = (timestep + 0.5) / TIMESTEPS
    nearest = min(sigmas, key=lambda sigma: abs(sigma - middle), default=middle)
    return min(1.0, nearest if abs(nearest - middle) <= 0.5001 / TIMESTEPS else middle)


class Passes(torch.nn.Module):
    """Phase and branch of the pass that runs, as buffers of the transformer: they move with it, and a compiled graph or a
    captured CUDA graph reads new values without being made again.

    Inside `cache_context` (what diffusers wraps around every pass) both are written before the pass, from the sigma that
    diffusers gives there, the very number that wean-verify uses. A pass without it takes the phase of its timestep from a
    table, without waiting for the device, and counts as conditional.
    """

    phase: torch.Tensor  #: int64, scalar
    branch: torch.Tensor  #: int64, scalar
    phase_of_timestep: torch.Tensor  #: int64 [1001]
    hook: Any  #: of the transformer, to be removed
    home: Any  #: the transformer, a weak reference

    def __init__(self, masks: Masks, pipe: Any, patch: Sequence[int], dense_on_error: bool) -> None:
        super().__init__()
        self.masks, self.number = masks, masks.operator_number()
        self.grid, self.patch = masks.info().grid, tuple(patch)
        self.dense_on_error = dense_on_error
        self.dense_clip = False  #: the clip that runs has another grid and falls back
        self.dense = False  #: the pass that runs does
        self.by_timestep = True  #: the phase of the pass that runs comes from the table
        self.applied = False  #: between install and uninstall (installation.py)
        self._pipe = weakref.ref(pipe)
        self._tabled: Any = None
        for name, shape in (("phase", ()), ("branch", ()), ("phase_of_timestep", (TIMESTEPS + 1,))):
            self.register_buffer(name, torch.zeros(shape, dtype=torch.int64), persistent=False)
        self.refresh()

    @property
    def pipe(self) -> Any | None:
        """The pipeline that the masks were applied to; None when it is gone, which the transformer may outlive."""
        return self._pipe()

    def refresh(self) -> None:
        """Makes the table anew when the scheduler has other sigmas than before."""
        sigmas = getattr(getattr(self.pipe, "scheduler", None), "sigmas", None)
        if self._tabled is not None and self._tabled is sigmas:
            return
        values = [] if sigmas is None else [float(sigma) for sigma in sigmas]
        phases = [self.masks.phase_of_sigma(sigma_of_timestep(timestep, values)) for timestep in range(TIMESTEPS + 1)]
        self.phase_of_timestep.copy_(torch.tensor(phases))
        self._tabled = sigmas

    @contextlib.contextmanager
    def of_context(self, name: str, sigma: float | None) -> Iterator[None]:
        """The pass `name` ("cond" or "uncond") at `sigma`, None = by its timestep."""
        if name not in BRANCHES:
            raise UsageError(f"cache_context '{name}'; allowed are 'cond' and 'uncond', the guidance branches")
        self.branch.fill_(BRANCHES[name])
        if sigma is None:
            self.refresh()
        else:
            self.phase.fill_(self.masks.phase_of_sigma(min(max(float(sigma), 0.0), 1.0)))
        self.by_timestep, self.dense = sigma is None, self.dense_clip
        try:
            yield
        finally:
            self.branch.fill_(0)
            self.by_timestep, self.dense = True, False

    def fits(self, latents: torch.Tensor) -> bool:
        """Whether the masks are for the grid of latents [batch, channels, frames, height, width]."""
        return self.grid_of(latents) == self.grid

    def grid_of(self, latents: torch.Tensor) -> tuple[int, ...]:
        return tuple(size // part for size, part in zip(latents.shape[2:], self.patch))

    def before_clip(self, latents: torch.Tensor) -> None:
        """Before the passes of a clip: GridMismatchError, or a warning and dense passes when that was asked for, unless the
        masks are for its grid."""
        self.dense_clip = not self.fits(latents)
        if not self.dense_clip:
            return
        message = grid_message(self.masks, self.grid_of(latents))
        if not self.dense_on_error:
            raise GridMismatchError(message)
        warnings.warn(f"{message}; this clip runs dense", DenseFallbackWarning, stacklevel=2)

    def before_pass(self, latents: torch.Tensor) -> None:
        """GridMismatchError unless the masks are for these latents, or the clip is known to run dense."""
        fits = self.fits(latents)
        if not fits and not self.dense:
            raise GridMismatchError(grid_message(self.masks, self.grid_of(latents)))
        self.dense = not fits

    def before_forward(self, module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Forward pre-hook of the transformer: hidden_states [batch, channels, frames, height, width], timestep [batch].

        torch.compile traces it and takes only the tensors' part: the clip's grid was checked before, and the operator refuses
        another one. An offloaded transformer is still elsewhere when this runs.
        """
        if not torch.compiler.is_compiling():
            check_whole(module)
            self.before_pass(kwargs["hidden_states"] if "hidden_states" in kwargs else args[0])
            if self.by_timestep:
                self.refresh()
        if self.by_timestep:
            timestep = kwargs["timestep"] if "timestep" in kwargs else args[1]
            index = timestep.max().long().clamp(0, TIMESTEPS).reshape(1).to(self.phase_of_timestep.device)
            self.phase.copy_(self.phase_of_timestep.index_select(0, index).reshape(()))


def grid_message(masks: Masks, grid: tuple[int, ...]) -> str:
    """What is wrong, and the command that makes the file for `grid`."""
    info = masks.info()
    wanted, made = ("x".join(map(str, sizes)) for sizes in (grid, info.grid))
    return (f"{info.path}: made for a grid of {made} tokens (frames x height x width), the clip has {wanted}; make its file from the same plan: "
            f"wean-pack plan.h5 --profile profile.h5 -o masks-{wanted}.wean --grid {wanted} --block {info.block[0]}x{info.block[1]}")
