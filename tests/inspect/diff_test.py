"""What `wean-inspect diff` finds, against counts of numpy.

usage: diff_test.py FOLDER_OF_TOOLS
"""
import hashlib
import pathlib
import shutil
import sys

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspect_files  # noqa: E402
from inspect_files import GOLDEN, InspectTest, Masks, make  # noqa: E402
from h5_broken import PROFILE_ORDER, change  # noqa: E402

COLUMNS = ["rule", "score", "scope", "keep", "fidelity_target", "predicted_fidelity", "predicted_error"]


def overlap(a, b):
    """Mean over heads of kept by both / kept by any; two empty maps overlap wholly."""
    both, any_ = (a & b).sum((1, 2)), (a | b).sum((1, 2))
    return np.where(any_ > 0, both / np.maximum(any_, 1), 1.0)


def rehash(file):
    """Makes every digest of a profile true."""
    steps = [0, *np.cumsum(file["phase_steps"][()]).tolist()]
    for slab in np.ndindex(*file["digest"].shape[:4]):
        for place, name in enumerate(PROFILE_ORDER):
            part = file[name][slab[1:] + (slice(*steps[slab[0]:slab[0] + 2]),)] if name.startswith("rows_") else file[name][slab]
            file["digest"][slab + (place,)] = np.frombuffer(hashlib.sha256(np.ascontiguousarray(part)).digest(), np.uint8)


class Diff(InspectTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        shape = ["experts=2", "frames=3", "height=7", "width=9"]
        cls.profile, cls.plan, cls.masks = cls.chain("one", shape)
        cls.other_profile, cls.other_plan, _ = cls.chain("two", [*shape, "seed=2"], ["score=4", "scope=1", "keep=0.5"])
        cls.other_masks = cls.at / "other.wean"
        make("wean-make-test-plan", cls.profile, cls.at / "half.h5", "score=0", "scope=1", "keep=0.5")
        cls.pack(cls.profile, cls.at / "half.h5", cls.other_masks)
        cls.odd_masks = cls.pack(cls.profile, cls.plan, cls.at / "odd.wean", "--block", "32x16")

    def copy(self, path):
        return pathlib.Path(shutil.copy(path, self.fresh(".copy")))

    def names(self, said, what="fields"):
        return [field["name"] for field in said[what]]

    def test_equal_files(self):
        for path in (self.profile, self.plan, self.masks):
            for other in (path, self.copy(path)):
                said = self.json("diff", path, other)
                self.assertEqual((True, [], [], ""), (said["same"], said["fields"], said["values"], said["note"]))
                self.assertTrue(all(o["iou"] == 1 and o["differing_heads"] == 0 for o in said["overlaps"]))
                self.assertEqual(f"a  {path}\nb  {other}\n\nno difference\n", self.outcome("diff", path, other))

    def test_masks(self):
        said = self.json("diff", self.masks, self.other_masks, code=1)
        self.assertEqual((False, "masks", str(self.masks), str(self.other_masks), [], ""),
                         tuple(said[k] for k in ("same", "kind", "a", "b", "values", "note")))
        self.assertEqual(["recipe", "global_density"], self.names(said))
        a, b = Masks(self.masks), Masks(self.other_masks)
        self.assertEqual([a.file.density, b.file.density], [float(said["fields"][1][k]) for k in "ab"])
        found = iter(said["overlaps"])
        for phase in range(3):
            for layer in range(4):
                keys = [key for key in a.sections if key[0] == phase and a.layer(key) == layer]
                self.assertEqual(2, len(keys))
                one = next(found)
                self.assertEqual((phase, layer), (one["phase"], one["layer"]))
                mean = lambda values: float(np.mean(np.concatenate(values)))
                self.assertAlmostEqual(mean([overlap(a.sections[k], b.sections[k]) for k in keys]), one["iou"], 12)
                self.assertAlmostEqual(mean([a.density[k] for k in keys]), one["density_a"], 12)
                self.assertAlmostEqual(mean([b.density[k] for k in keys]), one["density_b"], 12)
                differing = sum((a.sections[k] != b.sections[k]).any((1, 2)).sum() for k in keys)
                self.assertEqual(differing, one["differing_heads"])
        self.assertIsNone(next(found, None))
        dense = [key for key in a.sections if (a.sections[key].all((1, 2)) & ~b.sections[key].all((1, 2))).any()]
        self.assertTrue(dense, "a dense head against a sparse one must be among the cases")

    def test_text_of_masks_has_the_layers_that_differ(self):
        said, text = self.json("diff", self.masks, self.other_masks, code=1), self.outcome("diff", self.masks, self.other_masks, code=1)
        for one in said["overlaps"]:
            self.assertRegex(text, rf"\n{one['phase']} +{one['layer']} +{one['iou']:.4f} +{one['density_a']:.4f} +"
                                   rf"{one['density_b']:.4f} +{one['differing_heads']}\n")
        recipes = [field[:16] for field in (said["fields"][0]["a"], said["fields"][0]["b"])]
        self.assertRegex(text, rf"\nrecipe +{recipes[0]} +{recipes[1]}\n")

    def test_one_head_that_differs(self):
        plan, masks = self.copy(self.plan), self.fresh(".wean")
        with h5py.File(plan, "r+") as file:
            row = int(np.flatnonzero(file["row_rule"][()])[9])
            for at in (row, row + 16):  # a profile with one branch gives both the same
                file["row_keep"][at] -= 0.1
            steps = file["phase_steps"][()]
            keep = file["row_keep"][()].reshape(3, -1)
            file.attrs["global_density"] = float((steps * keep.sum(1)).sum() / (steps.sum() * keep.shape[1]))
        self.pack(self.profile, plan, masks)
        said = self.json("diff", self.masks, masks, code=1)
        self.assertEqual(2, sum(one["differing_heads"] for one in said["overlaps"]))
        self.assertEqual(1, sum(one["iou"] < 1 for one in said["overlaps"]))
        keep = self.json("diff", self.plan, plan, code=1)["values"]
        self.assertEqual([("keep", 2)], [(value["name"], value["count"]) for value in keep])
        self.assertAlmostEqual(0.1, keep[0]["largest"], 12)

    def test_masks_of_other_blocks_are_not_compared(self):
        said = self.json("diff", self.masks, self.odd_masks, code=1)
        self.assertEqual(["recipe", "block", "rows", "global_density"], self.names(said))
        self.assertIn("bits are not compared", said["note"])
        self.assertEqual([], said["overlaps"])
        self.assertIn(said["note"], self.outcome("diff", self.masks, self.odd_masks, code=1))

    def test_empty_maps(self):
        """Golden masks have an empty head; against themselves nothing differs."""
        empty = Masks(GOLDEN / "masks/v1.wean")
        self.assertTrue(any((~maps).all((1, 2)).any() for maps in empty.sections.values()))
        said = self.json("diff", GOLDEN / "masks/v1.wean", GOLDEN / "masks/v1.wean")
        self.assertEqual((True, {1.0}), (said["same"], {one["iou"] for one in said["overlaps"]}))

    def site(self, file, row):
        branch = ("conditional", "unconditional")[file["row_branch"][row]]
        phase, expert, layer, head = (file["row_" + name][row] for name in ("phase", "expert", "layer", "head"))
        return f"phase {phase}, {branch}, expert {expert}, layer {layer}, head {head}"

    def test_plans(self):
        said = self.json("diff", self.plan, self.other_plan, code=1)
        self.assertEqual({"profile", "global_density"}, set(self.names(said)))
        with h5py.File(self.plan) as a, h5py.File(self.other_plan) as b:
            expected = []
            for name in COLUMNS:
                left, right = a["row_" + name][()].astype(float), b["row_" + name][()].astype(float)
                apart = np.abs(left - right)
                if not apart.any():
                    continue
                named = name in ("rule", "score", "scope")
                worst = np.flatnonzero(apart)[0] if named else np.argmax(apart)
                largest = None if named else float(apart[worst])
                expected.append({"name": name, "count": np.count_nonzero(apart), "largest": largest, "where": self.site(a, worst)})
        self.assertEqual(["rule", "score", "scope", "keep"], [value["name"] for value in expected])
        self.assertEqual(expected, said["values"])
        text = self.outcome("diff", self.plan, self.other_plan, code=1)
        for value in expected:
            largest = "-" if value["largest"] is None else f"{value['largest']:.6g}"
            self.assertRegex(text, rf"\n{value['name']} +{value['count']} +{largest} +{value['where']}\n")

    def test_plans_of_other_sites_are_not_compared(self):
        """As many rows, but of other layers and heads."""
        paths = [self.chain(name, [f"layers={layers}", f"heads={heads}"])[1] for name, layers, heads in (("wide", 2, 4), ("deep", 4, 2))]
        said = self.json("diff", *paths, code=1)
        self.assertIn("rows are not compared", said["note"])
        self.assertEqual(([], {"layers", "heads"}), (said["values"], set(self.names(said)) & {"layers", "heads"}))

    def test_differences_behind_the_sixth_digit(self):
        plan = self.copy(self.plan)
        with h5py.File(plan, "r+") as file:
            file["phase_sigma"][0, 1] = file["phase_sigma"][1, 0] = file["phase_sigma"][1, 0] + 1e-9
            file.attrs["row_floor"] = file.attrs["row_floor"] + 1e-9
        said = self.json("diff", self.plan, plan, code=1)
        self.assertEqual(["row_floor", "phase 0", "phase 1"], self.names(said))
        for field in said["fields"]:
            self.assertNotEqual(field["a"], field["b"])
        self.assertEqual("1e-09", said["fields"][0]["b"])

    def test_profiles(self):
        said = self.json("diff", self.profile, self.other_profile, code=1)
        self.assertEqual(("profile", ""), (said["kind"], said["note"]))
        self.assertEqual(["seed"], [name for name in self.names(said) if not name.startswith("prompt ")])
        with h5py.File(self.profile) as a, h5py.File(self.other_profile) as b:
            values = {value["name"]: value for value in said["values"]}
            differing = {name for name in PROFILE_ORDER if (a[name][()] != b[name][()]).any()}
            self.assertEqual(differing, set(values))
            self.assertGreaterEqual(len(differing), 7)
            for name in differing:
                left, right = a[name][()].astype(float), b[name][()].astype(float)
                self.assertEqual(np.count_nonzero(left != right), values[name]["count"], name)
                self.assertEqual(np.abs(left - right).max(), values[name]["largest"], name)
                if not name.startswith("rows_"):
                    phase, _, expert, layer, head, u, v = np.unravel_index(np.argmax(np.abs(left - right)), left.shape)
                    self.assertEqual(f"phase {phase}, conditional, expert {expert}, layer {layer}, head {head}, row {u}, column {v}",
                                     values[name]["where"])

    def test_single_value_of_a_profile(self):
        profile = self.copy(GOLDEN / "profile/profile-v1.h5")
        with h5py.File(profile, "r+") as file:
            before = float(file["removal_error_wide"][0, 0, 0, 0, 1, 2, 1])
            change(file, "removal_error_wide", (0, 0, 0, 0, 1, 2, 1), before + 0.5)
            change(file, "rows_token", (0, 0, 0, 1, 0), int(file["rows_token"][0, 0, 0, 1, 0]) + 1)
        said = self.json("diff", GOLDEN / "profile/profile-v1.h5", profile, code=1)
        site = "phase 0, conditional, expert 0, layer 0"
        rows = 2  # sampled rows a step of the golden profile
        self.assertEqual([{"name": "removal_error_wide", "count": 1, "largest": 0.5, "where": site + ", head 1, row 2, column 1"},
                          {"name": "rows_token", "count": 1, "largest": 1.0, "where": f"{site}, value {rows}"}], said["values"])
        self.assertEqual([], said["fields"])

    def test_sigmas_of_a_profile(self):
        profile = self.copy(self.profile)
        with h5py.File(profile, "r+") as file:
            file["sigmas"][0] -= 1e-7
        said = self.json("diff", self.profile, profile, code=1)
        self.assertEqual((["sigmas"], []), (self.names(said), said["values"]))
        text = self.outcome("diff", self.profile, profile, code=1)  # too long for a table: one under the other
        self.assertIn("\nsigmas\n  a  {a}\n  b  {b}\n".format(**said["fields"][0]), text)

    def test_profiles_whose_phases_hold_other_steps_are_not_compared(self):
        profile = self.copy(self.profile)
        with h5py.File(profile, "r+") as file:
            sigmas = file["sigmas"][()]
            self.assertEqual([3, 2, 2], file["phase_steps"][()].tolist())
            file["phase_steps"][...] = [2, 3, 2]
            file["phase_sigma"][0, 1] = file["phase_sigma"][1, 0] = (sigmas[1] + sigmas[2]) / 2
            rehash(file)
        self.assertEqual("profile", self.json("validate", profile)["kind"])
        said = self.json("diff", self.profile, profile, code=1)
        self.assertEqual(["phase 0", "phase 1"], self.names(said))
        self.assertIn("statistics are not compared", said["note"])

    def test_kinds_that_do_not_compare(self):
        shard = GOLDEN / "profile/shard-v1.h5"
        self.refused(2, ["is a masks file", "is a plan file", "must be of one kind", self.masks, self.plan], "diff", self.masks, self.plan)
        self.refused(2, ["is a profile file", "is a shard file"], "diff", self.profile, shard)
        self.refused(2, "merge shards and compare profiles", "diff", shard, shard)

    def test_damage_is_no_difference(self):
        masks = self.copy(self.masks)
        data = bytearray(masks.read_bytes())
        data[-1] ^= 1
        masks.write_bytes(data)
        self.refused(4, [masks, "SHA-256"], "diff", self.masks, masks)


if __name__ == "__main__":
    inspect_files.main()
