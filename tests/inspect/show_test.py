"""What `wean-inspect show` says about files of every kind, against numbers from h5py and the independent mask decoder.

usage: show_test.py FOLDER_OF_TOOLS
"""
import json
import math
import pathlib
import re
import sys

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspect_files  # noqa: E402
from inspect_files import GOLDEN, InspectTest, Masks  # noqa: E402


def attribute(file, name):
    value = file.attrs[name]
    return value.decode() if isinstance(value, bytes) else value


def table(values, phases, layers, phase_of, layer_of):
    """What a table of the JSON must hold for `values` of sites."""
    values, phase_of, layer_of = map(np.asarray, (values, phase_of, layer_of))
    of_phase = [values[phase_of == p] for p in range(phases)]
    counts = np.bincount(np.clip(np.floor(values * 10).astype(int), 0, 10), minlength=11)
    return {
        "phases": [{"mean": v.mean(), "least": v.min(), "most": v.max(), "sites": len(v), "full": int((v == 1).sum())} for v in of_phase],
        "layers": [[values[(phase_of == p) & (layer_of == l)].mean() for l in range(layers)] for p in range(phases)],
        "histogram": counts.tolist(),
    }


class Show(InspectTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.profile, cls.plan, cls.masks = cls.chain(
            "two", ["experts=2", "branches=2", "frames=3", "height=7", "width=9"], pack=["--block", "32x16"])

    def same(self, expected, found, where=""):
        """Equal up to rounding of doubles, through lists and objects."""
        if isinstance(expected, dict):
            self.assertEqual(sorted(expected), sorted(found), where)
            for key, value in expected.items():
                self.same(value, found[key], f"{where}.{key}")
        elif isinstance(expected, list):
            self.assertEqual(len(expected), len(found), where)
            for i, value in enumerate(expected):
                self.same(value, found[i], f"{where}[{i}]")
        elif isinstance(expected, float):
            self.assertTrue(math.isclose(expected, found, rel_tol=1e-6, abs_tol=1e-9), f"{where}: {expected} {found}")
        else:
            self.assertEqual(expected, found, where)

    def check_common(self, said, path, kind):
        self.assertEqual((kind, str(path), path.stat().st_size), (said["kind"], said["path"], said["bytes"]))

    def test_masks(self):
        for path in (self.masks, GOLDEN / "masks/v1.wean"):
            with self.subTest(path):
                said, masks = self.json("show", path), Masks(path)
                file = masks.file
                self.check_common(said, path, "masks")
                keys = [(key, head) for key in masks.sections for head in range(file.heads)]
                self.same(table([masks.density[key][head] for key, head in keys], file.phase_count, file.experts * file.layers,
                                [key[0] for key, _ in keys], [masks.layer(key) for key, _ in keys]), said["density"])
                maps = {tuple(bits for bits, _ in heads) for _, heads in file.content}
                stored = sum(len(set(heads) - {None}) for heads in maps)
                dense = sum(bits is None for _, heads in file.content for bits, _ in heads)
                self.assertGreater(dense, 0)
                self.assertGreater(len(keys) - dense - stored, 0)
                self.same({"sites": len(keys), "dense_sites": dense, "stored_maps": stored,
                           "shared_sites": len(keys) - dense - stored}, said["content"])
                self.same([{"sigma_high": high, "sigma_low": low, "steps": steps} for high, low, steps in file.phase_table],
                          said["phases"])
                for name in ("experts", "layers", "heads", "head_dim", "branches", "rows", "cols", "tokens"):
                    self.assertEqual(getattr(file, name), said["meta"][name], name)
                self.assertEqual("x".join(map(str, file.grid)), said["meta"]["grid"])
                self.assertEqual(f"{file.q_block}x{file.k_block}", said["meta"]["block"])
                self.assertEqual(file.density, said["meta"]["global_density"])
                self.assertEqual(file.fingerprints, [said["meta"][name] for name in ("weights", "config", "quick", "recipe")])

    def test_plan(self):
        said = self.json("show", self.plan)
        self.check_common(said, self.plan, "plan")
        with h5py.File(self.plan) as file:
            layers = int(file.attrs["model_layers"])
            where = (2 * layers, file["row_phase"][()], file["row_expert"][()] * layers + file["row_layer"][()])
            for key, column in (("density", "row_keep"), ("predicted_fidelity", "row_predicted_fidelity")):
                self.same(table(file[column][()], 3, *where[:1], *where[1:]), said[key], key)
            self.assertNotIn("fidelity_target", said)
            for name in ("method", "options", "profile", "tool_version", "block", "row_floor", "global_density"):
                self.same(attribute(file, name), said["meta"][name], name)
            self.assertEqual((attribute(file, "schedule_sampler"), 7, 3.0, False),
                             tuple(said["meta"][name] for name in ("sampler", "steps", "shift", "keep_diagonal")))
            self.assertEqual("0, 1, 2", said["meta"]["profile_phases"])
            rules = [("dense",) if rule == 0 else (score, scope) for rule, score, scope in
                     zip(file["row_rule"][()], file["row_score"][()], file["row_scope"][()])]
            names = ["mass", "pooled mass", "row threshold", "map threshold", "removal error"]
            text = {rule: "sites dense" if rule == ("dense",) else f"sites by {names[rule[0]]}, {('each row', 'whole map')[rule[1]]}"
                    for rule in set(rules)}
            self.same({"sites": len(rules)} | {text[rule]: rules.count(rule) for rule in set(rules)}, said["content"])

    def test_targets_of_a_plan(self):
        with h5py.File(GOLDEN / "plan/plan-v1.h5") as file:
            expected = table(file["row_fidelity_target"][()], 2, 2, file["row_phase"][()], file["row_layer"][()])
        self.same(expected, self.json("show", GOLDEN / "plan/plan-v1.h5")["fidelity_target"])

    def test_profile(self):
        said = self.json("show", self.profile)
        self.check_common(said, self.profile, "profile")
        with h5py.File(self.profile) as file:
            mass, block = file["mass"][()].astype(float), int(file.attrs["block"])
            phases, _, experts, layers, _, rows, _ = mass.shape
            sizes = np.minimum(block, 189 - np.arange(0, 189, block))
            self.assertLess(sizes[-1], block)
            index = list(np.ndindex(*mass.shape[:5]))
            for key, share in (("mass_top_10", 0.1), ("mass_top_30", 0.3)):
                values = [self.top_share(mass[i], sizes, share) for i in index]
                self.same(table(values, phases, experts * layers, [i[0] for i in index], [i[2] * layers + i[3] for i in index]),
                          said[key], key)
            self.assertEqual(rows, said["content"]["rows"])
            self.assertEqual(phases * 2 * experts * layers, said["content"]["slabs"])
            for name in ("sampler", "steps", "shift", "guidance", "dtype", "seed", "token_order", "sampled_rows", "tool_version"):
                self.same(attribute(file, name), said["meta"][name], name)
            prompts = [bytes(digest).hex() for digest in file["prompts"][()]]
            self.assertEqual(prompts, [said["meta"][f"prompt {i}"] for i in range(len(prompts))])
            self.assertEqual("conditional, unconditional", said["meta"]["branches"])
            self.assertEqual(file["sigmas"][()].tolist(), [float(sigma) for sigma in said["meta"]["sigmas"].split(", ")])
            self.assertEqual(file["phase_sigma"][()].tolist(), [[p["sigma_high"], p["sigma_low"]] for p in said["phases"]])

    def top_share(self, mass, sizes, share):
        mean = (mass / np.outer(sizes, sizes)).astype(np.float32).ravel()
        best = np.argsort(-mean, kind="stable")[:int(share * mean.size + 0.5)]
        return mass.ravel()[best].sum() / mass.sum()

    def test_content_of_a_profile_is_what_a_plan_names(self):
        self.assertEqual(self.json("show", self.plan)["meta"]["profile"], self.json("show", self.profile)["content"]["content"])

    def test_shard(self):
        path = GOLDEN / "profile/shard-v1.h5"
        said = self.json("show", path)
        self.check_common(said, path, "shard")
        with h5py.File(path) as file:
            self.assertEqual(bytes(file["prompts"][0]).hex(), said["meta"]["prompt 0"])
            self.assertEqual(file["phase_steps"][()].tolist(), [phase["steps"] for phase in said["phases"]])
        self.assertRegex(self.outcome("show", path), r"\n0 +\(0\.500, 1\.000\] +2\n1 +\(0\.000, 0\.500\] +1\n$")

    def test_text_says_the_same_as_json(self):
        for path, key in ((self.masks, "density"), (self.plan, "density"), (self.profile, "mass_top_30")):
            said, text = self.json("show", path), self.outcome("show", path)
            self.assertTrue(text.startswith(f"{path}: {said['kind']}, "))
            self.assertIn(f"({path.stat().st_size} bytes)", text.splitlines()[0])
            for i, phase in enumerate(said[key]["phases"]):
                numbers = " +".join(f"{phase[name]:.3f}" for name in ("mean", "least", "most"))
                self.assertRegex(text, rf"\n{i} +\(.*\] +{said['phases'][i]['steps']} +{numbers} +{phase['full']}/{phase['sites']}\n")
            for layer in range(4):
                means = " +".join(f"{phase[layer]:.3f}" for phase in said[key]["layers"])
                self.assertRegex(text, rf"\n{layer} +{means}\n")
            for i, count in enumerate(said[key]["histogram"]):
                name = f"0.{i} to {(i + 1) / 10}" if i < 10 else "1, full"
                bars = re.search(rf"\n{name} +{count}(  #+)?\n", text)
                self.assertTrue(bars, name)
                self.assertEqual(count > 0, bars[1] is not None)
            self.assertRegex(text, rf"\nweights +{said['meta']['weights'][:16]}\n")
            self.assertNotIn("prompt 0", text)

    def test_show_is_what_happens_without_a_command(self):
        for path in (self.masks, self.plan, self.profile):
            self.assertEqual(self.outcome("show", path), self.outcome(path))
            self.assertEqual(self.outcome("show", path, "--json"), self.outcome("--json", path))

    def test_progress_goes_to_stderr(self):
        result = inspect_files.inspect("show", self.profile, "--json")
        self.assertIn("reading", result.stderr)
        json.loads(result.stdout)

    def test_payloads_are_proven_on_the_way(self):
        damaged = self.fresh(".wean")
        data = bytearray(self.masks.read_bytes())
        data[-1] ^= 1
        damaged.write_bytes(data)
        self.refused(4, [damaged, "SHA-256"], "show", damaged)

    def test_sites_of_a_huge_grid_are_counted_without_their_pairs(self):
        path = inspect_files.dense_masks(self.fresh(".wean"), (1 << 15, 1 << 8, 1 << 7), 1)
        said = self.json("show", path)
        self.assertEqual((1 << 30, 1.0, 1), (said["meta"]["rows"], said["density"]["phases"][0]["mean"], said["content"]["dense_sites"]))


if __name__ == "__main__":
    inspect_files.main()
