"""The whole chain on a small clip: five tools, their files and what wean-verify says of them.

Usage: chain_test.py BIN_DIR CHECKPOINT
"""
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from safetensors.torch import load_file

BIN, CHECKPOINT = pathlib.Path(), ""
CLIP = ["--size", "96x96", "--frames", "9"]
SAMPLING = ["--steps", "4", "--guidance", "3"]
METHODS = ("uniform-warmup", "west-fast", "removal-error")
DENSITY = 0.45


def run(tool, *arguments, expected=0):
    done = subprocess.run([str(BIN / f"wean-{tool}"), *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != expected:
        raise AssertionError(f"wean-{tool} {arguments}: exit {done.returncode}, expected {expected}\n{done.stderr}")
    return done.stdout if expected == 0 else done.stderr


class Chain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = folder = pathlib.Path(cls.scratch.name)
        (folder / "calibration.txt").write_text("two red discs moving left\na green star over grey noise\nthree blue boxes\n")
        (folder / "heldout.txt").write_text("a large yellow triangle\na cloudy surface drifting up\n")
        run("extract", CHECKPOINT, "-o", folder / "profile.h5", "--prompts", folder / "calibration.txt", *CLIP, *SAMPLING,
            "--phases", "2", "--block", "16", "--branches", "both")
        cls.masks = {name: cls.pack(name, "--density", DENSITY, "--method", name) for name in METHODS}
        cls.masks["dense"] = cls.pack("dense", "--density", "1", "--method", "dense")
        cls.verify(folder / "report", *cls.masks.values(), "--floors", "--save-latents", folder / "latents.safetensors")
        cls.report = json.loads((folder / "report/report.json").read_text())
        cls.of = dict(zip(cls.masks, cls.report["masks"]))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def pack(cls, name, *options):
        plan, masks = cls.folder / f"{name}.plan.h5", cls.folder / f"{name}.wean"
        run("calibrate", cls.folder / "profile.h5", "-o", plan, *options)
        run("pack", plan, "--profile", cls.folder / "profile.h5", "-o", masks)
        return masks

    @classmethod
    def command(cls, output, *arguments):
        return ["verify", CHECKPOINT, *arguments, "--prompts", cls.folder / "heldout.txt", "-o", output, *SAMPLING]

    @classmethod
    def verify(cls, output, *arguments, expected=0):
        return run(*cls.command(output, *arguments), expected=expected)

    def test_global_density_is_what_was_asked(self):
        for name in METHODS:
            with self.subTest(name):
                self.assertLess(abs(self.of[name]["global_density"]["mean"] - DENSITY), 0.005)
                self.assertAlmostEqual(self.of[name]["global_density"]["mean"], self.of[name]["planned_density"], places=6)

    def test_a_mask_that_keeps_everything_is_dense_attention(self):
        dense = self.of["dense"]
        self.assertEqual(dense["global_density"]["mean"], 1)
        self.assertGreater(dense["psnr"]["mean"], 60)
        self.assertLess(dense["latent_l2"]["mean"], 1e-3)

    def test_sparse_clips_lie_between_floor_and_ceiling(self):
        clips = self.report["clips"]
        ceiling = sum(c["ceiling"]["psnr"] for c in clips) / len(clips)
        for name in METHODS:
            with self.subTest(name):
                self.assertLess(self.of[name]["psnr"]["mean"], ceiling)
                self.assertGreater(self.of[name]["psnr"]["mean"], 10)

    def test_recall_lies_between_chance_and_oracle(self):
        for name in METHODS:
            with self.subTest(name):
                mask = self.of[name]
                self.assertLess(abs(mask["chance"]["mean"] - mask["global_density"]["mean"]), 0.01)
                self.assertGreater(mask["recall"]["mean"], mask["chance"]["mean"])
                self.assertLessEqual(mask["recall"]["mean"], mask["oracle"]["mean"] + 1e-6)
        self.assertAlmostEqual(self.of["dense"]["recall"]["mean"], 1, places=4)

    def test_pictures_and_the_report_are_there(self):
        names = sorted(p.name for p in (self.folder / "report/frames").iterdir())
        self.assertEqual([n for n in names if n.startswith("clip000")],
                         [f"clip000-frame{f:03}.png" for f in (0, 2, 5, 8)])
        self.assertEqual(len(names), 8)
        self.assertFalse((self.folder / "report/finished").exists())

    def test_latents_start_another_run(self):
        masks = self.masks[METHODS[0]]
        self.verify(self.folder / "again", masks, "--latents-only", "--no-ceiling", "--seed", "99", "--initial-latents",
                    self.folder / "latents.safetensors", "--save-latents", self.folder / "again.safetensors")
        first, again = load_file(self.folder / "latents.safetensors"), load_file(self.folder / "again.safetensors")
        for name in ("initial.0", "initial.1", "dense.0", "dense.1", "sparse0.1"):
            self.assertTrue(first[name].equal(again[name]), name)

    def test_a_stopped_run_goes_on(self):
        output, masks = self.folder / "stopped", self.masks["west-fast"]
        command = [str(BIN / "wean-verify"), *map(str, self.command(output, masks)[1:])]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while process.poll() is None and not (output / "finished/clip0000.txt").exists():
            time.sleep(0.002)
        process.send_signal(signal.SIGTERM)
        message = process.communicate()[1]
        self.assertEqual(process.returncode, 75, message)
        self.assertIn("--resume", message)
        self.verify(output, masks, expected=2)
        self.assertIn("seed", self.verify(output, masks, "--resume", "--seed", "7", expected=7))
        self.verify(output, masks, "--resume")
        self.verify(self.folder / "whole", masks)
        resumed, whole = (json.loads((f / "report.json").read_text())["clips"] for f in (output, self.folder / "whole"))
        for clip in resumed + whole:
            del clip["dense_seconds"], clip["sparse"][0]["seconds"]
        self.assertEqual(resumed, whole)

    def test_another_model_is_refused_by_digest(self):
        with tempfile.TemporaryDirectory() as name:
            other = pathlib.Path(name) / "other"
            subprocess.run(["cp", "-r", CHECKPOINT, other], check=True)
            weights = next(other.glob("transformer/*.safetensors"))
            data = bytearray(weights.read_bytes())
            data[-2] ^= 1
            weights.write_bytes(data)
            command = self.command(self.folder / "other", self.masks["west-fast"], "--limit", "1", "--latents-only", "--no-ceiling")
            command[1] = other
            message = run(*command, expected=5)
            digest = message.split("--allow-model ")[1].split()[0]
            self.assertEqual(len(digest), 16)
            run(*command, "--allow-model", digest)

    def test_inspect_reads_all_three_files(self):
        for path in ("profile.h5", "west-fast.plan.h5", "west-fast.wean"):
            run("inspect", "validate", self.folder / path)
        shown = json.loads(run("inspect", self.folder / "west-fast.wean", "--json"))
        self.assertEqual(shown["kind"], "masks")


if __name__ == "__main__":
    BIN, CHECKPOINT = pathlib.Path(sys.argv[1]), sys.argv[2]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:], verbosity=2)
