"""What wean-extract needs of a checkpoint, where it may lie, and what --dry-run says of the files that a run then writes.

Usage: inputs_test.py BIN_DIR CHECKPOINT
"""
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import torch
from safetensors.torch import save_file

BIN, CHECKPOINT = pathlib.Path(), pathlib.Path()
PROMPT = "a red square moves left"
SAMPLING = ["--steps", "2", "--guidance", "3", "--phases", "2", "--block", "16", "--quiet", "--json"]


def extract(*arguments, expected=0):
    done = subprocess.run([str(BIN / "wean-extract"), *map(str, arguments), *SAMPLING], capture_output=True, text=True)
    if done.returncode != expected:
        raise AssertionError(f"{arguments}: exit {done.returncode}, expected {expected}\n{done.stderr}")
    return json.loads(done.stdout) if expected == 0 else done.stderr


class Inputs(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = pathlib.Path(self.scratch.name)
        (self.folder / "prompts.txt").write_bytes(b"\xef\xbb\xbf" + PROMPT.encode() + b"\r\n")

    def tearDown(self):
        self.scratch.cleanup()

    def arguments(self, model, output, size="64x64", frames=5):
        return [model, "-o", self.folder / output, "--prompts", self.folder / "prompts.txt", "--size", size, "--frames", frames]

    def cache(self):
        """A hub cache with the transformer and what belongs to it alone -> its outer folder."""
        outer = self.folder / "models--someone--tiny-wan"
        for name in ("model_index.json", "scheduler/scheduler_config.json", "vae/config.json", "transformer/config.json",
                     "transformer/diffusion_pytorch_model.safetensors"):
            blob, link = outer / "blobs" / name.replace("/", "-"), outer / "snapshots/0a1b" / name
            for path in (blob, link):
                path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(CHECKPOINT / name, blob)
            link.symlink_to(pathlib.Path(*[".."] * len(link.relative_to(outer).parts[:-1])) / "blobs" / blob.name)
        return outer

    def embeddings(self):
        width = json.loads((CHECKPOINT / "transformer/config.json").read_text())["text_dim"]
        torch.manual_seed(1)
        rows = {hashlib.sha256(text.encode()).hexdigest(): torch.randn(5, width) for text in ("", PROMPT)}
        save_file(rows, self.folder / "embeddings.safetensors")
        return ["--embeddings", self.folder / "embeddings.safetensors"]

    def test_embeddings_need_neither_text_encoder_nor_vae(self):
        outer, embeddings = self.cache(), self.embeddings()
        self.assertIn("text_encoder/config.json: not there; use --embeddings", extract(*self.arguments(outer, "a.h5"), expected=2))
        dry = extract(*self.arguments(outer, "a.h5"), *embeddings, "--dry-run")
        made = extract(*self.arguments(outer, "a.h5"), *embeddings)
        whole = extract(*self.arguments(CHECKPOINT, "b.h5"), *embeddings)
        self.assertEqual([dry["model"], made["model"]], [str(outer / "snapshots/0a1b")] * 2)
        self.assertEqual(whole["model"], str(CHECKPOINT))
        self.assertEqual((self.folder / "a.h5").read_bytes(), (self.folder / "b.h5").read_bytes())

    def test_dry_run_says_what_a_run_takes(self):
        arguments = self.arguments(CHECKPOINT, "a.h5", "192x192", 17)
        dry = extract(*arguments, "--dry-run")
        self.assertFalse((self.folder / "a.h5").exists() or (self.folder / "a.h5.shards").exists())
        made = extract(*arguments)
        (shard,) = [path for path in (self.folder / "a.h5.shards").glob("*.h5")]
        for said, path in (("shard_bytes", shard), ("profile_bytes", self.folder / "a.h5")):
            self.assertGreater(path.stat().st_size, dry[said], said)
            self.assertLess(path.stat().st_size, 1.25 * dry[said], said)
        self.assertEqual(dry["block"], 16)
        self.assertGreater(dry["dense_seconds"], 0)
        self.assertGreater(dry["seconds"], dry["dense_seconds"] / 3)  # both are measured, on a machine that does other work
        self.assertTrue(0.05 < dry["seconds"] / made["seconds"] < 20, (dry["seconds"], made["seconds"]))
        self.assertTrue(2**28 <= dry["memory_bytes"] < 2**29, "the bound of --chunk-memory, and little more for a clip this small")


if __name__ == "__main__":
    BIN, CHECKPOINT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
