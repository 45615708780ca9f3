"""The command line of wean-inspect: what it refuses and with which words, what its help says.

usage: command_line_test.py FOLDER_OF_TOOLS
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import inspect_files  # noqa: E402
from inspect_files import GOLDEN, InspectTest, inspect  # noqa: E402

MASKS, PLAN, PROFILE = GOLDEN / "masks/v1.wean", GOLDEN / "plan/plan-v1.h5", GOLDEN / "profile/profile-v1.h5"
COMMANDS = "show, validate, diff, plot, export"
OUT = "OUT"  # a path where nothing is

# arguments, words of the message; each is a usage error
REFUSED = [
    ([], ["which file?", "profile.h5, plan.h5 or masks.wean", COMMANDS]),
    (["valdate"], ["'valdate' is neither a file nor a command", COMMANDS]),
    (["valdate", MASKS], ["'valdate' is neither a file nor a command", COMMANDS]),
    ([MASKS, PLAN], ["not expected", PLAN]),
    ([MASKS, "validate"], "file is required"),
    ([MASKS, "validate", PLAN], [MASKS, "files come behind the command"]),
    ([""], COMMANDS),
    (["show", ""], ["which file?", COMMANDS]),
    (["show"], "file is required"),
    (["show", MASKS, PLAN], ["not expected", PLAN]),
    (["show", MASKS, "--phase", "1"], ["not expected", "--phase"]),
    (["validate"], "file is required"),
    (["validate", MASKS, PLAN], ["not expected", PLAN]),
    (["validate", MASKS, "--force"], ["not expected", "--force"]),
    (["diff", MASKS], "b is required"),
    (["diff", MASKS, MASKS, MASKS], ["not expected", MASKS]),
    (["diff", MASKS, PLAN], "must be of one kind"),
    (["diff", MASKS, MASKS, "-o", OUT], ["not expected", "-o"]),
    (["plot", MASKS], "--output is required"),
    (["plot", "-o", OUT], "file is required"),
    (["plot", MASKS, MASKS, "-o", OUT], "not expected"),
    (["plot", MASKS, "-o", OUT, "--phase", "-1"], ["--phase", "-1 not in range 0 to"]),
    (["plot", MASKS, "-o", OUT, "--layer", "first"], ["--layer", "first not in range 0 to"]),
    (["plot", MASKS, "-o", OUT, "--head", "99999999999999999999"], ["--head", "not in range 0 to"]),
    (["plot", MASKS, "-o", OUT, "--head", "1.5"], ["--head", "1.5"]),
    (["plot", MASKS, "-o", OUT, "--phase", "2"], "--phase 2: the file has 2 phases, 0 to 1"),
    (["plot", MASKS, "-o", OUT, "--branch", "both"], "--branch: 'both' is unknown; allowed are conditional, unconditional"),
    (["plot", MASKS, "-o", OUT, "--side", "31"], ["--side", "31 not in range 32 to 4096"]),
    (["plot", MASKS, "-o", OUT, "--side", "4097"], ["--side", "4097 not in range 32 to 4096"]),
    (["plot", MASKS, "-o", OUT, "--side", "wide"], ["--side", "wide not in range 32 to 4096"]),
    (["plot", MASKS, "-o", OUT, "--montage", "--head", "1"], "--montage shows all heads; --head 1 excludes it"),
    (["plot", PROFILE, "-o", OUT, "--profile", PROFILE], "is a profile itself"),
    (["plot", PLAN, "-o", OUT], "plotted are masks.wean and profile.h5"),
    (["export", MASKS], "--output is required"),
    (["export", MASKS, "-o", OUT, "--to", "csv"], "--to: 'csv' is unknown; allowed are npy, lists, flex"),
    (["export", PLAN, "-o", OUT], "holds no masks"),
    (["export", MASKS, "-o", OUT, "--phase", "0"], ["not expected", "--phase"]),
]

# command (none: the tool itself), words of its help
HELP = [
    ([], ["show", "validate", "diff", "plot", "export", "FILE", "--json", "--dry-run", "--force", "--quiet", "SUBCOMMAND --help",
          "with 1 when they differ", "masks.wean"]),
    (["show"], ["FILE", "plan.h5", "shard", "--json", "--quiet"]),
    (["validate"], ["FILE", "plan.h5", "--json"]),
    (["diff"], ["exits with 0", "with 1 when they differ", "second file of the same kind", "--json"]),
    (["plot"], ["--output", "--profile", "--phase N=0", "--layer", "--head", "--expert", "conditional|unconditional=conditional",
                "--side PIXELS=560, in a montage 150", "32 to 4096", "--montage", "--dry-run", "--force", "--json"]),
    (["export"], ["npy|lists|flex=lists", "[heads, rows, cols]", ".counts.npy", ".indices.npy", ".kv_num_blocks.npy", ".kv_indices.npy",
                  "BlockMask.from_kv_blocks", "phase<p>-<cond|uncond>-expert<e>-layer<l>", "--output", "--dry-run", "--force", "--json"]),
]


class CommandLine(InspectTest):
    def test_refused(self):
        out = self.fresh("")
        for arguments, words in REFUSED:
            with self.subTest(arguments):
                self.refused(2, words, *[out if argument == OUT else argument for argument in arguments])
                self.assertFalse(out.exists())

    def test_help(self):
        for command, words in HELP:
            result = inspect(*command, "--help")
            self.assertEqual((0, ""), (result.returncode, result.stderr))
            for word in [*words, "Exit codes: 0 ok, 2 usage, 3 malformed input, 4 integrity"]:
                self.assertIn(word, result.stdout, command)
            self.assertTrue(all(len(line) <= 120 for line in result.stdout.splitlines()), command)
            self.assertEqual(result.stdout, inspect(*command, "-h").stdout)

    def test_version(self):
        self.assertTrue(re.fullmatch(r"wean-inspect \d+\.\d+\.\d+\n", self.outcome("--version")))

    def test_options_stand_before_or_behind_a_command(self):
        self.assertEqual(self.outcome("validate", MASKS, "--json"), self.outcome("--json", "validate", MASKS))

    def test_a_file_that_is_called_as_a_command(self):
        """A command wins; with a folder in front it is a file."""
        path = self.at / "show"
        path.write_bytes(MASKS.read_bytes())
        self.assertEqual("masks", self.json(path)["kind"])

    def test_result_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            result = inspect_files.subprocess.run([inspect_files.TOOLS / "wean-inspect", MASKS], stdout=full, text=True,
                                                  stderr=inspect_files.subprocess.PIPE)
        self.assertEqual((6, "wean-inspect: error: stdout: cannot write the result\n"), (result.returncode, result.stderr))


if __name__ == "__main__":
    inspect_files.main()
