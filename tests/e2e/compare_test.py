"""examples/compare on a tiny grid: the protocol runs, resumes, and its table agrees with wean-verify's report.

Usage: compare_test.py BIN_DIR CHECKPOINT
"""
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def compare(folder, *options, expected=0):
    command = [sys.executable, ROOT / "examples/compare/compare.py", "--bin", sys.argv[1], "--model", sys.argv[2], "--out", folder / "out",
               "--prompts", folder, "--size", "96x96", "--frames", "9", "--steps", "3", "--phases", "3", "--block", "16", "--quick",
               "--tuning", "1", "--heldout", "2", "--densities", "0.6", *options]
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == expected, f"exit {done.returncode}: {done.stderr[-2000:]}"
    return done


def mean(values):
    return sum(values) / len(values)


def check(folder):
    table = json.loads((folder / "out/table.json").read_text())["tables"][0]
    report = json.loads((folder / "out/96x96x9/heldout-0.6/report.json").read_text())
    methods = [row["method"] for row in table["rows"]]
    assert methods[0] == "uniform" and "west-fast-map" in methods and "removal-error" in methods, methods
    psnr = [[clip["sparse"][i]["psnr"] for clip in report["clips"]] for i in range(len(methods))]
    for i, row in enumerate(table["rows"]):
        assert abs(row["global_density"]["mean"] - 0.6) <= 0.005, row
        assert row["off_target"] <= 0.005
        assert row["least_margin"] is None or row["least_margin"] >= 0
        assert abs(row["psnr"]["mean"] - mean(psnr[i])) < 1e-9
        if i > 0:
            assert abs(row["minus_uniform"]["mean"] - (mean(psnr[i]) - mean(psnr[0]))) < 1e-9
    floors = [mean([clip[what]["psnr"] for clip in report["clips"]]) for what in ("blurred", "held_still", "other_seed")]
    assert abs(table["claimed_above"] - max(floors) - 2) < 1e-9
    assert "| west-fast-map |" in (folder / "out/table.md").read_text()


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "calibration.txt").write_text("a red disc\ntwo green stars moving up\n")
        (folder / "tuning.txt").write_text("a blue box\n")
        (folder / "heldout.txt").write_text("a yellow triangle\nthree small discs\n")
        compare(folder)
        check(folder)
        before = (folder / "out/96x96x9/heldout-0.6/report.json").stat().st_mtime_ns
        compare(folder)
        assert (folder / "out/96x96x9/heldout-0.6/report.json").stat().st_mtime_ns == before, "finished work was done again"
        refused = compare(folder, "--heldout", "1", expected=1)
        assert "--heldout 2" in refused.stderr, refused.stderr


if __name__ == "__main__":
    main()
