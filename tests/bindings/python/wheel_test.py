"""`pip install .` as a user runs it: the wheel holds what it should, and works where it was put."""
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import oracles
from bindings_support import GOLDEN, ROOT

if importlib.util.find_spec("scikit_build_core") is None:
    oracles.skip("No module named 'scikit_build_core'")
LIBRARIES = ["libwean.so.0", "libwean_torch.so"]
PROGRAM = f"""
import torch, wean
from wean.operators import operators
masks = wean.load({str(GOLDEN)!r})
q = torch.randn(1, 1274, 4, 64)
site = [torch.tensor(value) for value in (1, 0, 1)]
print(tuple(operators().block_sparse_attention(q, q, q, masks.operator_number(), *site).shape), wean.__file__)
"""


def run(*command, **keywords):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, **keywords)
    if done.returncode != 0:
        raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Wheel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        run(sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--target", cls.folder / "site",
            "-C", f"build-dir={cls.folder / 'build'}", "-C", "cmake.define.WEAN_CUDA=OFF", ROOT)
        cls.package = cls.folder / "site/wean"

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def test_what_it_holds(self):
        modules = [path.name for path in (ROOT / "bindings/python/wean").iterdir() if path.suffix in (".py", ".typed")]
        found = [path.name for path in self.package.iterdir() if path.name != "__pycache__"]
        self.assertEqual(sorted(modules + LIBRARIES), sorted(found))

    def test_the_build_tree_has_the_same(self):
        """bindings/python/CMakeLists.txt lists the modules by name."""
        staged = next(pathlib.Path(path) for path in sys.path if (pathlib.Path(path) / "wean/libwean.so.0").exists())
        self.assertEqual(sorted(path.name for path in self.package.glob("*.py")), sorted(path.name for path in (staged / "wean").glob("*.py")))

    def test_libraries_know_no_place(self):
        for name in LIBRARIES:
            lines = [line for line in run("readelf", "-d", self.package / name).splitlines() if "PATH" in line]
            self.assertTrue(all("[$ORIGIN]" in line for line in lines), lines)
            needed = run("readelf", "-d", self.package / name)
            self.assertNotIn("libhdf5", needed)
            self.assertEqual(name == "libwean_torch.so", "libtorch_cpu.so" in needed)

    def test_it_works(self):
        said = run(sys.executable, "-c", PROGRAM, env={**os.environ, "PYTHONPATH": str(self.folder / "site")}, cwd="/")
        self.assertIn("(1, 1274, 4, 64)", said)
        self.assertIn(str(self.package), said)


if __name__ == "__main__":
    unittest.main()
