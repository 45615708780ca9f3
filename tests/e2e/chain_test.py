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

from safetensors.torch import load_file, save_file

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

    def test_two_noises_a_prompt(self):
        """Clip = prompt * 2 + noise, in reports, pictures, videos and latents."""
        masks, output, saved = self.masks["west-fast"], self.folder / "noises", self.folder / "noises.safetensors"
        options = ["--seeds", "2", "--no-ceiling", "--no-recall"]
        self.verify(output, masks, *options, "--clips", "--frames", "1", "--save-latents", saved)
        report = json.loads((output / "report.json").read_text())
        clips = report["clips"]
        self.assertEqual([(c["prompt"], c["noise"]) for c in clips],
                         [(p, n) for p in ("a large yellow triangle", "a cloudy surface drifting up") for n in (0, 1)])
        psnr = [c["sparse"][0]["psnr"] for c in clips]
        self.assertEqual(len(set(psnr)), 4)
        by_prompt = [(psnr[0] + psnr[1]) / 2, (psnr[2] + psnr[3]) / 2]
        self.assertAlmostEqual(report["masks"][0]["psnr"]["mean"], sum(by_prompt) / 2)
        self.assertAlmostEqual(report["masks"][0]["psnr"]["standard_error"], abs(by_prompt[0] - by_prompt[1]) / 2)
        first = self.report["clips"][0]["sparse"][list(self.masks).index("west-fast")]
        self.assertAlmostEqual(psnr[0], first["psnr"], places=3)
        self.assertEqual(sorted(p.name for p in (output / "frames").iterdir()), [f"clip00{i}-frame000.png" for i in range(4)])
        self.assertEqual(sorted(p.name for p in (output / "clips").iterdir()),
                         sorted(f"clip00{i}-{kind}.y4m" for i in range(4) for kind in ("dense", "mask0")))
        for path in (output / "clips").iterdir():
            header, _, body = path.read_bytes().partition(b"\n")
            self.assertRegex(header, rb"^YUV4MPEG2 W96 H96 .*C444$")
            self.assertEqual(len(body), 9 * (len("FRAME\n") + 96 * 96 * 3))
        latents = load_file(saved)
        self.assertEqual(set(latents), {f"{kind}.{i}" for kind in ("initial", "dense", "sparse0") for i in range(4)})
        self.check_starts(masks, [*options, "--latents-only", "--seed", "99"], latents)

    def check_starts(self, masks, options, latents):
        """Runs with --seeds 2 that start from files of latents: as saved, with one missing, with one for all."""
        start = self.folder / "start.safetensors"

        def run_from(tensors, expected):
            save_file(tensors, start)
            return self.verify(self.folder / "restarted", masks, *options, "--initial-latents", start, "--save-latents",
                               self.folder / "restarted.safetensors", expected=expected)

        one_missing = {name: t for name, t in latents.items() if name != "initial.3"}
        self.assertIn("has neither tensor 'initial.3' nor 'latents'", run_from(one_missing, 3))
        self.assertIn("has no tensor 'initial.0'; --seeds 2 needs one for each clip", run_from({"latents": latents["initial.0"]}, 2))
        self.assertIn("tensor 'initial.3': shape", run_from(one_missing | {"initial.3": latents["initial.3"][:, :1].contiguous()}, 3))
        self.assertFalse((self.folder / "restarted/finished").exists())
        run_from(latents, 0)
        again = load_file(self.folder / "restarted.safetensors")
        for name in latents:
            self.assertTrue(latents[name].equal(again[name]), name)

    def test_dry_run_says_time_memory_and_bytes(self):
        options = [*list(self.masks.values())[:2], "--seeds", "2", "--clips", "--save-latents", self.folder / "dry.safetensors"]
        dry = json.loads(self.verify(self.folder / "dry", *options, "--dry-run", "--json"))
        self.assertFalse((self.folder / "dry").exists())
        text = self.verify(self.folder / "dry", *options, "--dry-run")
        for word in ("model    ", "time     about ", "for 4 clips", "memory   ", "beside model and sampling", "disk     at most "):
            self.assertIn(word, text)
        self.verify(self.folder / "dry", *options)
        written = sum(p.stat().st_size for p in (self.folder / "dry").rglob("*") if p.is_file())
        written += (self.folder / "dry.safetensors").stat().st_size
        self.assertTrue(written <= dry["disk_bytes"] < 4 * written, (written, dry["disk_bytes"]))
        clip = 9 * 96 * 96 * 3 * 4
        self.assertTrue(2**28 + 4 * clip < dry["memory_bytes"] < 2**29, dry["memory_bytes"])
        seconds = json.loads((self.folder / "dry/report.json").read_text())["seconds"]
        self.assertTrue(0.02 < dry["seconds"] / seconds < 20, (dry["seconds"], seconds))

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
