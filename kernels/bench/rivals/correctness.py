"""Outputs against the definition in float32 on sampled rows: both ends, the last block, rows between."""
from __future__ import annotations

import torch

from contenders import Case

LIMIT = 5e-3  #: relative L2


def sampled_rows(tokens: int) -> torch.Tensor:
    fixed = [0, 1, 127, 128, tokens // 2, tokens - 130, tokens - 129, tokens - 2, tokens - 1]
    random = torch.randint(0, tokens, (15,), generator=torch.Generator().manual_seed(3)).tolist()
    return torch.tensor(sorted({row for row in fixed + random if 0 <= row < tokens}), device="cuda")


def reference(case: Case, rows: torch.Tensor) -> torch.Tensor:
    """[rows, heads, dim], float32."""
    block_q, block_k = case.shape.block
    out = torch.empty((len(rows), case.shape.heads, case.shape.head_dim), device="cuda")
    for head in range(case.shape.heads):
        q, k, v = (x[0, :, head].float() for x in (case.q[:, rows], case.k, case.v))
        kept = case.kept[head, rows // block_q].repeat_interleave(block_k, 1)[:, :case.shape.tokens]
        scores = (q @ k.T).mul_(case.shape.head_dim ** -0.5).masked_fill_(~kept, float("-inf"))
        out[:, head] = torch.softmax(scores, -1).nan_to_num_(0) @ v
    return out


def error_of(case: Case, out: torch.Tensor, rows: torch.Tensor, expected: torch.Tensor) -> float | None:
    """Relative L2 distance; infinity when a value is not finite. Rows whose mask keeps the last, padded block are left out for
    kernels that were given padded tensors: None when no row is left."""
    actual = out[0, rows].float()
    if out.shape[1] != case.shape.tokens:
        whole = ~case.kept[:, rows // case.shape.block[0], -1].T
        actual, expected = actual[whole], expected[whole]
    if actual.numel() == 0:
        return None
    if not torch.isfinite(actual).all():
        return float("inf")
    return float((actual - expected).norm() / expected.norm())
