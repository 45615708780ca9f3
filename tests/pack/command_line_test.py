"""The command line of wean-pack: what it refuses with which words and exit code, what it prints, equal bytes for equal input.

usage: command_line_test.py WEAN_PACK MAKE_SYNTHETIC_PROFILE MAKE_TEST_PLAN
"""
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

PACK = MAKE_PROFILE = MAKE_PLAN = ""

# arguments after PLAN --profile PROFILE -o OUT, exit code, words of the message
REFUSED = [
    (["--block", "128"], 2, "--block '128': expected QUERYxKEY in tokens"),
    (["--block", "128x64x32"], 2, "--block '128x64x32'"),
    (["--block", "0x64"], 2, "numbers from 1 to 1000000"),
    (["--block", "axb"], 2, "--block 'axb'"),
    (["--block", "1x1", "--grid", "21x45x80"], 2, "--block 1x1: 5715360000 pairs of blocks on grid 21x45x80; at most 67108864"),
    (["--grid", "4x5"], 2, "--grid '4x5': expected FRAMESxHEIGHTxWIDTH in tokens"),
    (["--size", "1280"], 2, "--size '1280': expected WIDTHxHEIGHT in pixels"),
    (["--size", "130x80"], 2, "--size: width 130 is no multiple of 16 pixels"),
    (["--size", "128x90"], 2, "nearest: 80 and 96"),
    (["--frames", "14"], 2, "--frames 14: expected 1 + a multiple of 4, such as 13"),
    (["--frames", "0"], 2, "--frames"),
    (["--frames", "many"], 2, "--frames"),
    (["--grid", "4x5x8", "--size", "128x80"], 2, "--grid excludes --size and --frames"),
    (["--grid", "4x5x8", "--frames", "13"], 2, "--grid excludes --size and --frames"),
    (["--grid", "1000x1000x1000"], 2, "more than"),
    (["--transfer", "magic"], 2, "--transfer"),
    (["--threads", "-1"], 2, "--threads"),
    (["--blocks", "64x64"], 2, "--blocks"),
    (["surplus"], 2, "surplus"),
]


def run(*arguments, **environment):
    return subprocess.run([PACK, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, **environment))


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.at = pathlib.Path(cls.folder.name)
        cls.profile, cls.plan = cls.at / "profile.h5", cls.at / "plan.h5"
        subprocess.run([MAKE_PROFILE, cls.profile], check=True)
        subprocess.run([MAKE_PLAN, cls.profile, cls.plan], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def setUp(self):
        self.out = self.at / f"{self.id()}.wean"

    def pack(self, *arguments, **environment):
        return run(self.plan, "--profile", self.profile, "-o", self.out, *arguments, **environment)

    def check_refused(self, result, code, words):
        self.assertEqual(code, result.returncode, result.stderr)
        self.assertIn(words, result.stderr)
        self.assertEqual("", result.stdout)
        lines = result.stderr.splitlines()
        self.assertTrue(lines[0].startswith("wean-pack: error: "), lines)
        self.assertEqual(["see wean-pack --help"] if code == 2 else [], lines[1:])
        self.assertFalse(self.out.exists())

    def test_refused_options(self):
        for arguments, code, words in REFUSED:
            with self.subTest(arguments):
                self.check_refused(self.pack(*arguments, "--quiet"), code, words)

    def test_what_is_required(self):
        self.check_refused(run(), 2, "plan is required")
        self.check_refused(run(self.plan), 2, "--profile is required")
        self.check_refused(run(self.plan, "--profile", self.profile), 2, "-o is missing")

    def test_files_that_are_not_there_or_not_what_they_should_be(self):
        text = self.at / "text.h5"
        text.write_text("no HDF5")
        other, missing = ["--profile", self.profile, "-o", self.out], self.at / "missing.h5"
        self.check_refused(run(missing, *other), 6, "missing.h5")
        self.check_refused(run(text, *other), 3, "text.h5")
        self.check_refused(run(self.profile, *other), 3, "kind 'wean-profile'")
        self.check_refused(run(self.plan, "--profile", missing, "-o", self.out), 6, "missing.h5")
        self.check_refused(run(self.plan, "--profile", self.plan, "-o", self.out), 3, "kind 'wean-plan'")
        self.check_refused(run(self.plan, "--profile", self.profile, "-o", self.at / "no/folder.wean"), 6, "folder.wean")

    def test_a_plan_of_another_profile(self):
        other = self.at / "other.h5"
        subprocess.run([MAKE_PROFILE, other, "seed=2"], check=True)
        result = run(self.plan, "--profile", other, "-o", self.out)
        self.check_refused(result, 5, "was made from profile ")
        values = [word.strip(",") for word in result.stderr.split() if len(word.strip(",")) == 16]
        self.assertEqual(2, len({value for value in values if set(value) <= set("0123456789abcdef")}), result.stderr)

    def test_a_target_too_coarse_for_the_plan(self):
        diagonal = self.at / "diagonal.h5"
        subprocess.run([MAKE_PLAN, self.profile, diagonal, "score=0", "keep=0.15", "scope=1", "diagonal=1"], check=True)
        result = run(diagonal, "--profile", self.profile, "-o", self.out, "--block", "80x80", "--quiet")
        self.check_refused(result, 13, "from the planned 0.15")

    def test_existing_output_needs_force(self):
        self.assertEqual(0, self.pack("--quiet").returncode)
        before = self.out.read_bytes()
        again = self.pack("--quiet")
        self.assertEqual(2, again.returncode)
        self.assertIn("--force", again.stderr)
        self.assertEqual(before, self.out.read_bytes())
        self.assertEqual(0, self.pack("--quiet", "--force").returncode)

    def test_text_report(self):
        result = self.pack()
        self.assertEqual(0, result.returncode, result.stderr)
        for words in ("phase", "sigma", "realised", "recall", "dense sites", "g realised", "unipc, 7 steps", "shared",
                      "grid 4x5x8, 160 tokens, blocks 16x16", f"{self.out.stat().st_size} bytes"):
            self.assertIn(words, result.stdout)
        self.assertIn("packing", result.stderr)
        self.assertEqual("", self.pack("--quiet", "--force").stderr)

    def test_json_and_dry_run(self):
        dry = self.pack("--json", "--dry-run", "--quiet")
        self.assertFalse(self.out.exists())
        dry = json.loads(dry.stdout)
        wet = json.loads(self.pack("--json", "--quiet").stdout)
        self.assertEqual((True, False), (dry["dry_run"], wet["dry_run"]))
        self.assertEqual(self.out.stat().st_size, dry["bytes"])
        for key in ("bytes", "global_density", "global_density_planned", "recall", "sites", "stored_maps", "phases"):
            self.assertEqual(dry[key], wet[key], key)
        self.assertLess(abs(wet["global_density"] - wet["global_density_planned"]), 0.005)
        self.assertEqual({"grid": "4x5x8", "tokens": 160, "block": "16x16", "rows": 10, "cols": 10}, wet["target"])
        self.assertEqual(7, sum(phase["steps"] for phase in wet["phases"]))
        without = run(self.plan, "--profile", self.profile, "--dry-run", "--json", "--quiet")
        self.assertEqual(dry["bytes"], json.loads(without.stdout)["bytes"])

    def test_help(self):
        text = run("--help").stdout
        for words in ("in pixels", "QUERYxKEY", "{scores,paper}", "--dry-run", "--threads", "Exit codes"):
            self.assertIn(words, text)
        self.assertRegex(run("--version").stdout, r"^wean-pack \d+\.\d+\.\d+$")

    def test_equal_bytes_for_any_threads_and_locale(self):
        digests = set()
        for number, (threads, locale) in enumerate([("1", "C"), ("2", "C.utf8"), ("3", "de_DE.UTF-8"), ("8", "POSIX")]):
            result = self.pack("--block", "32x16", "--grid", "3x6x9", "--threads", threads, "--force", "--quiet",
                               LC_ALL=locale, OMP_NUM_THREADS=str(number + 1))
            self.assertEqual(0, result.returncode, result.stderr)
            digests.add(hashlib.sha256(self.out.read_bytes()).hexdigest())
        self.assertEqual(1, len(digests))


if __name__ == "__main__":
    PACK, MAKE_PROFILE, MAKE_PLAN = sys.argv[1:4]
    unittest.main(argv=sys.argv[:1])
