"""tiny-wan in diffusers and through wean's tools: mask files of its own and what wean-verify makes of them."""
import contextlib
import functools
import pathlib
import subprocess
import tempfile

import oracles
from bindings_support import ROOT, torch

try:
    import diffusers
    from diffusers import WanPipeline
    from safetensors.torch import load_file
except ImportError as missing:
    oracles.skip(missing)

CHECKPOINT = ROOT / "examples/tiny-wan/checkpoint"
PROMPT = "two blue discs move up"
SAMPLING = ["--guidance", "4", "--threads", "1", "--quiet"]
SIZE = dict(width=96, height=96, num_frames=9)  # 3x6x6 tokens
diffusers.utils.logging.disable_progress_bar()
diffusers.utils.logging.set_verbosity_error()


class Tools:
    """wean's tools, working in a folder of their own."""

    def __init__(self, bin_dir):
        self.bin, self.scratch = pathlib.Path(bin_dir), tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        (self.folder / "calibration.txt").write_text("a red square moves left\n")
        (self.folder / "heldout.txt").write_text(PROMPT + "\n")

    def run(self, tool, *arguments):
        subprocess.run([str(self.bin / tool), *map(str, arguments)], cwd=self.folder, check=True, capture_output=True)

    @functools.cache
    def profile(self):
        self.run("wean-extract", CHECKPOINT, "-o", "profile.h5", "--prompts", "calibration.txt", "--size", "96x96", "--frames", 9, "--steps", 4,
                 "--phases", 2, "--block", 16, "--branches", "both", *SAMPLING)
        return "profile.h5"

    @functools.cache
    def masks(self, density):
        """Path of a mask file of that global density."""
        self.run("wean-calibrate", self.profile(), "-o", f"{density}.h5", "--density", density, "--quiet")
        self.run("wean-pack", f"{density}.h5", "--profile", self.profile(), "-o", f"{density}.wean", "--quiet")
        return self.folder / f"{density}.wean"

    def latents(self, density, steps=4, dtype="float32"):
        """{"initial.0", "dense.0", "sparse0.0"}: latents [16, 3, 12, 12] of wean-verify."""
        return self._latents(density, steps, dtype)

    @functools.cache
    def _latents(self, density, steps, dtype):
        name = f"{density}-{steps}-{dtype}"
        self.run("wean-verify", CHECKPOINT, self.masks(density), "--prompts", "heldout.txt", "-o", name, "--steps", steps, "--dtype", dtype,
                 "--save-latents", name + ".safetensors", "--latents-only", "--no-ceiling", "--no-recall", *SAMPLING)
        return load_file(self.folder / (name + ".safetensors"))


def pipeline(dtype=torch.float32):
    pipe = WanPipeline.from_pretrained(CHECKPOINT, dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def sample(pipe, initial=None, steps=4, **size):
    """Latents [16, t, h, w] of the prompt."""
    start = dict(generator=torch.Generator().manual_seed(1)) if initial is None else dict(latents=initial[None])
    return pipe(prompt=PROMPT, negative_prompt="", num_inference_steps=steps, guidance_scale=4.0, output_type="latent", **start,
                **{**SIZE, **size}).frames[0]


def video(pipe, latents):
    """Frames in [0, 1], as the pipe decodes them."""
    mean, std = (torch.tensor(values).view(1, -1, 1, 1, 1) for values in (pipe.vae.config.latents_mean, pipe.vae.config.latents_std))
    decoded = pipe.vae.decode((latents[None].float() * std + mean).to(pipe.vae.dtype), return_dict=False)[0]
    return pipe.video_processor.postprocess_video(decoded, output_type="pt")[0]


def psnr(ours, theirs):
    """Decibels; frames in [0, 1]."""
    error = float((ours.double() - theirs.double()).pow(2).mean())
    return float("inf") if error == 0 else -10 * torch.log10(torch.tensor(error)).item()


@contextlib.contextmanager
def changed(module, name):
    """One weight of `module` doubled, within the block."""
    weight = module.get_parameter(name)
    weight.data *= 2
    try:
        yield
    finally:
        weight.data /= 2
