"""The Wan2.1 transformer in plain torch, with the parameter names of diffusers' WanTransformer3DModel: for timing where diffusers is not
installed. tests/bindings/python/wan_model_test.py compares the two."""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

Attend = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # q, k, v [batch, tokens, heads, dim], layer (int64 scalar) -> as q


@dataclasses.dataclass(frozen=True)
class Config:
    layers: int
    heads: int
    ffn: int
    head_dim: int = 128
    text_dim: int = 4096
    channels: int = 16
    eps: float = 1e-6

    @property
    def dim(self) -> int:
        return self.heads * self.head_dim


WAN_1_3B, WAN_14B = Config(30, 12, 8960), Config(40, 40, 13824)
PATCH = (1, 2, 2)


class Attention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.to_q, self.to_k, self.to_v = (nn.Linear(config.dim, config.dim) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(config.dim, config.dim), nn.Identity()])
        self.norm_q, self.norm_k = (nn.RMSNorm(config.dim, config.eps) for _ in range(2))
        self.heads = config.heads

    def project(self, x: Tensor, context: Tensor) -> list[Tensor]:
        q, k, v = self.norm_q(self.to_q(x)), self.norm_k(self.to_k(context)), self.to_v(context)
        return [states.unflatten(2, (self.heads, -1)) for states in (q, k, v)]

    def finish(self, out: Tensor) -> Tensor:
        return self.to_out[0](out.flatten(2))


class FeedForward(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        first = nn.Module()
        first.proj = nn.Linear(config.dim, config.ffn)
        self.net = nn.ModuleList([first, nn.Identity(), nn.Linear(config.ffn, config.dim)])

    def forward(self, x: Tensor) -> Tensor:
        return self.net[2](functional.gelu(self.net[0].proj(x), approximate="tanh"))


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Pairs of neighbours turned; cosine, sine [tokens, 1, dim / 2]."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((even * cosine - odd * sine, even * sine + odd * cosine), -1).flatten(-2).type_as(x)


class Block(nn.Module):
    def __init__(self, config: Config, layer: int) -> None:
        super().__init__()
        self.attn1, self.attn2, self.ffn = Attention(config), Attention(config), FeedForward(config)
        self.norm1, self.norm3 = (nn.LayerNorm(config.dim, config.eps, elementwise_affine=False) for _ in range(2))
        self.norm2 = nn.LayerNorm(config.dim, config.eps)
        self.scale_shift_table = nn.Parameter(torch.zeros(1, 6, config.dim))
        self.register_buffer("layer", torch.tensor(layer), persistent=False)
        self.attend: Attend = sdpa

    def forward(self, x: Tensor, text: Tensor, time: Tensor, rope: tuple[Tensor, Tensor]) -> Tensor:
        shift, scale, gate, ffn_shift, ffn_scale, ffn_gate = (self.scale_shift_table + time.float()).chunk(6, 1)
        normed = (self.norm1(x.float()) * (1 + scale) + shift).type_as(x)
        q, k, v = self.attn1.project(normed, normed)
        out = self.attn1.finish(self.attend(rotate(q, *rope), rotate(k, *rope), v, self.layer))
        x = (x.float() + out * gate).type_as(x)
        normed = functional.layer_norm(x.float(), (x.shape[-1],), self.norm2.weight.float(), self.norm2.bias.float(), self.norm2.eps).type_as(x)
        x = x + self.attn2.finish(sdpa(*self.attn2.project(normed, text), self.layer))
        normed = (self.norm3(x.float()) * (1 + ffn_scale) + ffn_shift).type_as(x)
        return (x.float() + self.ffn(normed).float() * ffn_gate).type_as(x)


def sdpa(q: Tensor, k: Tensor, v: Tensor, _layer: Tensor) -> Tensor:
    q, k, v = (states.transpose(1, 2) for states in (q, k, v))
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)


class Mlp(nn.Module):
    def __init__(self, inputs: int, dim: int, activation: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.linear_1, self.linear_2, self.activation = nn.Linear(inputs, dim), nn.Linear(dim, dim), activation

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(self.activation(self.linear_1(x)))


class Conditions(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.time_embedder = Mlp(256, config.dim, functional.silu)
        self.time_proj = nn.Linear(config.dim, 6 * config.dim)
        self.text_embedder = Mlp(config.text_dim, config.dim, lambda x: functional.gelu(x, approximate="tanh"))


class Wan(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.patch_embedding = nn.Conv3d(config.channels, config.dim, PATCH, PATCH)
        self.condition_embedder = Conditions(config)
        self.blocks = nn.ModuleList(Block(config, layer) for layer in range(config.layers))
        self.norm_out = nn.LayerNorm(config.dim, config.eps, elementwise_affine=False)
        self.proj_out = nn.Linear(config.dim, config.channels * math.prod(PATCH))
        self.scale_shift_table = nn.Parameter(torch.zeros(1, 2, config.dim))

    def rope(self, grid: tuple[int, ...], device: torch.device) -> tuple[Tensor, Tensor]:
        """[tokens, 1, head_dim / 2]: the first part of a head turns with the frame, then row and column."""
        space = 2 * (self.config.head_dim // 6)
        angles = []
        for axis, dim in enumerate((self.config.head_dim - 2 * space, space, space)):
            steps = 10000.0 ** -(torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim)
            angle = torch.arange(grid[axis], dtype=torch.float64, device=device)[:, None] * steps
            angles.append(angle.view([-1 if i == axis else 1 for i in range(3)] + [dim // 2]).expand(*grid, -1))
        joined = torch.cat(angles, -1).flatten(0, 2)[:, None]
        return joined.cos().float(), joined.sin().float()

    def time(self, timestep: Tensor, dtype: torch.dtype) -> Tensor:
        steps = torch.exp(-math.log(10000.0) * torch.arange(128, device=timestep.device) / 128)
        angles = timestep[:, None].float() * steps
        return self.condition_embedder.time_embedder(torch.cat((angles.cos(), angles.sin()), -1).to(dtype))

    def forward(self, latents: Tensor, timestep: Tensor, text: Tensor) -> Tensor:
        """latents [batch, channels, frames, height, width], timestep [batch], text [batch, 512, text_dim] -> as latents."""
        grid = tuple(size // part for size, part in zip(latents.shape[2:], PATCH))
        rope = self.rope(grid, latents.device)
        x = self.patch_embedding(latents).flatten(2).transpose(1, 2).contiguous()
        time = self.time(timestep, x.dtype)
        parts = self.condition_embedder.time_proj(functional.silu(time)).unflatten(1, (6, -1))
        text = self.condition_embedder.text_embedder(text)
        for block in self.blocks:
            x = block(x, text, parts, rope)
        shift, scale = (self.scale_shift_table + time[:, None]).chunk(2, 1)
        x = self.proj_out((self.norm_out(x.float()) * (1 + scale) + shift).type_as(x))
        x = x.unflatten(1, grid).unflatten(-1, (*PATCH, -1))
        return x.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)


def random_model(config: Config, dtype: torch.dtype = torch.bfloat16, device: str = "cuda") -> Wan:
    """Weights of a trained model's size: every layer keeps about the scale of what goes in."""
    with torch.device("meta"):
        model = Wan(config)
    model = model.to(dtype).to_empty(device=device)
    random = torch.Generator(device).manual_seed(1)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and not name.endswith("scale_shift_table"):
            parameter.data.normal_(0, parameter[0].numel() ** -0.5, generator=random)
        else:
            parameter.data.normal_(0, 0.02, generator=random).add_(1.0 if ".norm" in name and name.endswith("weight") else 0.0)
    for layer, block in enumerate(model.blocks):
        block.layer = torch.tensor(layer, device=device)
    return model.requires_grad_(False).eval()
