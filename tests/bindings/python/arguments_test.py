"""Arguments of wrong types and what is allowed, in words: always a UsageError, never an exception of ctypes or a guess."""
import pathlib
import unittest

from bindings_support import GOLDEN, np, torch

import wean


class Arguments(unittest.TestCase):
    def setUp(self):
        self.masks = wean.load(GOLDEN)

    def refused(self, words, call, *arguments):
        with self.subTest(words), self.assertRaisesRegex(wean.UsageError, words) as caught:
            call(*arguments)
        self.assertIsInstance(caught.exception, ValueError)
        self.assertNotIn("\n", str(caught.exception))

    def test_paths(self):
        for words, path in [("path None; allowed are str, bytes and os.PathLike", None), ("path 3; allowed", 3), (r"path \[", [GOLDEN]),
                            (r"path '.*v1.wean\\x00.old': has a NUL byte", f"{GOLDEN}\0.old"), ("has a NUL byte", b"\0"),
                            (r"path '\\ud800': cannot be a file name here", "\ud800")]:
            self.refused(words, wean.load, path)
        for path in (str(GOLDEN), bytes(GOLDEN), pathlib.PurePath(GOLDEN)):
            self.assertEqual(str(GOLDEN), wean.load(path).info().path)

    def test_sigmas(self):
        for words, sigma in [("sigma None; allowed are numbers from 0 to 1", None), ("sigma '0.5'; allowed", "0.5"), ("sigma True", True),
                             ("sigma 1j", 1j), (r"sigma \[", [0.5]), (r"sigma tensor", torch.zeros(2)), ("sigma 1000", 10**400)]:
            self.refused(words, self.masks.phase_of_sigma, sigma)
        for sigma in (1, np.float32(1), np.array(1.0), torch.tensor(1.0)):
            self.assertEqual(0, self.masks.phase_of_sigma(sigma))

    def test_sites(self):
        for words, site in [("layer None; allowed are integers from 0", None), ("layer True", True), ("layer 0.0", 0.0), ("layer '0'", "0"),
                            (r"site \(\); allowed are a layer and", ()), (r"site \(0, 0, 0, 0\); allowed are a layer and", (0, 0, 0, 0)),
                            ("branch None", (0, None)), ("branch True", (0, True)), ("expert 'a'", (0, 0, "a")), ("layer 4294967296", 2**32)]:
            self.refused(words, self.masks.bits, site, 0)
        for words, phase in [("phase None; allowed are integers from 0", None), ("phase False", False), ("phase 1.0", 1.0)]:
            self.refused(words, self.masks.to_lists, 0, phase)
        for one in (np.int64(1), torch.tensor(1)):
            np.testing.assert_array_equal(self.masks.bits((1, 1), 1), self.masks.bits((one, one), one))

    def test_devices(self):
        for words, device in [("device 'cpu'; allowed are CUDA devices", "cpu"), ("device 'bogus'", "bogus"), ("device 'None'", None)]:
            self.refused(words, self.masks.upload, device)


if __name__ == "__main__":
    unittest.main()
