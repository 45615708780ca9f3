"""Mask families, drawn on the device: bool [heads, rows, cols], and the forms that kernels take. The families are those of
tests/kernels/attention_cases.cc at the sizes of real models."""
from __future__ import annotations

import dataclasses

import torch

FAMILIES = ("uniform", "random", "heads", "band", "radial", "single")


@dataclasses.dataclass(frozen=True)
class Shape:
    name: str
    heads: int
    grid: tuple[int, int, int]  #: tokens: frames, height, width
    head_dim: int = 128
    block: tuple[int, int] = (128, 128)

    @property
    def tokens(self) -> int:
        return self.grid[0] * self.grid[1] * self.grid[2]

    @property
    def blocks(self) -> tuple[int, int]:
        return -(-self.tokens // self.block[0]), -(-self.tokens // self.block[1])


def _keep_smallest(scores: torch.Tensor, count: int) -> torch.Tensor:
    """In every row the `count` smallest scores."""
    kept = torch.zeros(scores.shape, dtype=torch.bool, device=scores.device)
    return kept.scatter_(-1, scores.topk(count, -1, largest=False).indices, True)


def _distance(shape: Shape, radial: bool) -> torch.Tensor:
    """[rows, cols]: how far a pair is from the diagonal, in tokens; radial: within a frame, doubled with every doubling of the
    distance in frames."""
    rows, cols = shape.blocks
    query = (torch.arange(rows, device="cuda") + 0.5) * shape.block[0]
    key = (torch.arange(cols, device="cuda") + 0.5) * shape.block[1]
    if not radial:
        return (query[:, None] - key[None]).abs()
    frame = shape.grid[1] * shape.grid[2]
    frames = (query[:, None].div(frame, rounding_mode="floor") - key[None].div(frame, rounding_mode="floor")).abs()
    inside = (query[:, None] % frame - key[None] % frame).abs() + 0.5
    return inside * torch.exp2(frames.clamp(min=1).log2().ceil()) + 1e-3 * frames


def draw(shape: Shape, family: str, density: float, seed: int = 1) -> torch.Tensor:
    """bool [heads, rows, cols] on the device, about `density` of its pairs kept.

    uniform: the same count of random blocks in every row; random: every pair with the same probability; heads: as uniform, the
    heads' densities from 0.2 to 1.8 times the mean; band, radial: by distance; single: one block a row.
    """
    rows, cols = shape.blocks
    random = torch.Generator("cuda").manual_seed(seed)
    if density >= 1:
        return torch.ones((shape.heads, rows, cols), dtype=torch.bool, device="cuda")
    if family in ("band", "radial"):
        scores = _distance(shape, family == "radial")
        kept = scores <= scores.flatten().kthvalue(max(1, round(density * scores.numel()))).values
        return kept.expand(shape.heads, rows, cols).contiguous()
    kept = torch.empty((shape.heads, rows, cols), dtype=torch.bool, device="cuda")
    for head in range(shape.heads):
        scores = torch.rand((rows, cols), device="cuda", generator=random)
        factor = 0.2 + 1.6 * head / max(1, shape.heads - 1) if family == "heads" else 1.0
        count = 1 if family == "single" else min(cols, max(1, round(density * factor * cols)))
        kept[head] = scores < density if family == "random" else _keep_smallest(scores, count)
    return kept


def words(kept: torch.Tensor) -> torch.Tensor:
    """int32 [heads, rows, ceil(cols / 32)], bit v % 32 of word v / 32 = column v."""
    heads, rows, cols = kept.shape
    padded = torch.nn.functional.pad(kept, (0, -cols % 32)).view(heads, rows, -1, 32)
    out = torch.zeros(padded.shape[:-1], dtype=torch.int64, device=kept.device)
    for bit in range(32):
        out |= padded[..., bit].long() << bit
    return torch.where(out >= 2**31, out - 2**32, out).int().contiguous()


def lists(kept: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """int32 counts [1, heads, rows] and ascending key blocks [1, heads, rows, most]."""
    counts = kept.sum(-1, dtype=torch.int32)
    order = torch.argsort(~kept, dim=-1, stable=True)[..., :max(1, int(counts.max()))].int()
    return counts[None].contiguous(), order[None].contiguous()


def kept_pairs(shape: Shape, kept: torch.Tensor) -> int:
    """Kept (query, key) token pairs over all heads, ragged blocks with their real size."""
    rows = (shape.tokens - torch.arange(shape.blocks[0], device="cuda") * shape.block[0]).clamp(max=shape.block[0]).double()
    cols = (shape.tokens - torch.arange(shape.blocks[1], device="cuda") * shape.block[1]).clamp(max=shape.block[1]).double()
    return int(sum((rows @ head.double() @ cols).item() for head in kept))
