"""Checks the source tree against cmake/layers.txt, and that the check finds what is planted.

usage: layering_test.py SOURCE_DIR LINKS_FILE
"""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from layers import Rules, include_faults, link_faults  # noqa: E402

ROOT, LINKS = pathlib.Path(), pathlib.Path()


class Tree(unittest.TestCase):
    def setUp(self):
        self.rules = Rules((ROOT / "cmake/layers.txt").read_text())

    def test_includes(self):
        self.assertEqual([], include_faults(ROOT, self.rules))

    def test_links(self):
        self.assertIn("wean_base", LINKS.read_text())
        self.assertEqual([], link_faults(self.rules, LINKS.read_text()))

    def test_listed_folders_are_real_or_planned(self):
        for folder in self.rules.folders:
            for other in self.rules.folders[folder]:
                self.assertIn(other, self.rules.folders, f"{folder} may include {other}, which is no layer")


class Planted(unittest.TestCase):
    """One wrong file in a small tree of its own; the same tree without it is clean."""

    def setUp(self):
        self.rules = Rules((ROOT / "cmake/layers.txt").read_text())
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path in ("common/base/a.h", "common/cli/a.h", "pack/a.h", "models/a.h", "tests/a.h",
                     "runtime/include/wean/wean.h"):
            self.plant(path, "#include <vector>\n")

    def plant(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def expect(self, path, text, fault):
        self.assertEqual([], include_faults(self.root, self.rules))
        self.plant(path, text)
        faults = include_faults(self.root, self.rules)
        self.assertEqual(1, len(faults), faults)
        self.assertIn(fault, faults[0])

    def test_wrong_layer(self):
        self.expect("pack/b.cc", '#include "models/a.h"\n', "pack may not include models")

    def test_upwards(self):
        self.expect("common/base/b.cc", '#  include "pack/a.h"\n', "common/base may not include pack")

    def test_third_party(self):
        self.expect("pack/b.cc", "#include <ATen/ATen.h>\n", "third party 'torch' only in")

    def test_command_line_in_a_core(self):
        self.plant("pack/options.cc", '#include "common/cli/a.h"\n')
        self.expect("pack/core.cc", '#include "common/cli/a.h"\n', "pack may not include common/cli")

    def test_command_line_in_a_library(self):
        self.expect("common/base/options.cc", '#include "common/cli/a.h"\n', "common/base may not include common/cli")

    def test_tests_in_product_code(self):
        self.expect("pack/b.cc", '#include "tests/a.h"\n', "outside the layers")

    def test_public_header_of_the_runtime(self):
        self.expect("pack/b.cc", "#include <wean/wean.h>\n", "pack may not include runtime")

    def test_relative_include(self):
        self.expect("pack/b.cc", '#include "a.h"\n', "from the repository root")

    def test_unknown_folder(self):
        self.expect("newpart/b.cc", "", "not in cmake/layers.txt")

    def test_links(self):
        good = "wean_base common/base: OpenSSL::Crypto\nwean_models models: wean::base wean_torch_cpu\n"
        self.assertEqual([], link_faults(self.rules, good))
        bad = good + "wean_pack pack: wean::base wean::models OpenSSL::Crypto\n"
        faults = link_faults(self.rules, bad)
        self.assertEqual(2, len(faults), faults)
        self.assertIn("pack may not link models", faults[0])
        self.assertIn("'openssl' only in common/base", faults[1])


if __name__ == "__main__":
    ROOT, LINKS = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
