"""examples/tiny-wan/train.py: a call that must end at once keeps nothing as if it were trained, and the next goes on."""
import pathlib
import subprocess
import sys
import tempfile

import torch

TRAIN = pathlib.Path(__file__).resolve().parents[2] / "examples/tiny-wan/train.py"
TINY = ["--device", "cpu", "--vae-batch", "1", "--clips", "2", "--batch", "1", "--transformer-minutes", "0.01", "--log-every", "1"]


def train(out, *options):
    done = subprocess.run([sys.executable, TRAIN, "--out", out, *TINY, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def main():
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch)
        unfinished = "not finished: run the same command again"
        assert train(out, "--vae-minutes", "1000", "--wall-minutes", "0") == unfinished
        assert not (out / "vae.pt").exists() and not (out / "latents.pt").exists() and not (out / "checkpoint").exists()
        assert torch.load(out / "vae_unfinished.pt")["step"] == 0
        assert train(out, "--vae-minutes", "1000", "--wall-minutes", "0.05") == unfinished
        steps = torch.load(out / "vae_unfinished.pt")["step"]
        assert steps > 0 and not (out / "vae.pt").exists()
        assert train(out, "--vae-minutes", "0.0001", "--wall-minutes", "0") == unfinished  # its budget was used before
        assert (out / "vae.pt").exists() and not (out / "vae_unfinished.pt").exists() and not (out / "latents.pt").exists()
        print(f"{steps} steps were kept and gone on from")


if __name__ == "__main__":
    main()
