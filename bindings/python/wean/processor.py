"""Self-attention of diffusers' Wan models through a mask file."""
from __future__ import annotations

from typing import Any

import torch
from diffusers.models.transformers.transformer_wan import _get_qkv_projections

from .operators import operators
from .passes import Passes

_attention = operators().block_sparse_attention


def rotate(states: torch.Tensor, cosines: torch.Tensor, sines: torch.Tensor) -> torch.Tensor:
    """Rotary embedding of pairs of neighbours, as diffusers' WanAttnProcessor computes it; [batch, tokens, heads, dim]."""
    even, odd = states.unflatten(-1, (-1, 2)).unbind(-1)
    cosine, sine = cosines[..., 0::2], sines[..., 1::2]
    out = torch.empty_like(states)
    out[..., 0::2] = even * cosine - odd * sine
    out[..., 1::2] = even * sine + odd * cosine
    return out.type_as(states)


class BlockSparseProcessor(torch.nn.Module):
    """Attention processor of one self-attention layer. A pass that falls back runs `dense`, the processor it replaced.

    A module for its buffer's sake: the layer is a tensor that moves with the model, so that all blocks share one compiled
    graph (diffusers' compile_repeated_blocks).
    """

    _attention_backend = None
    _parallel_config = None
    layer: torch.Tensor  #: int64, scalar

    def __init__(self, dense: Any, passes: Passes, layer: int) -> None:
        super().__init__()
        self.dense, self.passes = dense, passes
        self.register_buffer("layer", torch.tensor(layer, device=passes.phase.device), persistent=False)

    def forward(self, attn: Any, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor | None = None,
                 attention_mask: torch.Tensor | None = None,
                 rotary_emb: tuple[torch.Tensor, torch.Tensor] | None = None) -> torch.Tensor:
        """hidden_states [batch, tokens, dim] -> the same shape."""
        if self.passes.dense:
            return self.dense(attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb)
        query, key, value = _get_qkv_projections(attn, hidden_states, hidden_states)
        query, key = attn.norm_q(query), attn.norm_k(key)
        query, key, value = (states.unflatten(2, (attn.heads, -1)) for states in (query, key, value))
        if rotary_emb is not None:
            query, key = rotate(query, *rotary_emb), rotate(key, *rotary_emb)
        out = _attention(query, key, value, self.passes.number, self.passes.phase, self.passes.branch, self.layer)
        return attn.to_out[1](attn.to_out[0](out.flatten(2, 3).type_as(query)))
