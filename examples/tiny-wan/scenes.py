"""The prompt grammar: what a clip may show, and the sentence that says it. Everything else reads it from here.

A scene is a textured, drifting or zooming background; most scenes add one to three textured shapes that cross it, some of
them behind a bar. Random textures make every patch unpredictable from the prompt but predictable from the other frames,
which is what teaches attention to look for the same thing elsewhere in the clip.
"""

import dataclasses
import functools
import pathlib
import random

# Vivid colours paint shapes and plain surfaces; dull tones paint backgrounds. The gap in saturation lets a program tell them apart.
COLOURS = {
    "red": (0.95, 0.10, 0.12), "yellow": (0.98, 0.88, 0.05), "green": (0.10, 0.80, 0.15),
    "cyan": (0.05, 0.85, 0.92), "blue": (0.10, 0.20, 0.98), "magenta": (0.95, 0.10, 0.90),
}
TONES = {
    "gray": (0.66, 0.66, 0.66), "tan": (0.74, 0.66, 0.53), "sage": (0.56, 0.70, 0.55),
    "slate": (0.54, 0.62, 0.76), "mauve": (0.72, 0.56, 0.70),
}
TEXTURES = ("cloudy", "grainy", "striped", "spotted")
SHAPES = ("circle", "square", "triangle")
COUNTS = ("one", "two", "three")
SIZES = ("small", "large")
DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
CAMERAS = ("drifting left", "drifting right", "drifting up", "drifting down", "zooming in", "zooming out", "standing still")
BARS = ("none", "none", "none", "upright", "level")  # three scenes of five have no bar
SURFACES = 0.2  # share of scenes that show a vivid surface without shapes
PROMPT_FILES = pathlib.Path(__file__).resolve().parent.parent / "prompts"


@dataclasses.dataclass(frozen=True)
class Scene:
    """One clip in words; `tone` is a vivid colour when `count` is 0. Numbers that words leave open come from the renderer's seed."""

    tone: str
    backdrop: str
    camera: str
    count: int = 0
    size: str = "small"
    colour: str = "red"
    texture: str = "cloudy"
    shape: str = "circle"
    direction: str = "left"
    bar: str = "none"

    def prompt(self) -> str:
        if self.count == 0:
            return f"a {self.tone} {self.backdrop} surface {self.camera}"
        noun = self.shape + ("s" if self.count > 1 else "")
        behind = "" if self.bar == "none" else f" behind an {self.bar} bar" if self.bar == "upright" else f" behind a {self.bar} bar"
        return (f"{COUNTS[self.count - 1]} {self.size} {self.colour} {self.texture} {noun} moving {self.direction}{behind}"
                f" over a {self.tone} {self.backdrop} background {self.camera}")


def random_scene(rng: random.Random) -> Scene:
    """A scene drawn uniformly from the grammar."""
    if rng.random() < SURFACES:
        return Scene(rng.choice(list(COLOURS)), rng.choice(TEXTURES), rng.choice(CAMERAS))
    count = rng.choice((1, 1, 2, 2, 3))
    direction = rng.choice(list(DIRECTIONS))
    bar = rng.choice(BARS)
    if bar != "none":  # a bar lies across the path, so that every shape disappears and comes back
        bar = "upright" if direction in ("left", "right") else "level"
    return Scene(rng.choice(list(TONES)), rng.choice(TEXTURES), rng.choice(CAMERAS), count, rng.choice(SIZES),
                 rng.choice(list(COLOURS)), rng.choice(TEXTURES), rng.choice(SHAPES), direction, bar)


def parse(prompt: str) -> Scene:
    """The scene of a prompt written by this grammar; the inverse of `Scene.prompt`."""
    words = prompt.split()
    if words[3] == "surface":
        return Scene(words[1], words[2], " ".join(words[4:]))
    over = words.index("over")
    bar = words[over - 2] if "behind" in words else "none"
    return Scene(words[over + 2], words[over + 3], " ".join(words[over + 5:]), COUNTS.index(words[0]) + 1, words[1], words[2],
                 words[3], words[4].removesuffix("s"), words[6], bar)


@functools.cache
def reserved() -> frozenset[str]:
    """Prompts kept for calibration, tuning and held-out runs: training never shows them."""
    files = sorted(PROMPT_FILES.glob("*.txt"))
    return frozenset(line for file in files for line in file.read_text().splitlines())


def training_scenes(count: int, seed: int) -> list[Scene]:
    """`count` scenes whose prompts are not reserved."""
    rng, kept_back, scenes = random.Random(seed), reserved(), []
    while len(scenes) < count:
        scene = random_scene(rng)
        if scene.prompt() not in kept_back:
            scenes.append(scene)
    return scenes


def write_prompt_files(seed: int = 2026) -> None:
    """The three disjoint prompt files that every measurement uses."""
    rng, seen = random.Random(seed), set()
    for name, count in (("calibration", 32), ("tuning", 16), ("heldout", 64)):
        lines = []
        while len(lines) < count:
            prompt = random_scene(rng).prompt()
            if prompt not in seen:
                seen.add(prompt)
                lines.append(prompt)
        (PROMPT_FILES / f"{name}.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_prompt_files()
