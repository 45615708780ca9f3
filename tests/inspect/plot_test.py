"""The pictures of `wean-inspect plot`, read back pixel by pixel and compared with masks and masses that wean's code did not decode.

usage: plot_test.py FOLDER_OF_TOOLS
"""
import os
import pathlib
import sys

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspect_files  # noqa: E402
from inspect_files import GOLDEN, InspectTest, Masks, dense_masks, make  # noqa: E402
from pictures import BLACK, WHITE, Picture  # noqa: E402

TITLE_UP, SUBTITLE_UP = 26, 15  # from the top of a map to the top of its lines of text
DARK_GREY = (90, 90, 90)
HIGHEST, LOWEST = (252, 255, 164), (0, 0, 4)


class Plot(InspectTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile, cls.plan, cls.masks = cls.chain("two", ["experts=2", "branches=2", "frames=3", "height=7", "width=9"])
        cls.odd = cls.pack(cls.profile, cls.plan, cls.at / "odd.wean", "--block", "48x16", "--grid", "5x11x13")
        cls.decoded = {path: Masks(path) for path in (cls.masks, cls.odd, GOLDEN / "masks/v1.wean", GOLDEN / "masks/v1-tiny.wean")}

    def plot(self, *arguments):
        """A new picture, of the size that was said."""
        path = self.at / f"{self.id()}-{len(os.listdir(self.at))}.png"
        said = self.json("plot", *arguments, "-o", path)
        picture = Picture(path)
        self.assertEqual((str(path), picture.width, picture.height, path.stat().st_size, False),
                         tuple(said[key] for key in ("output", "width", "height", "bytes", "dry_run")))
        self.assertTrue(picture.margin_is_white(), "something is cut off")
        return picture

    def site(self, key, head):
        branch = ("conditional", "unconditional")[key[1]]
        return ["--phase", key[0], "--branch", branch, "--expert", key[2], "--layer", key[3], "--head", head]

    def title(self, picture, box):
        return picture.text(box[0], box[1] - TITLE_UP), picture.text(box[0], box[1] - SUBTITLE_UP, DARK_GREY)

    def check_mask(self, picture, box, kept):
        colours = picture.centres(box, kept.shape)
        np.testing.assert_array_equal(np.where(kept[..., None], BLACK, WHITE), colours)

    def mean_probability(self, key, head):
        with h5py.File(self.profile) as file:
            mass = file["mass"][key[:2] + key[2:] + (head,)].astype(float)
            sizes = np.minimum(16, 189 - np.arange(0, 189, 16))
            return mass / np.outer(sizes, sizes) / len(file["prompts"])

    def check_mass(self, picture, box, values):
        """Larger values are lighter; the largest and the smallest have the ends of the scale."""
        colours = picture.centres(box, values.shape).reshape(-1, 3)
        light = colours @ np.array([0.2126, 0.7152, 0.0722])
        order = np.argsort(values, axis=None)
        self.assertGreater(np.diff(light[order]).min(), -1.5, "a larger value is darker")
        self.assertEqual((LOWEST, HIGHEST), (tuple(colours[order[0]]), tuple(colours[order[-1]])))
        self.assertGreater(len(np.unique(colours, axis=0)), 20)

    def check_ticks(self, picture, box, grid, block, blocks):
        """Ticks where frames begin; the last block may reach past the last frame."""
        for pixels, length, size, count in ((picture.below(box), box[2], block[1], blocks[1]), (picture.beside(box), box[3], block[0], blocks[0])):
            expected = [int(frame * grid[1] * grid[2] / (size * count) * length) for frame in range(grid[0])]
            self.assertEqual(expected, pixels.tolist())

    def test_masks(self):
        for path, masks in self.decoded.items():
            key = list(masks.sections)[len(masks.sections) // 2]
            for head in range(masks.file.heads):
                kept = masks.sections[key][head]
                picture = self.plot(path, *self.site(key, head))
                (box,) = picture.maps()
                self.check_mask(picture, box, kept)
                longer = max(kept.shape)
                self.assertEqual((0, True), (box[2] % longer, abs(box[2] - 560) <= longer / 2))
                self.assertEqual(box[2], box[3])
                title, subtitle = self.title(picture, box)
                expert = f", expert {key[2]}" if masks.file.experts > 1 else ""
                branch = ("conditional", "unconditional")[key[1]]
                self.assertEqual(f"phase {key[0]}, {branch}{expert}, layer {key[3]}, head {head}: mask", title)
                self.assertEqual(f"density {masks.density[key][head]:.3f}, blocks of {masks.file.q_block}x{masks.file.k_block}, "
                                 f"{kept.shape[0]}x{kept.shape[1]} pairs", subtitle)
                self.check_ticks(picture, box, masks.file.grid, (masks.file.q_block, masks.file.k_block), kept.shape)

    def test_what_the_cases_hold(self):
        kept = np.array([maps.mean() for masks in self.decoded.values() for section in masks.sections.values() for maps in section])
        self.assertTrue((kept == 1).any() and (kept == 0).any() and ((kept > 0) & (kept < 1)).any())
        self.assertTrue(all(self.decoded[path].file.tokens % self.decoded[path].file.q_block for path in (self.masks, self.odd)))

    def test_sides(self):
        kept = self.decoded[self.odd].sections[(0, 0, 0, 0)][1]
        for side in (32, 100, 333, 4096):
            picture = self.plot(self.odd, "--head", 1, "--side", side)
            (box,) = picture.maps()
            self.check_mask(picture, box, kept)
            self.assertEqual(45 * max(1, round(side / 45)), box[2])

    def test_profile(self):
        key, head = (1, 1, 1, 0), 2
        picture = self.plot(self.profile, *self.site(key, head))
        (box,) = picture.maps()
        values = self.mean_probability(key, head)
        self.check_mass(picture, box, values)
        self.check_ticks(picture, box, (3, 7, 9), (16, 16), (12, 12))
        self.assertEqual(("phase 1, unconditional, expert 1, layer 0, head 2: mass", "blocks of 16x16, 12x12 pairs, log scale"),
                         self.title(picture, box))
        (bar,) = [box for box in picture.maps(12) if box[2] == 14]
        self.assertEqual((HIGHEST, LOWEST), tuple(tuple(picture.pixels[y, bar[0] + 5]) for y in (bar[1], bar[1] + bar[3] - 1)))
        self.assertEqual(f"{values.max():.1e}", picture.text(bar[0] + 21, bar[1] - 3))
        self.assertEqual("mean", picture.text(bar[0], bar[1] - TITLE_UP, DARK_GREY))
        self.assertEqual("probability", picture.text(bar[0], bar[1] - SUBTITLE_UP, DARK_GREY))

    def test_profile_beside_masks(self):
        key, head = (2, 0, 1, 1), 3
        kept, values = self.decoded[self.masks].sections[key][head], self.mean_probability(key, head)
        self.assertTrue(0 < kept.mean() < 1)
        picture = self.plot(self.masks, "--profile", self.profile, *self.site(key, head))
        mass, mask, both = picture.maps()
        self.check_mass(picture, mass, values)
        self.check_mask(picture, mask, kept)
        np.testing.assert_array_equal(np.where(kept[..., None], picture.centres(mass, kept.shape), WHITE), picture.centres(both, kept.shape))
        sizes = np.minimum(16, 189 - np.arange(0, 189, 16))
        work = values * np.outer(sizes, sizes)
        self.assertEqual(("mass that is kept", f"{work[kept].sum() / work.sum():.3f} of all"), self.title(picture, both))

    def test_masks_of_other_blocks_have_their_own_axes(self):
        """No common blocks, so the mass that is kept is not drawn; each map counts its own frames."""
        picture = self.plot(self.odd, "--profile", self.profile, "--head", 1)
        mass, mask = picture.maps()
        self.check_mass(picture, mass, self.mean_probability((0, 0, 0, 0), 1))
        self.check_mask(picture, mask, self.decoded[self.odd].sections[(0, 0, 0, 0)][1])
        self.check_ticks(picture, mass, (3, 7, 9), (16, 16), (12, 12))
        self.check_ticks(picture, mask, (5, 11, 13), (48, 16), (15, 45))

    def test_phase_and_branch_of_the_profile_are_told(self):
        """Masks of three phases over a profile of one, and of a branch that it lacks."""
        profile = self.fresh(".h5")
        make("wean-make-synthetic-profile", profile, "experts=2", "frames=3", "height=7", "width=9", "phases=1")
        picture = self.plot(self.masks, "--profile", profile, "--phase", 2, "--branch", "unconditional")
        titles = [self.title(picture, box)[0] for box in picture.maps()]
        self.assertEqual(["phase 0, conditional, expert 0, layer 0, head 0: mass", "phase 2, unconditional, expert 0, layer 0, head 0: mask"],
                         titles[:2])

    def test_montage_of_masks(self):
        for path, side in ((self.odd, None), (GOLDEN / "masks/v1.wean", 100)):
            masks = self.decoded[path]
            key = list(masks.sections)[-1]
            options = self.site(key, 0)[:-2] + (["--side", side] if side else [])
            picture = self.plot(path, "--montage", *options)
            boxes = picture.maps()
            self.assertEqual(masks.file.heads, len(boxes))
            for head, box in enumerate(boxes):
                self.check_mask(picture, box, masks.sections[key][head])
                self.assertLessEqual(abs(box[2] - (side or 150)), masks.file.cols / 2)
                self.assertEqual(f"head {head}, density {masks.density[key][head]:.3f}", picture.text(box[0], box[1] - 14))

    def test_montage_beside_a_profile(self):
        key = (1, 1, 0, 1)
        picture = self.plot(self.masks, "--montage", "--profile", self.profile, *self.site(key, 0)[:-2])
        boxes = picture.maps()
        self.assertEqual(8, len(boxes))
        for head in range(4):
            self.check_mass(picture, boxes[2 * head], self.mean_probability(key, head))
            self.check_mask(picture, boxes[2 * head + 1], self.decoded[self.masks].sections[key][head])
        self.assertEqual("phase 1, unconditional, expert 0, layer 1: mass (log scale of each head) and mask", picture.text(boxes[0][0], 6))

    def test_small_montage_keeps_its_texts(self):
        picture = self.plot(self.masks, "--montage", "--side", 32)
        self.assertEqual("phase 0, conditional, expert 0, layer 0: masks", picture.text(14, 6))
        for head, box in enumerate(picture.maps()):
            self.assertEqual(f"head {head}, density {self.decoded[self.masks].density[(0, 0, 0, 0)][head]:.3f}", picture.text(box[0], box[1] - 14))

    def test_montage_of_a_profile(self):
        picture = self.plot(self.profile, "--montage")
        for head, box in enumerate(picture.maps()):
            self.check_mass(picture, box, self.mean_probability((0, 0, 0, 0), head))

    def test_missing_sites_name_what_there_is(self):
        out = self.fresh(".png")
        for path in (self.masks, self.profile):
            for option, count, top in (("phase", "3 phases", 2), ("layer", "2 layers", 1), ("head", "4 heads", 3), ("expert", "2 experts", 1)):
                self.refused(2, f"--{option} {top + 1}: the file has {count}, 0 to {top}", "plot", path, "-o", out, f"--{option}", top + 1)
        one = self.fresh(".h5")
        make("wean-make-synthetic-profile", one)
        self.refused(2, "--expert 1: the file has 1 expert, 0", "plot", one, "-o", out, "--expert", 1)
        self.refused(2, "--branch unconditional: the file has conditional alone", "plot", one, "-o", out, "--branch", "unconditional")
        flat = dense_masks(self.fresh(".wean"), (2, 3, 4), 4)
        self.refused(2, "--branch unconditional: the file has conditional alone", "plot", flat, "-o", out, "--branch", "unconditional")
        self.assertFalse(out.exists())

    def test_files_without_maps(self):
        for path, kind in ((self.plan, "plan"), (GOLDEN / "profile/shard-v1.h5", "shard")):
            self.refused(2, f"a {kind} file has no maps; plotted are masks.wean and profile.h5", "plot", path, "-o", self.fresh(".png"))
        self.refused(2, "is a profile itself", "plot", self.profile, "--profile", self.profile, "-o", self.fresh(".png"))

    def test_a_profile_of_another_model(self):
        other = self.fresh(".h5")
        make("wean-make-synthetic-profile", other, "layers=3")
        self.refused(5, [other, self.masks, "of model"], "plot", self.masks, "--profile", other, "-o", self.fresh(".png"))

    def test_maps_too_large_for_a_picture(self):
        """Small files of dense heads may name grids that no picture holds."""
        out = self.fresh(".png")
        huge = dense_masks(self.fresh(".wean"), (1 << 15, 1 << 8, 1 << 7), 1)
        self.refused(2, [huge, "1073741824x1073741824 pairs; at most 8192 along a side"], "plot", huge, "-o", out)
        many = dense_masks(self.at / "many.wean", (1, 64, 128), 1, heads=64)
        self.refused(2, "64 heads of 8192x8192 pairs; at most 134217728 pairs fit in a picture", "plot", many, "-o", out, "--montage")
        tiles = dense_masks(self.at / "tiles.wean", (1, 2, 2), 1, heads=64)
        self.refused(2, ["--side 4096", "at most 268435456"], "plot", tiles, "-o", out, "--montage", "--side", 4096)
        self.assertFalse(out.exists())

    def test_existing_output_needs_force(self):
        out = self.fresh(".png")
        out.write_text("mine")
        self.refused(2, [out, "exists; --force replaces it"], "plot", self.masks, "-o", out)
        self.assertEqual("mine", out.read_text())
        self.outcome("plot", self.masks, "-o", out, "--force")
        Picture(out)

    def test_folders_that_cannot_be_written(self):
        places = [self.at / "no/such.png", self.profile / "below-a-file.png", pathlib.Path("/proc/picture.png")]
        if os.geteuid() != 0:  # root writes everywhere
            locked = self.fresh("")
            locked.mkdir(mode=0o555)
            places.append(locked / "picture.png")
        for place in places:
            self.refused(6, place.name, "plot", self.masks, "-o", place)

    def test_dry_run(self):
        out = self.fresh(".png")
        text = self.outcome("plot", self.masks, "-o", out, "--dry-run")
        dry = self.json("plot", self.masks, "-o", out, "--dry-run")
        self.assertFalse(out.exists())
        self.assertIn("nothing was written", text)
        self.assertEqual(dry | {"dry_run": False}, self.json("plot", self.masks, "-o", out))

    def test_equal_bytes_each_time(self):
        paths = [self.fresh(f"{i}.png") for i in range(2)]
        for path, locale in zip(paths, ("C", "de_DE.UTF-8")):
            result = inspect_files.inspect("plot", self.masks, "--profile", self.profile, "-o", path, LC_ALL=locale)
            self.assertEqual(0, result.returncode, result.stderr)
        self.assertEqual(paths[0].read_bytes(), paths[1].read_bytes())


if __name__ == "__main__":
    inspect_files.main()
