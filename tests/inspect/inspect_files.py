"""What the tests of wean-inspect share: running tools, files made once a test class, masks decoded without wean's code."""
import hashlib
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np

TESTS = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = TESTS / "golden"
sys.path += [str(TESTS / "oracle"), str(TESTS / "corrupt")]
from masks_oracle import MaskFile, up64  # noqa: E402

TOOLS = pathlib.Path()


def main():
    """Runs the tests of the script, whose first argument is the folder of the tools."""
    global TOOLS
    TOOLS = pathlib.Path(sys.argv[1])
    unittest.main(argv=sys.argv[:1] + sys.argv[2:])


def inspect(*arguments, **environment):
    return subprocess.run([TOOLS / "wean-inspect", *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **environment))


def make(tool, *arguments):
    subprocess.run([TOOLS / tool, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)


class InspectTest(unittest.TestCase):
    """A folder for each class; `outcome` and `refused` are how results are looked at."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = pathlib.Path(cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def chain(cls, name, profile=(), plan=(), pack=()):
        """Paths of a profile, a plan of it and masks of that, with options `field=value` and of wean-pack."""
        paths = [cls.at / f"{name}.{ending}" for ending in ("profile.h5", "plan.h5", "wean")]
        make("wean-make-synthetic-profile", paths[0], *profile)
        make("wean-make-test-plan", paths[0], paths[1], *plan)
        cls.pack(paths[0], paths[1], paths[2], *pack)
        return paths

    @classmethod
    def pack(cls, profile, plan, output, *options):
        make("wean-pack", plan, "--profile", profile, "-o", output, "--quiet", *options)
        return output

    def fresh(self, ending):
        """A path of this test's own where nothing is."""
        return self.at / (self.id().split(".")[-1] + ending)

    def outcome(self, *arguments, code=0):
        """Standard output of a run that ends with `code`, without progress."""
        result = inspect(*arguments, "--quiet")
        self.assertEqual((code, ""), (result.returncode, result.stderr), arguments)
        return result.stdout

    def json(self, *arguments, code=0):
        return json.loads(self.outcome(*arguments, "--json", code=code))

    def refused(self, code, words, *arguments):
        """One line that says all of `words`; usage errors add where help is."""
        result = inspect(*arguments)
        self.assertEqual(code, result.returncode, f"{arguments}: {result.stderr}")
        lines = result.stderr.splitlines()
        self.assertTrue(lines[0].startswith("wean-inspect: error: "), lines)
        self.assertEqual(["see wean-inspect --help"] if code == 2 else [], lines[1:])
        for word in words if isinstance(words, list) else [words]:
            self.assertIn(str(word), lines[0])
        self.assertEqual("", result.stdout)


class Masks:
    """Kept pairs of a mask file by the decoder that knows schemas/masks.md alone."""

    def __init__(self, path):
        self.file = MaskFile(pathlib.Path(path).read_bytes())
        self.shape = (self.file.rows, self.file.cols)
        self.sections = {key: np.stack([self.map_of(bits) for bits, _ in heads]) for key, heads in self.file.content}
        self.density = {key: np.array([kept / self.file.tokens**2 for _, kept in heads]) for key, heads in self.file.content}

    def map_of(self, bits):
        if bits is None:
            return np.ones(self.shape, bool)
        words = np.frombuffer(bits, "<u4").reshape(self.file.rows, self.file.words)
        columns = np.arange(self.file.cols)
        return (words[:, columns // 32] >> (columns % 32).astype(np.uint32) & 1).astype(bool)

    def layer(self, key):
        """Layers count over the experts."""
        return key[2] * self.file.layers + key[3]


def dense_masks(path, grid, block, heads=1):
    """A small whole mask file of dense heads, of any size: one phase, one branch, one layer."""
    tokens = int(np.prod(grid))
    payload = b"\xff" * 4 * heads + bytes(up64(4 * heads) - 4 * heads)
    tables = 320 + 16 + 96
    entry = struct.pack("<6I5Q32s", 0, 0, 0, 0, 1, 0, up64(tables), len(payload), 0, heads * tokens**2, 0,
                        hashlib.sha256(payload).digest())
    header = bytes.fromhex("89 57 45 41 4E 0D 0A 1A") + struct.pack("<HHIQ", 1, 0, 320, up64(tables) + len(payload))
    header += struct.pack("<18I", 0, 0, 1, 96, 64, 1, 1, 1, 1, 1, heads, 64, *grid, block, block, 0)
    header += struct.pack("<dI", 1.0, 1) + bytes(20) + bytes(128) + b"dense".ljust(32, b"\0")
    phase = struct.pack("<dII", 0.0, 1, 0)
    root = hashlib.sha256(header + phase + entry).digest()
    path.write_bytes((header + root + phase + entry).ljust(up64(tables), b"\0") + payload)
    return path
