"""Does a clip show what its prompt says? A small analysis program over pixels; no learned model.

Vivid pixels are the shapes (backgrounds and bars are dull). Their components give count, size and outline; their motion the
direction; the warp that best carries the rest to later frames is the camera. `accuracy` on drawn clips is the ceiling of the method itself.
"""

import math

import torch
import torch.nn.functional as F

from scenes import COLOURS, DIRECTIONS, TONES, Scene


def vivid(video: torch.Tensor) -> torch.Tensor:
    """[F, 3, H, W] in [0, 1] -> mask [F, H, W] of saturated, not too dark pixels."""
    high, low = video.amax(1), video.amin(1)
    return ((high - low) / high.clamp_min(1e-3) > 0.55) & (high > 0.2)


def nearest(colour: torch.Tensor, names: dict[str, tuple]) -> str:
    """The name whose direction in colour space, its gray part removed, is closest; near-gray falls to 'gray' where there is one."""
    chroma = lambda c: (c / c.mean().clamp_min(1e-3)) - 1
    there = chroma(colour)
    return min(names, key=lambda name: (chroma(torch.tensor(names[name], device=colour.device)) - there).norm().item())


def components(mask: torch.Tensor) -> list[torch.Tensor]:
    """Connected parts of a mask [H, W] -> list of masks, tiny ones dropped."""
    labels = torch.arange(1, mask.numel() + 1, dtype=torch.float32, device=mask.device).view(mask.shape) * mask
    while True:
        grown = F.max_pool2d(labels[None, None], 3, 1, 1)[0, 0] * mask
        if torch.equal(grown, labels):
            break
        labels = grown
    parts = [labels == value for value in labels.unique() if value > 0]
    return [part for part in parts if part.sum() > 0.0015 * mask.numel()]


def outline(part: torch.Tensor) -> str:
    """Area over bounding box: .5 for a triangle, .785 for a circle, 1 for a square."""
    y, x = part.nonzero(as_tuple=True)
    fill = len(y) / ((y.max() - y.min() + 1) * (x.max() - x.min() + 1)).item()
    return "triangle" if fill < 0.66 else "circle" if fill < 0.90 else "square"


def majority(values: list):
    return max(sorted(set(values)), key=values.count) if values else None


def heading(dx: float, dy: float) -> str:
    return ("right" if dx > 0 else "left") if abs(dx) > abs(dy) else ("down" if dy > 0 else "up")


def hypotheses(height: int) -> list[tuple[str, float, float, float]]:
    """Camera motions over four frames -> (name, dx, dy, zoom), covering the speeds that clips are drawn with."""
    unit = height / 192
    found = [("standing still", 0.0, 0.0, 0.0)]
    for name, (dx, dy) in DIRECTIONS.items():
        found += [(f"drifting {name}", dx * speed * unit, dy * speed * unit, 0.0) for speed in (3.2, 4.4, 5.6, 6.8, 8.0)]
    for zoom in (0.028, 0.036, 0.046, 0.060):
        found += [("zooming in", 0.0, 0.0, zoom), ("zooming out", 0.0, 0.0, -zoom)]
    return found


def camera(video: torch.Tensor, busy: torch.Tensor) -> str:
    """The motion that best carries frames to those four later, by absolute error over pixels that are not shapes."""
    frames, _, h, w = video.shape
    first = range(0, frames - 4, 6)
    now, later = (video.mean(1, keepdim=True)[[f + lag for f in first]] for lag in (0, 4))
    free = ~(busy[[f + 4 for f in first]] | busy[list(first)])[:, None]
    y, x = torch.meshgrid(*(torch.linspace(-1, 1, n, device=video.device) for n in (h, w)), indexing="ij")
    inner = (x.abs() < 0.85) & (y.abs() < 0.85) & free
    best = ("", float("inf"))
    for name, dx, dy, zoom in hypotheses(h):
        grid = torch.stack(((x - 2 * dx / w) * math.exp(-zoom), (y - 2 * dy / h) * math.exp(-zoom)), -1)
        moved = F.grid_sample(now, grid.expand(len(now), -1, -1, -1), align_corners=True, padding_mode="border")
        error = (moved - later).abs()[inner].mean().item()
        best = min(best, (name, error), key=lambda pair: pair[1])
    return best[0]


def travel(masks: torch.Tensor) -> str | None:
    """Direction of the mean position of vivid pixels, last third against first third of the clip [F, H, W]."""
    seen = [m.nonzero().float().mean(0) for m in masks if m.sum() > 30]
    if len(seen) < 6:
        return None
    third = len(seen) // 3
    dy, dx = (torch.stack(seen[-third:]).mean(0) - torch.stack(seen[:third]).mean(0)).tolist()
    return heading(dx, dy)


def judge(video: torch.Tensor, scene: Scene) -> dict[str, bool]:
    """[F, 3, H, W] in [0, 1], on any device, against its scene -> which stated attributes hold."""
    masks = vivid(video)
    mean_where = lambda keep: (video * keep[:, None]).sum((0, 2, 3)) / keep.sum().clamp_min(1)
    found = {"tone": nearest(mean_where(~masks if scene.count else masks), TONES if scene.count else COLOURS) == scene.tone}
    if scene.count == 0:
        found["plain"] = masks.float().mean().item() > 0.5
        return found | {"camera": camera(video, torch.zeros_like(masks)) == scene.camera}
    parts = [components(mask) for mask in masks[:: max(len(masks) // 12, 1)]]
    # A bar hides shapes or cuts them in two: then look only at frames that show the right number, if any do.
    if scene.bar != "none":
        parts = [p for p in parts if len(p) == scene.count] or parts
    flat = [part for frame in parts for part in frame]
    sizes = sorted(part.sum().item() / part.numel() for part in flat)
    middle = sizes[len(sizes) // 2] if sizes else 0.0
    names = [outline(part) for part in flat]
    return found | {
        "camera": camera(video, masks) == scene.camera,
        "colour": nearest(mean_where(masks), COLOURS) == scene.colour if flat else False,
        "count": majority([len(frame) for frame in parts]) == scene.count,
        "size": (middle > 0.0285) == (scene.size == "large"),
        "shape": majority(names) == scene.shape if flat else False,
        "direction": travel(masks) == scene.direction,
    }


def accuracy(judged: list[dict[str, bool]]) -> dict[str, float]:
    """Share right per attribute, over all attributes, and of clips with every attribute right."""
    names = ["tone", "camera", "plain", "colour", "count", "size", "shape", "direction"]
    table = {name: [j[name] for j in judged if name in j] for name in names}
    everything = [value for j in judged for value in j.values()]
    table |= {"all attributes": everything, "whole prompts": [all(j.values()) for j in judged]}
    return {name: sum(values) / len(values) for name, values in table.items() if values}
