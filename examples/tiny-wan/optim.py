"""Optimisers: Muon for the matrices inside blocks, AdamW for everything else, an average of the weights, a time-based rate."""

import torch


def orthogonalise(g: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Newton-Schulz iteration on a stack of matrices [N, r, c]: the nearest matrix with singular values near 1."""
    wide = g.shape[1] <= g.shape[2]
    x = (g if wide else g.mT).bfloat16()
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        a = x @ x.mT
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return (x if wide else x.mT).float()


class Muon:
    """Momentum, orthogonalised; a convolution is the matrix [out, in x kernel]. All weights of one shape share one product."""

    def __init__(self, params: list[torch.nn.Parameter], momentum: float = 0.95, decay: float = 0.02):
        self.groups: dict[torch.Size, list[torch.nn.Parameter]] = {}
        for p in params:
            self.groups.setdefault(p.shape, []).append(p)
        self.buffers = {shape: torch.zeros_like(torch.stack(group)) for shape, group in self.groups.items()}
        self.momentum, self.decay = momentum, decay

    @torch.no_grad()
    def step(self, rate: float) -> None:
        for shape, group in self.groups.items():
            g = torch.stack([p.grad for p in group])
            buffer = self.buffers[shape].lerp_(g, 1 - self.momentum)
            matrices = g.lerp(buffer, self.momentum).flatten(2)
            size = 0.2 * max(matrices.shape[1:]) ** 0.5  # makes the step as large as Adam's
            update = (orthogonalise(matrices) * size).view_as(g)
            torch._foreach_mul_(group, 1 - rate * self.decay)
            torch._foreach_add_(group, list(update.unbind()), alpha=-rate)


class Average:
    """Exponential moving average of parameters, short at first."""

    def __init__(self, params: list[torch.nn.Parameter], decay: float = 0.9995):
        self.params, self.values = params, [p.detach().clone() for p in params]
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        keep = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.values, self.params, 1 - keep)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchanges the average with the live weights; call twice to restore."""
        for p, value in zip(self.params, self.values):
            live = p.detach().clone()
            p.copy_(value), value.copy_(live)


def block_matrix(name: str, p: torch.nn.Parameter) -> bool:
    """A matrix inside a transformer block."""
    return name.startswith("blocks.") and p.dim() == 2


def inner_convolution(name: str, p: torch.nn.Parameter) -> bool:
    """A convolution of the VAE that is neither its first nor its last."""
    return p.dim() >= 4 and min(p.shape[:2]) >= 12 and p[0].numel() > 1


class Trainer:
    """Both optimisers over named parameters, saved and restored as one state."""

    def __init__(self, named: list[tuple[str, torch.nn.Parameter]], inside, muon_rate: float, adam_rate: float):
        self.muon = Muon([p for name, p in named if inside(name, p)])
        self.adam = torch.optim.AdamW([p for name, p in named if not inside(name, p)], lr=adam_rate, betas=(0.9, 0.98),
                                      weight_decay=0.0, fused=named[0][1].is_cuda)
        self.params = [p for _, p in named]
        self.average = Average(self.params)
        self.muon_rate, self.adam_rate = muon_rate, adam_rate

    def step(self, share: float) -> torch.Tensor:
        """One update at a share of the peak rates -> the gradient norm before clipping."""
        norm = torch.nn.utils.clip_grad_norm_(self.params, 1.0)
        self.muon.step(self.muon_rate * share)
        self.adam.param_groups[0]["lr"] = self.adam_rate * share
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        for p in self.params:
            p.grad = None
        self.average.update()
        return norm

    def state(self) -> dict:
        return {"params": [p.detach() for p in self.params], "muon": list(self.muon.buffers.values()), "adam": self.adam.state_dict(),
                "average": self.average.values, "updates": self.average.updates}

    @torch.no_grad()
    def restore(self, state: dict) -> None:
        for p, value in zip(self.params, state["params"]):
            p.copy_(value)
        for buffer, value in zip(self.muon.buffers.values(), state["muon"]):
            buffer.copy_(value)
        self.adam.load_state_dict(state["adam"])
        self.average.values, self.average.updates = [v.to(p.device) for v, p in zip(state["average"], self.params)], state["updates"]


def schedule(step: int, progress: float, warm_up: int = 200, decay_from: float = 0.5) -> float:
    """Share of the peak rate: a short warm-up in steps, then flat, then linear to zero at progress 1 (of the time budget)."""
    return min((step + 1) / warm_up, 1.0) * min(1.0, max(0.0, 1 - progress) / (1 - decay_from))
