"""Draws scenes: Scene -> pixels, in torch, a whole batch at a time, on any device."""

import dataclasses
import math

import torch
import torch.nn.functional as F

from scenes import CAMERAS, COLOURS, DIRECTIONS, SHAPES, TEXTURES, TONES, Scene

TILE = 512  # side of a periodic texture in pixels; larger than any canvas, so no repeat is visible
# Wavelength in pixels and its spread in octaves. Nothing finer than about 10 px: the VAE compresses 48-fold.
WAVES = {"cloudy": (40.0, 0.8), "grainy": (15.0, 0.3), "striped": (20.0, 0.25), "spotted": (28.0, 0.2)}
BAR_SHADE = 0.30
SMALL, LARGE = (33, 192, 192), (49, 272, 304)  # frames, height, width: 1,296 and 4,199 tokens


@dataclasses.dataclass
class Window:
    """The part of the canvas that is drawn; the VAE trains on windows, everything else on whole clips."""

    frames: int
    height: int
    width: int
    top: int = 0
    left: int = 0


def textures(kinds: list[str], rng: torch.Generator, device: torch.device) -> torch.Tensor:
    """One random periodic texture a kind -> [len(kinds), TILE, TILE] with values in [0, 1]."""
    n = len(kinds)
    noise = torch.fft.rfft2(torch.randn(n, TILE, TILE, generator=rng, device=device))
    fy = torch.fft.fftfreq(TILE, device=device)[:, None]
    fx = torch.fft.rfftfreq(TILE, device=device)[None, :]
    k = (fx**2 + fy**2).sqrt().clamp_min(1e-6)
    length, octaves = (torch.tensor([WAVES[kind][i] for kind in kinds], device=device)[:, None, None] for i in (0, 1))
    power = torch.exp(-0.5 * ((k * length).log2() / octaves) ** 2) / k  # a band, flat over the area of a ring
    angle = torch.rand(n, 1, 1, generator=rng, device=device) * math.pi
    turned = torch.remainder(torch.atan2(fy, fx) - angle + math.pi / 2, math.pi) - math.pi / 2
    striped = torch.tensor([kind == "striped" for kind in kinds], device=device)[:, None, None]
    power = torch.where(striped, power * torch.exp(-0.5 * (turned / 0.22) ** 2), power)
    field = torch.fft.irfft2(noise * power, s=(TILE, TILE))
    field = field / field.std(dim=(1, 2), keepdim=True)
    spotted = torch.tensor([kind == "spotted" for kind in kinds], device=device)[:, None, None]
    return 0.5 + 0.5 * torch.tanh(torch.where(spotted, 2.5 * (field - 0.5), 0.9 * field))


def look_up(tiles: torch.Tensor, u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """Bilinear samples of periodic tiles [B, TILE, TILE] at x = u, y = v, which broadcast to [B, F, H, W] -> [B, F, H, W]."""
    padded = F.pad(tiles[:, None], (0, 1, 0, 1), mode="circular")
    u, v, _ = torch.broadcast_tensors(u, v, tiles[:, :1, :1, None])
    grid = torch.stack((u, v), -1).remainder(TILE) * (2.0 / TILE) - 1.0
    b, f, h, w = u.shape
    return F.grid_sample(padded, grid.view(b, f * h, w, 2), mode="bilinear", align_corners=True).view(b, f, h, w)


def layout(scenes: list[Scene], canvas: tuple[int, int, int], rng: torch.Generator) -> dict[str, torch.Tensor]:
    """Numbers that the words leave open: where, how fast, how large -> tensors [B] or [B, 3] on the CPU."""
    frames, height, width = canvas
    unit = height / 192.0
    b = len(scenes)
    roll = torch.rand(b, 12, generator=rng)
    number = lambda values: torch.tensor(list(values), dtype=torch.float32)
    radius = number(0.075 if s.size == "small" else 0.125 for s in scenes) * height * (1 + 0.1 * roll[:, 0])
    dx, dy = (number(DIRECTIONS[s.direction][i] for s in scenes) for i in (0, 1))
    along, across = dx.abs() * width + dy.abs() * height, dx.abs() * height + dy.abs() * width
    speed = (1.4 + 0.9 * roll[:, 1]) * unit * 33 / (frames * 0.5 + 16.5)
    travel = speed * (frames - 1)
    slack = (along / 2 - travel / 2 - 1.35 * radius).clamp_min(0)
    slack = torch.where(number(s.bar != "none" for s in scenes) > 0, slack * 0.3, slack)  # cross the bar near mid-clip
    # Shapes keep to lanes across their path: equal speed and separate lanes mean they never touch.
    lanes = number(max(s.count, 1) for s in scenes)
    slot = torch.arange(3.0)[None, :]
    lane = across[:, None] * (slot + 0.5) / lanes[:, None]
    room = (across / lanes / 2 - 1.25 * radius).clamp_min(0)[:, None]
    lane = lane + room * (2 * roll[:, 2:5] - 1)
    middle = along[:, None] / 2 + slack[:, None] * (2 * roll[:, 5:8] - 1)
    horizontal = dx.abs()[:, None] > 0
    moves = {c: i for i, c in enumerate(CAMERAS)}
    camera = torch.tensor([moves[s.camera] for s in scenes])
    pan = (0.8 + 1.2 * roll[:, 8]) * unit
    drift = torch.tensor([[-1, 0], [1, 0], [0, -1], [0, 1], [0, 0], [0, 0], [0, 0]], dtype=torch.float32)[camera] * pan[:, None]
    growth = (0.35 + 0.15 * roll[:, 9]) / (frames - 1)
    zoom = growth * torch.tensor([0, 0, 0, 0, 1.0, -1.0, 0])[camera]
    return {
        "radius": radius, "vx": dx * speed, "vy": dy * speed, "drift": drift, "zoom": zoom,
        "x": torch.where(horizontal, middle, lane), "y": torch.where(horizontal, lane, middle),
        "visible": (slot < number(s.count for s in scenes)[:, None]).float(),
        "shape": torch.tensor([SHAPES.index(s.shape) for s in scenes]),
        "cx": torch.full((b,), width / 2), "cy": torch.full((b,), height / 2), "tone": torch.tensor([{**TONES, **COLOURS}[s.tone] for s in scenes]),
        "colour": torch.tensor([COLOURS[s.colour] for s in scenes]),
        "bar": torch.tensor([["none", "upright", "level"].index(s.bar) for s in scenes]),
        "bar_at": along / 2 + 0.06 * along * (2 * roll[:, 10] - 1), "bar_half": 0.09 * along,
    }


def distance(dx: torch.Tensor, dy: torch.Tensor, radius: torch.Tensor, shape: torch.Tensor) -> torch.Tensor:
    """Signed distance to the outline, negative inside; all [B, F, H, W] or broadcastable."""
    circle = (dx**2 + dy**2).sqrt() - radius
    square = torch.maximum(dx.abs(), dy.abs()) - 0.886 * radius
    slope = 0.866 * dx.abs() - 0.5 * dy
    triangle = torch.maximum(dy, slope) - 0.68 * radius
    return torch.where(shape == 0, circle, torch.where(shape == 1, square, triangle))


def paint(p: dict[str, torch.Tensor], tiles: torch.Tensor, offsets: torch.Tensor, frames: int, time, y, x) -> torch.Tensor:
    """Pixels of a window: tiles [B, 3, TILE, TILE] for backdrop, shape and bar; time [F], y [H], x [W] -> [B, 3, F, H, W] in [-1, 1]."""
    at = lambda name: p[name].view(-1, 1, 1, 1)
    t, y, x = time.view(1, -1, 1, 1), y.view(1, 1, -1, 1), x.view(1, 1, 1, -1)
    # Magnification never falls below 1, so zooming out does not make texture finer than the VAE was shown.
    magnify = torch.exp(at("zoom") * t + (-at("zoom")).clamp_min(0) * (frames - 1))
    px, py = p["drift"][:, 0].view(-1, 1, 1, 1), p["drift"][:, 1].view(-1, 1, 1, 1)
    shade = look_up(tiles[:, 0], (x - at("cx") - px * t) / magnify, (y - at("cy") - py * t) / magnify)
    image = p["tone"].view(-1, 3, 1, 1, 1) * (0.45 + 0.60 * shade).unsqueeze(1)
    for i in range(3):
        dx = x - p["x"][:, i].view(-1, 1, 1, 1) - at("vx") * (t - (frames - 1) / 2)
        dy = y - p["y"][:, i].view(-1, 1, 1, 1) - at("vy") * (t - (frames - 1) / 2)
        cover = torch.sigmoid(-distance(dx, dy, at("radius"), at("shape")) / 0.6) * p["visible"][:, i].view(-1, 1, 1, 1)
        shade = look_up(tiles[:, 1], dx + offsets[i], dy + offsets[i])
        fill = p["colour"].view(-1, 3, 1, 1, 1) * (0.55 + 0.45 * shade).unsqueeze(1)
        image = torch.lerp(image, fill, cover.unsqueeze(1))
    place = torch.where(at("bar") == 1, x, y) - at("bar_at")
    cover = torch.sigmoid(-(place.abs() - at("bar_half")) / 0.6) * (at("bar") > 0)
    fill = (BAR_SHADE * (0.6 + 0.8 * look_up(tiles[:, 2], x, y))).unsqueeze(1)
    return torch.lerp(image, fill, cover.unsqueeze(1)).clamp(0, 1) * 2 - 1


def render(scenes: list[Scene], canvas: tuple[int, int, int], seed: int, device="cpu", window: Window | None = None) -> torch.Tensor:
    """Clips of scenes on a canvas (frames, height, width), or a window of them -> [B, 3, F, H, W] in [-1, 1]."""
    device = torch.device(device)
    host, there = torch.Generator().manual_seed(seed), torch.Generator(device).manual_seed(seed)
    p = {name: value.to(device) for name, value in layout(scenes, canvas, host).items()}
    kinds = [kind for s in scenes for kind in (s.backdrop, s.texture, "grainy")]
    tiles = textures(kinds, there, device).view(len(scenes), 3, TILE, TILE)
    offsets = torch.rand(3, generator=host).to(device) * TILE
    w = window or Window(*canvas)
    step = lambda start, count: torch.arange(start, start + count, dtype=torch.float32, device=device)
    return paint(p, tiles, offsets, canvas[0], step(0, w.frames), step(w.top, w.height), step(w.left, w.width))
