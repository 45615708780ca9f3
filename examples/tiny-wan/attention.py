"""How concentrated is self-attention? Block masses of every head while the pipeline samples."""

import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor

from model import heads, rotate

BLOCK = 64
PHASES = 4  # equal numbers of steps, from noise to data


def block_mass(q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
    """Attention probability per pair of blocks, over the number of rows: q, k [heads, S, 64] -> [heads, n, n], each head sums to 1."""
    size = q.shape[1]
    blocks = -(-size // BLOCK)
    probability = torch.softmax(q @ k.mT / q.shape[-1] ** 0.5, -1)
    probability = torch.nn.functional.pad(probability, (0, blocks * BLOCK - size, 0, blocks * BLOCK - size))
    return probability.view(-1, blocks, BLOCK, blocks, BLOCK).sum((2, 4)) / size


def top_share(mass: torch.Tensor, share: float) -> torch.Tensor:
    """Mass held by the heaviest share of block pairs of each map [..., n, n] -> [...]."""
    flat = mass.flatten(-2).sort(-1, descending=True).values
    return flat[..., : round(share * flat.shape[-1])].sum(-1)


class Recorder(WanAttnProcessor):
    """Attends as diffusers does, and adds the conditional passes' block masses to `mass` [PHASES, prompts, layers, heads, n, n]."""

    def __init__(self, owner: "Statistics", layer: int):
        super().__init__()
        self.owner, self.layer = owner, layer

    def __call__(self, attn, hidden_states, encoder_hidden_states=None, attention_mask=None, rotary_emb=None):
        if self.owner.recording():
            cos, sin = rotary_emb[0][..., 0::2].float(), rotary_emb[1][..., 1::2].float()
            q, k = (rotate(heads(norm(linear(hidden_states)).float()), cos, sin).transpose(1, 2)
                    for norm, linear in ((attn.norm_q, attn.to_q), (attn.norm_k, attn.to_k)))
            for prompt in range(len(q)):
                self.owner.add(prompt, self.layer, block_mass(q[prompt], k[prompt]))
        return super().__call__(attn, hidden_states, encoder_hidden_states, attention_mask, rotary_emb)


class Statistics:
    """Installs recorders on a pipeline; counts forward passes, of which every second one is the unconditional branch."""

    def __init__(self, pipe, prompts: int, steps: int):
        self.steps, self.passes, self.prompts, self.mass = steps, -1, prompts, None
        self.layers = len(pipe.transformer.blocks)
        for layer, block in enumerate(pipe.transformer.blocks):
            block.attn1.set_processor(Recorder(self, layer))
        self.hook = pipe.transformer.register_forward_pre_hook(lambda *_: setattr(self, "passes", self.passes + 1))

    def recording(self) -> bool:
        return self.passes % 2 == 0

    def add(self, prompt: int, layer: int, mass: torch.Tensor) -> None:
        if self.mass is None:
            self.mass = torch.zeros(PHASES, self.prompts, self.layers, *mass.shape, device=mass.device)
        step = self.passes // 2
        self.mass[step * PHASES // self.steps, prompt, layer] += mass * PHASES / self.steps

    def remove(self, pipe) -> None:
        self.hook.remove()
        for block in pipe.transformer.blocks:
            block.attn1.set_processor(WanAttnProcessor())

    def table(self) -> dict:
        """Shares of the top tenth and three tenths of block pairs: overall, by phase and layer, and over single heads."""
        result = {}
        for share in (0.1, 0.3):
            held = top_share(self.mass, share).mean(1)  # [PHASES, layers, heads], mean over prompts
            static = top_share(self.mass.mean(1), share)
            result[f"top{round(100 * share)}"] = {
                "mean": held.mean().item(), "one map for all prompts": static.mean().item(),
                "phase": held.mean((1, 2)).tolist(), "layer": held.mean((0, 2)).tolist(), "phase x layer": held.mean(2).tolist(),
                "head min": held.amin(2).tolist(), "head max": held.amax(2).tolist(), "head spread": held.std(2).tolist(),
                "lowest": held.min().item(), "highest": held.max().item(), "heads": held.mean(0).tolist(),
            }
        return result
