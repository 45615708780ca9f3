"""The video VAE: AutoencoderKLWan's own weights, run over all frames at once so that it trains fast.

The class encodes 1 + 4 + 4 ... frames and decodes latent by latent with caches. Both equal a plain causal convolution over the
whole clip, except that the first frame bypasses the temporal resampling; `check.py` compares the two. Channels are padded with
zeros to a multiple of 8 inside (12 would fall off the tensor cores); zeros stay zero through norm, SiLU and convolution.
"""

import time

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLWan
from diffusers.models.autoencoders.autoencoder_kl_wan import WanAttentionBlock, WanMidBlock, WanResample, WanResidualBlock

MEMORY_FORMAT = torch.channels_last_3d
TAPS = False
CONFIG = dict(base_dim=12, z_dim=16, dim_mult=[1, 2, 4, 4], num_res_blocks=2, temperal_downsample=[False, True, True])


def pad_to(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Zeros appended along dim up to a multiple of 8."""
    missing = -x.shape[dim] % 8
    return F.pad(x, (0, 0) * (x.dim() - 1 - dim) + (0, missing)) if missing else x


def conv(m: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    """A causal Conv3d or a Conv2d on padded channels: [B, C8, T, H, W] or [N, C8, H, W]."""
    weight, bias = pad_to(pad_to(m.weight, 1), 0).to(x.dtype), pad_to(m.bias, 0).to(x.dtype)
    if weight.dim() == 4:
        return F.conv2d(x, weight, bias, m.stride, m.padding)
    left, _, top, _, front, _ = m._padding
    if TAPS and weight.shape[2:] == (3, 3, 3):  # as one 2-D convolution over the three frames' channels, which GPUs do faster
        b, c, t, h, w = x.shape
        past = F.pad(x, (0, 0, 0, 0, 2, 0))
        stacked = by_frame(torch.cat([past[:, :, i:i + t] for i in range(3)], 1))
        out = F.conv2d(stacked, weight.transpose(1, 2).flatten(1, 2), bias, padding=1)
        return out.view(b, t, -1, h, w).transpose(1, 2)
    if m.stride[0] == 1:  # pad both ends of time and drop the tail: cheaper than copying the input to pad one end
        return F.conv3d(x, weight, bias, m.stride, (front, top, left))[:, :, :x.shape[2]]
    return F.conv3d(x, weight, bias, m.stride)


def scaled_norm(x: torch.Tensor, gain: torch.Tensor, silu: bool) -> torch.Tensor:
    """x / |x| over channels, times gain, then SiLU if asked; one fused kernel once `compile_norm` has run."""
    length = x.float().pow(2).sum(1, keepdim=True).sqrt().clamp_min(1e-12)
    y = x.float() / length * gain
    return (F.silu(y) if silu else y).to(x.dtype)


def compile_norm() -> None:
    """Worth it on a GPU, where this norm would otherwise be six passes over memory."""
    global scaled_norm
    scaled_norm = torch.compile(scaled_norm, dynamic=True)


def norm(m: torch.nn.Module, x: torch.Tensor, silu: bool = False) -> torch.Tensor:
    """WanRMS_norm on padded channels; `scale` holds the root of the true width."""
    return scaled_norm(x, m.scale * pad_to(m.gamma, 0), silu)


def norm_silu(m: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    return norm(m, x, silu=True)


def by_frame(x: torch.Tensor) -> torch.Tensor:
    """[B, C, T, H, W] -> [B*T, C, H, W]."""
    return x.transpose(1, 2).flatten(0, 1)


def residual(m: WanResidualBlock, x: torch.Tensor) -> torch.Tensor:
    shortcut = x if isinstance(m.conv_shortcut, torch.nn.Identity) else conv(m.conv_shortcut, x)
    h = conv(m.conv1, norm_silu(m.norm1, x))
    return shortcut + conv(m.conv2, norm_silu(m.norm2, h))


def attention(m: WanAttentionBlock, x: torch.Tensor) -> torch.Tensor:
    """Single-head attention inside each frame."""
    b, c, t, h, w = x.shape
    q, k, v = conv(m.to_qkv, norm(m.norm, by_frame(x))).flatten(2).transpose(1, 2).chunk(3, -1)
    out = F.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None])[:, 0]
    out = conv(m.proj, out.transpose(1, 2).reshape(b * t, c, h, w))
    return x + out.view(b, t, c, h, w).transpose(1, 2)


def resample(m: WanResample, x: torch.Tensor) -> torch.Tensor:
    """Halves or doubles the frame size; with `3d` also time, of every frame but the first."""
    if m.mode == "upsample3d" and x.shape[2] > 1:
        later = conv(m.time_conv, x[:, :, 1:])
        b, c, t, h, w = later.shape
        later = later.view(b, 2, c // 2, t, h, w).permute(0, 2, 3, 1, 4, 5).reshape(b, c // 2, 2 * t, h, w)
        x = torch.cat((x[:, :, :1], later), 2)
    b, t = x.shape[0], x.shape[2]
    frames = by_frame(x)
    if m.mode.startswith("upsample"):
        frames = conv(m.resample[1], F.interpolate(frames, scale_factor=2.0, mode="nearest-exact"))
    else:
        frames = conv(m.resample[1], F.pad(frames, (0, 1, 0, 1)))
    x = frames.view(b, t, *frames.shape[1:]).transpose(1, 2)
    if m.mode == "downsample3d" and t > 1:
        x = torch.cat((x[:, :, :1], conv(m.time_conv, x)), 2)
    return x


def walk(layer: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    if isinstance(layer, WanResidualBlock):
        return residual(layer, x)
    if isinstance(layer, WanResample):
        return resample(layer, x)
    if isinstance(layer, WanMidBlock):
        return residual(layer.resnets[1], attention(layer.attentions[0], residual(layer.resnets[0], x)))
    for part in (*layer.resnets, *(layer.upsamplers or ())):  # WanUpBlock
        x = walk(part, x)
    return x


def encode(vae: AutoencoderKLWan, video: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """[B, 3, 1 + 4n, H, W] in [-1, 1] -> mean and log-variance, each [B, 16, 1 + n, H / 8, W / 8]."""
    x = conv(vae.encoder.conv_in, pad_to(video, 1))
    for layer in (*vae.encoder.down_blocks, vae.encoder.mid_block):
        x = walk(layer, x)
    x = conv(vae.quant_conv, conv(vae.encoder.conv_out, norm_silu(vae.encoder.norm_out, x)))
    mean, log_variance = x.float().chunk(2, 1)
    return mean, log_variance.clamp(-30, 20)


def decode(vae: AutoencoderKLWan, z: torch.Tensor) -> torch.Tensor:
    """[B, 16, 1 + n, H / 8, W / 8] (not normalised) -> [B, 3, 1 + 4n, H, W], not clamped."""
    x = conv(vae.decoder.conv_in, conv(vae.post_quant_conv, z))
    for layer in (vae.decoder.mid_block, *vae.decoder.up_blocks):
        x = walk(layer, x)
    return conv(vae.decoder.conv_out, norm_silu(vae.decoder.norm_out, x))[:, :3].float()


def prepare(x: torch.Tensor) -> torch.Tensor:
    """The number type and memory order that convolve fastest: bf16 with channels last on a GPU, as is on a CPU."""
    return x.to(torch.bfloat16, memory_format=MEMORY_FORMAT) if x.is_cuda else x


def loss(vae: AutoencoderKLWan, video: torch.Tensor, kl_weight: float) -> tuple[torch.Tensor, torch.Tensor]:
    """L1 on pixels and on their differences in space and time, squared error for PSNR, a tiny KL -> loss, squared error."""
    inputs = prepare(video)
    mean, log_variance = encode(vae, inputs)
    z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
    error = decode(vae, prepare(z)) - video
    kl = 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean()
    edges = sum(error.diff(dim=d).abs().mean() for d in (2, 3, 4))
    squared = error.pow(2).mean()
    return error.abs().mean() + 2.0 * squared + 0.15 * edges + kl_weight * kl, squared.detach()


def choose_convolution(coder: AutoencoderKLWan, video: torch.Tensor) -> str:
    """Times a training step in each form of convolution on this GPU and keeps the fastest: which one wins depends on cuDNN."""
    global MEMORY_FORMAT, TAPS
    forms, seconds = {"channels first": (torch.contiguous_format, False), "channels last": (torch.channels_last_3d, False),
                      "channels last, taps": (torch.channels_last_3d, True)}, {}
    for name, (MEMORY_FORMAT, TAPS) in forms.items():
        for _ in range(4):
            torch.cuda.synchronize()
            start = time.perf_counter()
            loss(coder, video, 0.0)[0].backward()
            torch.cuda.synchronize()
            seconds[name] = time.perf_counter() - start
    coder.zero_grad(set_to_none=True)
    best = min(seconds, key=seconds.get)
    MEMORY_FORMAT, TAPS = forms[best]
    return f"{best} of " + ", ".join(f"{name} {1000 * s:.0f} ms" for name, s in seconds.items())


def latent_statistics(mean: torch.Tensor) -> tuple[list[float], list[float]]:
    """Per-channel mean and deviation of latents [N, 16, ...]."""
    flat = mean.float().transpose(0, 1).flatten(1)
    return flat.mean(1).tolist(), flat.std(1).tolist()
