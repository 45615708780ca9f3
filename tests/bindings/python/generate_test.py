"""examples/diffusers/generate.py as a user runs it: frames, a clip, and what a file that does not fit gets.

usage: generate_test.py BIN_DIR
"""
import os
import subprocess
import sys
import unittest

from bindings_support import GOLDEN, ROOT
from live import CHECKPOINT, Tools

TOOLS: Tools


def generate(masks, output, *options):
    command = [sys.executable, ROOT / "examples/diffusers/generate.py", CHECKPOINT, masks, "a red square", "-o", TOOLS.folder / output,
               "--steps", "2"]
    return subprocess.run([*map(str, command), *options], capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


class Generate(unittest.TestCase):
    def test_frames(self):
        done = generate(TOOLS.masks(0.5), "frames", "--dtype", "bfloat16")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn("grid 3x6x6, 2 phases, g 0.500", done.stdout)
        self.assertIn("9 frames of 96x96", done.stdout)
        self.assertEqual([f"{i:03}.png" for i in range(9)], sorted(path.name for path in (TOOLS.folder / "frames").iterdir()))

    def test_clip(self):
        done = generate(TOOLS.masks(0.5), "clip.gif")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertGreater((TOOLS.folder / "clip.gif").stat().st_size, 1000)

    def test_masks_of_another_model(self):
        done = generate(GOLDEN, "none")
        self.assertEqual(1, done.returncode)
        self.assertIn("GeometryMismatchError", done.stderr)
        self.assertFalse((TOOLS.folder / "none").exists())


if __name__ == "__main__":
    TOOLS = Tools(sys.argv.pop(1))
    unittest.main()
