"""The model that transformer.py times, dense or through wean, in two forms: diffusers' with wean.apply, and wan.py with the operator."""
from __future__ import annotations

import pathlib
import types
from collections.abc import Callable

import torch

import wan
import wean
from wean.operators import operators

Forward = Callable[[torch.Tensor], torch.Tensor]  # timestep [1] -> output


class Model:
    """`module` with a dense and a sparse way to attend; masks keep everything in phase 0."""

    module: torch.nn.Module
    masks: wean.Masks

    def use_dense(self) -> None:
        raise NotImplementedError

    def use_sparse(self) -> None:
        raise NotImplementedError

    def set_phase(self, phase: int) -> torch.Tensor:
        """Makes the next pass one of `phase`; its timestep."""
        raise NotImplementedError

    def dense(self, forward: Forward) -> torch.Tensor:
        self.use_dense()
        return forward(torch.tensor([500.0], device="cuda"))

    def sparse(self, forward: Forward, phase: int) -> torch.Tensor:
        self.use_sparse()
        return forward(self.set_phase(phase))

    def difference(self, forward: Forward) -> float:
        """Relative L2 distance of the pass that keeps all blocks from the dense one, on two layers; NaN when one is not finite."""
        blocks = self.module.blocks
        self.module.blocks = blocks[:2]
        self.use_sparse()
        timestep = self.set_phase(0)
        sparse = forward(timestep).float()
        self.use_dense()
        dense = forward(timestep).float()
        self.module.blocks = blocks
        return float((sparse - dense).norm() / dense.norm())

    def compile(self) -> None:
        for block in self.module.blocks:
            block.compile(fullgraph=True, dynamic=False)


class Plain(Model):
    def __init__(self, config: wan.Config, masks: pathlib.Path, dense: wan.Attend) -> None:
        self.masks = wean.load(masks)
        self.masks.upload("cuda")
        self.module, self._dense = wan.random_model(config), dense
        phase, branch, number = torch.tensor(0, device="cuda"), torch.tensor(0, device="cuda"), self.masks.operator_number()
        attention = operators().block_sparse_attention
        self._sparse = lambda q, k, v, layer: attention(q, k, v, number, phase, branch, layer)
        self.phase = phase

    def use_dense(self) -> None:
        for block in self.module.blocks:
            block.attend = self._dense

    def use_sparse(self) -> None:
        for block in self.module.blocks:
            block.attend = self._sparse

    def set_phase(self, phase: int) -> torch.Tensor:
        self.phase.fill_(phase)
        return torch.tensor([500.0], device="cuda")


class DenseProcessor(torch.nn.Module):
    """Self-attention of diffusers' Wan with a given dense kernel, else computed as wean's processor does."""

    _attention_backend = None
    _parallel_config = None

    def __init__(self, attend: wan.Attend) -> None:
        super().__init__()
        self.attend = attend

    def forward(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, rotary_emb=None):
        from wean.processor import _get_qkv_projections, rotate

        query, key, value = _get_qkv_projections(attn, hidden_states, hidden_states)
        query, key = attn.norm_q(query), attn.norm_k(key)
        query, key, value = (states.unflatten(2, (attn.heads, -1)) for states in (query, key, value))
        out = self.attend(rotate(query, *rotary_emb), rotate(key, *rotary_emb), value, None)
        return attn.to_out[1](attn.to_out[0](out.flatten(2, 3).type_as(query)))


class Pipe:
    """What wean.apply needs of a WanPipeline."""

    config = types.SimpleNamespace(_name_or_path=None)

    def __init__(self, transformer: torch.nn.Module) -> None:
        self.transformer = transformer

    def prepare_latents(self) -> None:
        pass


class Applied(Model):
    def __init__(self, config: wan.Config, masks: pathlib.Path, dense: wan.Attend) -> None:
        from diffusers import WanTransformer3DModel

        plain = wan.random_model(config)
        with torch.device("meta"):
            self.module = WanTransformer3DModel(num_attention_heads=config.heads, attention_head_dim=config.head_dim, text_dim=config.text_dim,
                                                ffn_dim=config.ffn, num_layers=config.layers)
        rope = type(self.module.rope)(config.head_dim, wan.PATCH, 1024).to("cuda")
        self.module.load_state_dict(plain.state_dict(), assign=True)
        self.module.rope = rope
        self.module.eval()
        self._pipe = Pipe(self.module)
        self.masks = wean.apply(self._pipe, masks, allow_model="0" * 16)
        self._sparse = [block.attn1.processor for block in self.module.blocks]
        self._dense = DenseProcessor(dense)
        self._passes = self.module.wean
        self._phases = self.masks.info().phases

    def use_dense(self) -> None:
        for block in self.module.blocks:
            block.attn1.processor = self._dense

    def use_sparse(self) -> None:
        for block, processor in zip(self.module.blocks, self._sparse):
            block.attn1.processor = processor

    def set_phase(self, phase: int) -> torch.Tensor:
        bounds = self._phases[phase]
        return torch.tensor([500.0 * (bounds.sigma_high + bounds.sigma_low)], device="cuda")
