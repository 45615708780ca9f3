"""The transformer and text encoder: diffusers' and transformers' own weights, with a forward pass that trains fast.

`velocity` computes what WanTransformer3DModel.forward computes (`check.py` compares them). Two things differ in form only:
query, key and value are one product, and the 512 - n zero tokens that follow an n-token prompt, all equal after the text
embedder, are one token whose attention logit is raised by log(512 - n).
"""

import math
import pathlib

import torch
import torch.nn.functional as F
from diffusers import WanTransformer3DModel
from transformers import UMT5Config, UMT5EncoderModel

TEXT_LENGTH = 512  # what WanPipeline pads prompts to
HEADS, HEAD_DIM, LAYERS = 5, 64, 8
TRANSFORMER = dict(patch_size=(1, 2, 2), num_attention_heads=HEADS, attention_head_dim=HEAD_DIM, in_channels=16, out_channels=16,
                   text_dim=192, freq_dim=256, ffn_dim=1024, num_layers=LAYERS, cross_attn_norm=True,
                   qk_norm="rms_norm_across_heads", eps=1e-6)
TEXT = dict(vocab_size=512, d_model=192, d_kv=32, num_heads=6, d_ff=256, num_layers=2, feed_forward_proj="gated-gelu",
            dropout_rate=0.0, pad_token_id=0, eos_token_id=1)


def build(seed: int, folder: pathlib.Path | None = None) -> tuple[WanTransformer3DModel, UMT5EncoderModel]:
    """Fresh models, or those of a checkpoint folder, in float32."""
    if folder:
        load = lambda kind, part: kind.from_pretrained(folder / part, torch_dtype=torch.float32)
        return load(WanTransformer3DModel, "transformer"), load(UMT5EncoderModel, "text_encoder")
    torch.manual_seed(seed)
    transformer, text = WanTransformer3DModel(**TRANSFORMER), UMT5EncoderModel(UMT5Config(**TEXT))
    initialise(transformer)
    return transformer, text


@torch.no_grad()
def initialise(model: WanTransformer3DModel) -> None:
    """Branches start closed (zero output weights, open gates); self-attention starts with a preference for each head."""
    dim = HEADS * HEAD_DIM
    for layer, block in enumerate(model.blocks):
        for linear in (block.attn1.to_out[0], block.attn2.to_out[0], block.ffn.net[2]):
            linear.weight.zero_(), linear.bias.zero_()
        block.scale_shift_table.zero_()
        block.scale_shift_table[:, (2, 5)] = 1.0
        for linear in (block.attn1.to_q, block.attn1.to_v, block.attn2.to_q, block.attn2.to_k, block.attn2.to_v):
            linear.weight.normal_(std=dim**-0.5), linear.bias.zero_()
        prefer(block.attn1, layer)
    model.scale_shift_table.zero_()
    model.proj_out.weight.zero_(), model.proj_out.bias.zero_()
    model.condition_embedder.time_proj.weight.normal_(std=0.02), model.condition_embedder.time_proj.bias.zero_()


def prefer(attn: torch.nn.Module, layer: int) -> None:
    """Starts each head near a kind of attention that large video models are known to reach: same frame, same place, near in
    space and time, or similar content (W_k = W_q). Equal query and key biases on the slow-turning pairs of RoPE give a logit
    that falls with distance along one axis. Training is free to leave, and a minute-long training rarely invents it."""
    axes = {"t": (0, 24), "h": (24, 20), "w": (44, 20)}  # first channel and width of each axis' part of a head
    kinds = [("t", 0.5), ("hw", 0.6), ("thw", 0.6), ("hw", 0.25), ("", 0.0)]
    attn.norm_q.weight.fill_(1.35), attn.norm_k.weight.fill_(1.35)
    for head in range(HEADS):
        kind, share = kinds[(head + layer) % len(kinds)]
        rows = slice(head * HEAD_DIM, (head + 1) * HEAD_DIM)
        attn.to_q.weight[rows] *= math.sqrt(1 - share)
        for axis in kind:
            start, width = axes[axis]
            pairs = range(start, start + width, 2)[:4]
            for channel in pairs:
                attn.to_q.bias[rows][channel] = math.sqrt(HEAD_DIM * share / (len(kind) * len(pairs)))
    attn.to_k.weight.copy_(attn.to_q.weight), attn.to_k.bias.copy_(attn.to_q.bias)


def text_context(encoder: UMT5EncoderModel, ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids [B, L] with lengths [B] -> states [B, L + 1, 192], zero beyond each length, and logit offsets [B, 1, 1, L + 1]."""
    place = torch.arange(ids.shape[1], device=ids.device)[None, :]
    valid = place < lengths[:, None]
    states = encoder(ids, valid.long()).last_hidden_state * valid[..., None]
    offsets = torch.where(valid, 0.0, -1e4)
    padding = (TEXT_LENGTH - lengths).float().log()[:, None]
    return F.pad(states, (0, 0, 0, 1)), torch.cat((offsets, padding), 1)[:, None, None, :]


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """RoPE on interleaved pairs: x [B, S, heads, 64]; cos, sin [1, S, 1, 32]."""
    a, b = x.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


def heads(x: torch.Tensor) -> torch.Tensor:
    return x.unflatten(2, (HEADS, HEAD_DIM))


def self_attention(m, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """x [B, S, 320] -> [B, S, 320]."""
    weight = torch.cat((m.to_q.weight, m.to_k.weight, m.to_v.weight))
    q, k, v = F.linear(x, weight, torch.cat((m.to_q.bias, m.to_k.bias, m.to_v.bias))).chunk(3, -1)
    q, k = (rotate(heads(norm(y.float())), cos, sin).to(v.dtype).transpose(1, 2) for norm, y in ((m.norm_q, q), (m.norm_k, k)))
    out = F.scaled_dot_product_attention(q, k, heads(v).transpose(1, 2))
    return m.to_out[0](out.transpose(1, 2).flatten(2))


def cross_attention(m, x: torch.Tensor, text: torch.Tensor, offsets: torch.Tensor) -> torch.Tensor:
    """x [B, S, 320] attends to text [B, L + 1, 320]."""
    v = heads(m.to_v(text)).transpose(1, 2)
    q, k = (heads(norm(y.float())).to(v.dtype).transpose(1, 2) for norm, y in ((m.norm_q, m.to_q(x)), (m.norm_k, m.to_k(text))))
    out = F.scaled_dot_product_attention(q, k, v, attn_mask=offsets.to(v.dtype).expand(-1, HEADS, q.shape[2], -1))
    return m.to_out[0](out.transpose(1, 2).flatten(2))


def layer_norm(x: torch.Tensor) -> torch.Tensor:
    return F.layer_norm(x.float(), x.shape[-1:], eps=1e-6)


def block_forward(m, x: torch.Tensor, text: torch.Tensor, offsets: torch.Tensor, time: torch.Tensor, cos, sin) -> torch.Tensor:
    """One block: x [B, S, 320] in float32, time [B, 6, 320]."""
    shift, scale, gate, ffn_shift, ffn_scale, ffn_gate = (m.scale_shift_table + time).chunk(6, 1)
    x = x + gate * self_attention(m.attn1, layer_norm(x) * (1 + scale) + shift, cos, sin)
    normed = F.layer_norm(x, x.shape[-1:], m.norm2.weight, m.norm2.bias, 1e-6)
    x = x + cross_attention(m.attn2, normed, text, offsets)
    return x + ffn_gate * m.ffn(layer_norm(x) * (1 + ffn_scale) + ffn_shift)


def compile_blocks() -> None:
    """One compilation serves every block of a grid."""
    global block_forward
    block_forward = torch.compile(block_forward, dynamic=False)


def velocity(model: WanTransformer3DModel, z: torch.Tensor, timestep: torch.Tensor, context: tuple[torch.Tensor, torch.Tensor]):
    """z [B, 16, T, H, W] at timestep [B] in [0, 1000] with `text_context` -> predicted noise - data, the shape of z."""
    b, _, t, h, w = z.shape
    cos, sin = model.rope(z)
    cos, sin = cos[..., 0::2].float(), sin[..., 1::2].float()
    c = model.condition_embedder
    with torch.autocast(z.device.type, enabled=False):
        embedded = c.time_embedder(c.timesteps_proj(timestep.float()))
        time = c.time_proj(c.act_fn(embedded)).unflatten(1, (6, -1))
    states, offsets = context
    text = c.text_embedder(states)
    x = model.patch_embedding(z).flatten(2).transpose(1, 2).float()
    for block in model.blocks:
        x = block_forward(block, x, text, offsets, time, cos, sin)
    shift, scale = (model.scale_shift_table + embedded[:, None]).chunk(2, 1)
    out = model.proj_out(layer_norm(x) * (1 + scale) + shift).float()
    out = out.view(b, t, h // 2, w // 2, 2, 2, 16).permute(0, 6, 1, 2, 4, 3, 5)
    return out.reshape(b, 16, t, h, w)
