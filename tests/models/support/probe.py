"""Runs wean-models-probe and compares tensors with what diffusers computes."""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import oracles  # noqa: E402

try:
    import torch
    import diffusers
    from safetensors.torch import load_file, save_file
except ImportError as missing:
    oracles.skip(missing)

torch.set_num_threads(2)
torch.set_grad_enabled(False)
diffusers.utils.logging.disable_progress_bar()
diffusers.utils.logging.set_verbosity_error()
PROBE = os.environ["WEAN_MODELS_PROBE"]


def run(command, folder="-", tensors=None, **options):
    """Output tensors of one probe command; raises with its message when it fails."""
    with tempfile.TemporaryDirectory() as scratch:
        source = "-"
        if tensors:
            source = str(pathlib.Path(scratch) / "in.safetensors")
            save_file({name: t.contiguous() for name, t in tensors.items()}, source)
        target = str(pathlib.Path(scratch) / "out.safetensors")
        words = [PROBE, command, str(folder), source, target] + [f"{k}={v}" for k, v in options.items()]
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"exit {done.returncode}: {done.stderr.strip()}")
        return load_file(target)


def digests(tensors):
    """The different SHA-256 digests among the tensors' bytes."""
    return {hashlib.sha256(t.contiguous().view(torch.uint8).numpy().tobytes()).hexdigest() for t in tensors.values()}


def relative(ours, theirs):
    """|ours - theirs| / |theirs| in the L2 norm; infinite when the shapes differ or anything is not finite."""
    ours, theirs = ours.double(), theirs.double()
    if ours.shape != theirs.shape or not torch.isfinite(ours).all():
        return float("inf")
    return float((ours - theirs).norm() / theirs.norm())


def psnr(ours, theirs):
    """Of pictures in [0, 1]."""
    error = float((ours.double() - theirs.double()).pow(2).mean())
    return float("inf") if error == 0 else -10 * torch.log10(torch.tensor(error)).item()
