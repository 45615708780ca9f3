"""Masks for torch's FlexAttention."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn.attention.flex_attention import BlockMask

from .masks import MaskInfo


def block_mask(kept: np.ndarray, counts: np.ndarray, indices: np.ndarray, info: MaskInfo, device: Any) -> BlockMask:
    """From Masks.bits [heads, rows, cols] and Masks.to_lists of the same site -> BlockMask [1, heads, rows, cols].

    Kept blocks are "full" blocks, which compiled FlexAttention computes without asking the mask function. Uncompiled it asks
    for every pair of tokens instead, so the function says the same.
    """
    pairs = torch.from_numpy(kept).to(device)
    q_block, k_block = info.block

    def mask_mod(_batch: torch.Tensor, head: torch.Tensor, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        return pairs[head, query // q_block, key // k_block]

    full, order = (torch.from_numpy(array).to(device)[None] for array in (counts, indices))
    return BlockMask.from_kv_blocks(torch.zeros_like(full), torch.zeros_like(order), full, order, BLOCK_SIZE=info.block,
                                    mask_mod=mask_mod, seq_lengths=(info.tokens, info.tokens))
