"""What `wean-inspect export` writes, read back with NumPy and compared bit by bit with the independent mask decoder.

usage: export_test.py FOLDER_OF_TOOLS
"""
import importlib.util
import os
import pathlib
import sys
import unittest

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspect_files  # noqa: E402
from inspect_files import GOLDEN, InspectTest, Masks, dense_masks  # noqa: E402

BRANCHES = ("cond", "uncond")


def section_name(key):
    return f"phase{key[0]}-{BRANCHES[key[1]]}-expert{key[2]}-layer{key[3]}"


class Export(InspectTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        profile, plan, masks = cls.chain("two", ["experts=2", "branches=2", "frames=3", "height=7", "width=9"])
        odd = cls.pack(profile, plan, cls.at / "odd.wean", "--block", "48x16", "--grid", "5x11x13")  # 45 columns, ragged
        cls.profile = profile
        cls.files = [masks, odd, GOLDEN / "masks/v1.wean", GOLDEN / "masks/v1-tiny.wean"]

    def export(self, path, form):
        folder = self.at / f"{self.id()}-{path.name}" / form
        said = self.json("export", path, "--to", form, "-o", folder)
        files = sorted(folder.iterdir())
        self.assertEqual((str(folder), len(files), sum(file.stat().st_size for file in files), False),
                         tuple(said[key] for key in ("output", "files", "bytes", "dry_run")))
        masks = Masks(path)
        self.assertEqual(len(masks.sections), said["sections"])
        return folder, masks

    def check_names(self, folder, masks, *endings):
        self.assertEqual(sorted(section_name(key) + ending for key in masks.sections for ending in endings), sorted(os.listdir(folder)))

    def array(self, path, kind, shape):
        data = np.load(path, allow_pickle=False)
        self.assertEqual((np.dtype(kind), tuple(shape), True), (data.dtype, data.shape, data.flags.c_contiguous))
        return data

    def test_what_the_cases_hold(self):
        """Dense, shared and empty heads, more columns than bits in a word, and ragged last blocks are among them."""
        decoded = [Masks(path) for path in self.files]
        heads = [(heads, bits) for masks in decoded for _, heads in masks.file.content for bits, _ in heads]
        self.assertTrue(any(bits is None for _, bits in heads))
        self.assertTrue(any(bits is not None and not any(bits) for _, bits in heads))
        self.assertTrue(any([bits for bits, _ in section].count(one) > 1 for section, one in heads if one is not None))
        self.assertTrue(any(masks.file.cols > 32 and masks.file.tokens % masks.file.q_block for masks in decoded))

    def test_npy(self):
        for path in self.files:
            folder, masks = self.export(path, "npy")
            self.check_names(folder, masks, ".npy")
            for key, kept in masks.sections.items():
                file = folder / (section_name(key) + ".npy")
                np.testing.assert_array_equal(kept, self.array(file, "?", kept.shape))
                self.assertEqual(0, (file.stat().st_size - kept.size) % 64, "data begin at a multiple of 64")

    def test_lists(self):
        for path in self.files:
            folder, masks = self.export(path, "lists")
            self.check_names(folder, masks, ".counts.npy", ".indices.npy")
            for key, kept in masks.sections.items():
                counts = self.array(folder / (section_name(key) + ".counts.npy"), "<i4", kept.shape[:2])
                np.testing.assert_array_equal(kept.sum(2), counts)
                indices = self.array(folder / (section_name(key) + ".indices.npy"), "<i4", [kept.sum()])
                np.testing.assert_array_equal(np.nonzero(kept)[2], indices)

    def test_flex(self):
        for path in self.files:
            folder, masks = self.export(path, "flex")
            self.check_names(folder, masks, ".kv_num_blocks.npy", ".kv_indices.npy")
            for key, kept in masks.sections.items():
                counts = self.array(folder / (section_name(key) + ".kv_num_blocks.npy"), "<i4", (1, *kept.shape[:2]))[0]
                indices = self.array(folder / (section_name(key) + ".kv_indices.npy"), "<i4", (1, *kept.shape))[0]
                np.testing.assert_array_equal(kept.sum(2), counts)
                np.testing.assert_array_equal(np.broadcast_to(np.arange(kept.shape[2]), kept.shape), np.sort(indices, 2))
                first = np.arange(kept.shape[2]) < counts[..., None]
                np.testing.assert_array_equal(first, np.take_along_axis(kept, indices, 2))
                rising = np.diff(indices, axis=2) > 0
                self.assertTrue((rising | (first[..., :-1] & ~first[..., 1:])).all(), "kept and dropped columns ascend")

    @unittest.skipUnless(importlib.util.find_spec("torch"), "needs torch")
    def test_flex_attention_accepts_it(self):
        import torch
        from torch.nn.attention.flex_attention import BlockMask
        folder, masks = self.export(self.files[1], "flex")
        block = (masks.file.q_block, masks.file.k_block)
        for key, kept in masks.sections.items():
            arrays = [torch.from_numpy(np.load(folder / f"{section_name(key)}.{name}.npy")) for name in ("kv_num_blocks", "kv_indices")]
            mask = BlockMask.from_kv_blocks(*arrays, BLOCK_SIZE=block, seq_lengths=(masks.file.tokens, masks.file.tokens))
            np.testing.assert_array_equal(kept, mask.to_dense()[0].numpy() != 0)

    def test_lists_are_the_default(self):
        folder = self.fresh("")
        self.outcome("export", self.files[0], "-o", folder)
        self.assertTrue((folder / "phase0-cond-expert0-layer0.counts.npy").exists())

    def test_dry_run_counts_and_writes_nothing(self):
        for form in ("npy", "lists", "flex"):
            folder = self.fresh(form)
            dry = self.json("export", self.files[0], "--to", form, "-o", folder, "--dry-run")
            self.assertFalse(folder.exists())
            self.assertIn("nothing was written", self.outcome("export", self.files[0], "--to", form, "-o", folder, "--dry-run"))
            self.assertEqual(dry | {"dry_run": False}, self.json("export", self.files[0], "--to", form, "-o", folder))

    def test_existing_files_are_kept_without_force(self):
        folder = self.fresh("")
        folder.mkdir()
        last = folder / "phase2-uncond-expert1-layer1.indices.npy"
        last.write_text("mine")
        self.refused(2, [last, "exists; --force replaces it"], "export", self.files[0], "-o", folder)
        self.assertEqual(([last], "mine"), (list(folder.iterdir()), last.read_text()))
        self.outcome("export", self.files[0], "-o", folder, "--force")
        self.assertEqual(48, len(list(folder.iterdir())))
        self.assertNotEqual(b"mine", last.read_bytes())

    def test_equal_bytes_each_time(self):
        first, _ = self.export(self.files[0], "flex")
        again = self.fresh("again")
        self.outcome("export", self.files[0], "--to", "flex", "-o", again)
        for file in first.iterdir():
            self.assertEqual(file.read_bytes(), (again / file.name).read_bytes())

    def test_what_cannot_be_exported(self):
        for path in (self.profile, GOLDEN / "plan/plan-v1.h5", GOLDEN / "profile/shard-v1.h5"):
            self.refused(2, [path, "holds no masks"], "export", path, "-o", self.fresh(""))
        huge = dense_masks(self.fresh(".wean"), (1 << 10, 1 << 7, 1 << 6), 16)
        self.refused(2, [huge, "1 heads of 524288x524288 pairs", "at most 1073741824"], "export", huge, "-o", self.fresh(""))
        self.assertFalse(self.fresh("").exists())

    def test_a_file_of_dense_heads_alone(self):
        small = dense_masks(self.fresh(".wean"), (3, 5, 7), 16, heads=2)
        folder, masks = self.export(small, "lists")
        np.testing.assert_array_equal(np.full((2, 7), 7), np.load(folder / "phase0-cond-expert0-layer0.counts.npy"))
        self.assertEqual((2, 7, 7), masks.sections[(0, 0, 0, 0)].shape)

    def test_folders_that_cannot_be_written(self):
        self.refused(6, "wean", "export", self.files[0], "-o", self.profile / "below-a-file", "--quiet")
        self.refused(6, self.profile, "export", self.files[0], "-o", self.profile, "--quiet")


if __name__ == "__main__":
    inspect_files.main()
