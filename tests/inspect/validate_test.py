"""What kind of file wean-inspect takes a file for, and what `wean-inspect validate` says about good and damaged ones.

usage: validate_test.py FOLDER_OF_TOOLS
"""
import hashlib
import os
import pathlib
import random
import shutil
import struct
import sys

import h5py

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspect_files  # noqa: E402
from inspect_files import GOLDEN, InspectTest  # noqa: E402
import h5_broken  # noqa: E402

GOOD = {"profile": GOLDEN / "profile/profile-v1.h5", "shard": GOLDEN / "profile/shard-v1.h5", "plan": GOLDEN / "plan/plan-v1.h5",
        "masks": GOLDEN / "masks/v1.wean"}

# offset, little-endian value and its width, exit code, words of the message
PATCHED_MASKS = [
    (0, 0x88, 1, 3, "begins neither as a mask file nor as HDF5"),
    (6, 0x20, 1, 3, "magic"),
    (8, 2, 2, 3, "version"),
    (16, 1, 8, 4, "file_bytes"),
    (24, 4, 4, 3, "flags"),
    (40, 128, 4, 3, "align"),
    (44, 2, 4, 3, "hash"),
    (52, 3, 4, 4, "root"),
    (128, 7, 1, 4, "root"),
    (288, 7, 1, 4, "root"),
]
# The same with the root made true again, as a faulty writer would.
REHASHED_MASKS = [
    (52, 3, 4, 3, "branches"),
    (64, 0, 4, 3, "heads"),
    (92, 1, 4, 3, "token_order"),
    (96, 0x3FE0000000000000, 8, 3, "global_density"),
    (104, 2, 4, 3, "schema"),
    (108, 1, 1, 3, "reserved"),
    (256, 0, 1, 3, "family"),
    (320, 0x4000000000000000, 8, 3, "sigma must fall"),
    (352 + 16, 2, 4, 3, "kind"),
    (352 + 40, 1, 8, 3, "popcount"),
    (352 + 48, 1, 8, 3, "global_density"),
    (352 + 64, 1, 8, 4, "SHA-256"),
]


class Validate(InspectTest):
    def good(self, kind):
        """A copy that may be damaged."""
        return pathlib.Path(shutil.copy(GOOD[kind], self.at / f"{kind}-{self.id()}"))

    def test_good_files(self):
        for kind, path in GOOD.items():
            said = self.json("validate", path)
            self.assertEqual((True, kind, str(path), path.stat().st_size), tuple(said[k] for k in ("valid", "kind", "path", "bytes")))
            text = self.outcome("validate", path)
            self.assertTrue(text.startswith(f"{path}: valid {kind} file, "), text)
            self.assertIn(said["proven"], text)
            self.assertEqual(1, text.count("\n"))

    def test_the_name_of_a_file_means_nothing(self):
        path = self.fresh(".h5")
        shutil.copy(GOOD["masks"], path)
        self.assertEqual("masks", self.json("validate", path)["kind"])

    def test_broken_hdf5_files_of_every_sort(self):
        self.assertGreater(len(h5_broken.CASES), 60)
        for name, kind, code, message, mutate in h5_broken.CASES:
            with self.subTest(name):
                path = h5_broken.make(self.at, GOOD, name, kind, mutate)
                # Files that do not begin as HDF5 are none of wean's; the readers of one kind would say more.
                foreign = path.is_file() and path.read_bytes()[:4] != b"\x89HDF"
                self.refused(code, [path, "begins neither" if foreign else message], "validate", path)

    def patched(self, offset, value, width, rehash):
        path = self.good("masks")
        data = bytearray(path.read_bytes())
        data[offset:offset + width] = struct.pack("<Q", value)[:width]
        if rehash:
            phases, sections = struct.unpack_from("<I", data, 48)[0], struct.unpack_from("<I", data, 32)[0]
            data[288:320] = hashlib.sha256(data[:288] + data[320:320 + 16 * phases + 96 * sections]).digest()
        path.write_bytes(data)
        return path

    def test_patched_masks(self):
        for table, rehash in ((PATCHED_MASKS, False), (REHASHED_MASKS, True)):
            for offset, value, width, code, words in table:
                with self.subTest(offset=offset, rehash=rehash):
                    path = self.patched(offset, value, width, rehash)
                    self.refused(code, [path, words], "validate", path)

    def test_damaged_masks(self):
        path, whole, chance = self.good("masks"), GOOD["masks"].read_bytes(), random.Random(1)
        flips = [whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1:]
                 for at in chance.sample(range(len(whole)), 60)]
        cuts = [whole[:length] for length in (0, 1, 5, 8, 319, 320, 5000, len(whole) - 1)]
        for data in [*flips, *cuts, whole + b"\0", whole + whole]:
            path.write_bytes(data)
            result = inspect_files.inspect("validate", path)
            self.assertIn(result.returncode, (3, 4), result.stderr)
            self.assertEqual(1, result.stderr.count("\n"))
            self.assertTrue(result.stderr.startswith(f"wean-inspect: error: {path}"), result.stderr)

    def test_payload_damage_names_the_section(self):
        path = self.good("masks")
        data = bytearray(path.read_bytes())
        data[-1] ^= 0x80
        path.write_bytes(data)
        for command in ("validate", "show"):
            self.refused(4, [path, "(phase 1, branch 1, expert 0, layer 1)", "SHA-256"], command, path)

    def test_foreign_files(self):
        foreign = {"text": b"no mask\n", "empty": b"", "cut-magic": b"\x89WEA", "seven-bits": b"\x09WEAN\r\n\x1a\n" + bytes(400),
                   "zip": b"PK\x03\x04" + bytes(100), "png": b"\x89PNG\r\n\x1a\n" + bytes(100)}
        for name, data in foreign.items():
            path = self.fresh("." + name)
            path.write_bytes(data)
            for command in (["show"], ["validate"], [], ["export", "-o", self.at / "none"], ["plot", "-o", self.at / "none.png"]):
                self.refused(3, [path, "begins neither as a mask file nor as HDF5", "masks.wean"], *command, path)

    def test_foreign_hdf5(self):
        path = self.fresh(".h5")
        with h5py.File(path, "w", libver=("v110", "v110")) as file:
            file["weights"] = [1, 2, 3]
        for command in ("show", "validate"):
            self.refused(3, path, command, path)

    def test_what_is_no_regular_file(self):
        pipe = self.fresh(".pipe")
        os.mkfifo(pipe)
        for path in (self.at, pipe, "/dev/zero"):
            for command in ("show", "validate"):
                self.refused(6, [path, "not a regular file"], command, path)
            self.refused(6, "not a regular file", "diff", path, GOOD["plan"])
            self.refused(6, "not a regular file", "diff", GOOD["plan"], path)

    def test_missing_files(self):
        for command in (["show"], ["validate"], ["diff", GOOD["plan"]], ["export", "-o", self.at / "none"],
                        ["plot", "-o", self.at / "none.png"], ["plot", GOOD["masks"], "-o", self.at / "none.png", "--profile"]):
            self.refused(6, ["missing.h5: cannot open: No such file or directory"], *command, self.at / "missing.h5")


if __name__ == "__main__":
    inspect_files.main()
