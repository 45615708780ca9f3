"""Compares the training-time forward passes with the classes that users run. Prints relative errors; fails above 1e-4.

    python3 check.py
"""

import torch

import model
import vae


def relative(a: torch.Tensor, b: torch.Tensor) -> float:
    return ((a - b).norm() / b.norm()).item()


def stir(module: torch.nn.Module) -> torch.nn.Module:
    """Random weights everywhere, so that no zero-initialised branch hides a mistake."""
    for p in module.parameters():
        p.add_(0.05 * torch.randn_like(p))
    return module


@torch.no_grad()
def errors() -> dict[str, float]:
    torch.manual_seed(0)
    coder = stir(vae.AutoencoderKLWan(**vae.CONFIG))
    video = torch.rand(2, 3, 17, 64, 48) * 2 - 1
    mean, log_variance = vae.encode(coder, video)
    posterior = coder.encode(video).latent_dist
    z = torch.randn_like(mean)
    found = {"vae encode": relative(mean, posterior.mean), "vae log-variance": relative(log_variance, posterior.logvar),
             "vae decode": relative(vae.decode(coder, z).clamp(-1, 1), coder.decode(z).sample)}

    transformer, text = map(stir, model.build(0))
    ids, lengths = torch.randint(3, 500, (2, 9)), torch.tensor([9, 4])
    padded, valid = torch.zeros(2, 512, dtype=torch.long), torch.arange(512)[None] < lengths[:, None]
    padded[:, :9] = ids * valid[:, :9]
    states = text(padded, valid.long()).last_hidden_state * valid[..., None]  # what WanPipeline feeds the transformer
    z, timestep = torch.randn(2, 16, 3, 10, 8), torch.tensor([913.0, 250.0])
    reference = transformer(z, timestep, states, return_dict=False)[0]
    ours = model.velocity(transformer, z, timestep, model.text_context(text, ids, lengths))
    return found | {"transformer": relative(ours, reference)}


if __name__ == "__main__":
    for name, error in errors().items():
        print(f"{name:18s} {error:.2e}")
        assert error < 1e-4
