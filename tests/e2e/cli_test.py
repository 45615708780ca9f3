"""What bad command lines and bad input get from wean-extract and wean-verify: exit code and one line that names the cause.

Usage: cli_test.py BIN_DIR CHECKPOINT
"""
import pathlib
import subprocess
import sys
import tempfile


def cases(folder, checkpoint):
    """(tool, arguments, exit code, part of the message)."""
    prompts, output = folder / "prompts.txt", folder / "out.h5"
    good = [checkpoint, "-o", output, "--prompts", prompts, "--size", "96x96", "--frames", "9", "--steps", "2", "--phases", "2"]

    def changed(option, value):
        return good[: good.index(option) + 1] + [value] + good[good.index(option) + 2:]

    (folder / "twice.txt").write_text("a\nb\na\n")
    (folder / "empty.txt").write_text("# nothing\n\n")
    (folder / "text.wean").write_text("this is no mask file")
    (folder / "text.safetensors").write_text("no tensors")
    (folder / "folder").mkdir()
    if not pathlib.Path("/dev/nvidiactl").exists():
        no_gpu = [("wean-extract", good + ["--device", "cuda"], 9, "GPU")]
    else:
        no_gpu = []
    verify = [checkpoint, folder / "text.wean", "--prompts", prompts, "-o", folder / "report"]
    return [
        ("wean-extract", [], 2, "MODEL"),
        ("wean-extract", [checkpoint], 2, "--output"),
        ("wean-extract", good[:3], 2, "--prompts"),
        ("wean-extract", changed("--size", "96"), 2, "WIDTHxHEIGHT"),
        ("wean-extract", changed("--size", "97x96"), 2, "96"),
        ("wean-extract", changed("--frames", "10"), 2, "9"),
        ("wean-extract", changed("--phases", "3"), 2, "1 to the number of steps"),
        ("wean-extract", changed("--prompts", folder / "missing.txt"), 6, "missing.txt"),
        ("wean-extract", changed("--prompts", folder / "twice.txt"), 3, "line 3 repeats"),
        ("wean-extract", changed("--prompts", folder / "empty.txt"), 3, "no prompt"),
        ("wean-extract", good + ["--block", "48"], 2, "powers of two"),
        ("wean-extract", good + ["--shard", "2/2"], 2, "i below n"),
        ("wean-extract", good + ["--sampler", "ddim"], 2, "unipc"),
        ("wean-extract", good + ["--nonsense"], 2, "nonsense"),
        ("wean-extract", [folder / "folder", *good[1:]], 2, "folder"),
        ("wean-extract", [folder / "text.safetensors", *good[1:]], 3, "text.safetensors"),
        ("wean-extract", good + ["--seed", "-1"], 2, "whole numbers"),
        ("wean-extract", good + ["--seed", "18446744073709551616"], 2, "whole numbers"),
        ("wean-extract", good + ["--threads", "100000"], 2, "0 to 1024"),
        ("wean-extract", changed("--steps", "2.5"), 2, "1 to 1000"),
        ("wean-extract", good + ["--chunk-memory", "0"], 2, "--chunk-memory"),
        ("wean-extract", good + ["--guidance", "inf"], 2, "--guidance"),
        ("wean-extract", good + ["--shift", "1e30"], 2, "--shift"),
        ("wean-extract", good + ["--disk", "1b"], 2, "--disk"),
        ("wean-extract", changed("-o", folder / "no" / "out.h5"), 6, "no folder"),
        ("wean-extract", changed("-o", folder / "folder"), 6, "is a folder"),
        ("wean-extract", ["merge", folder / "folder", "-o", output], 2, "no shards"),
        ("wean-verify", [], 2, "MODEL"),
        ("wean-verify", verify[:3], 2, "--prompts"),
        ("wean-verify", verify, 3, "text.wean"),
        ("wean-verify", [checkpoint, folder / "missing.wean", *verify[2:]], 6, "missing.wean"),
        ("wean-verify", verify + ["--save-latents", folder / "no" / "l.safetensors"], 6, "no folder"),
        ("wean-verify", verify + ["--seeds", "0"], 2, "1 to 64"),
        ("wean-verify", verify + ["--latents-only", "--clips"], 2, "--clips"),
        ("wean-verify", verify + ["--guidance", "0"], 2, "--guidance"),
        *no_gpu,
    ]


def main():
    bin_dir, checkpoint = pathlib.Path(sys.argv[1]), sys.argv[2]
    failures = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "prompts.txt").write_text("a red square\n")
        table = cases(folder, checkpoint)
        for tool, arguments, code, part in table:
            done = subprocess.run([str(bin_dir / tool), *map(str, arguments)], capture_output=True, text=True, check=False)
            lines = [line for line in done.stderr.splitlines() if line.startswith(f"{tool}: error:")]
            if done.returncode != code or len(lines) != 1 or part not in lines[0]:
                failures.append(f"{tool} {' '.join(map(str, arguments))}\n  expected {code} and '{part}', got {done.returncode}: {done.stderr}")
            if (folder / "out.h5").exists():
                failures.append(f"{tool} {arguments}: left an output file")
        for tool in ("wean-extract", "wean-verify"):
            text = subprocess.run([str(bin_dir / tool), "--help"], capture_output=True, text=True, check=True).stdout
            for part in ("--steps", "=50", "--guidance", "--dry-run", "--json", "--force"):
                if part not in text:
                    failures.append(f"{tool} --help does not mention {part}")
    print(f"{len(table)} command lines, {len(failures)} failures")
    if failures:
        sys.exit("\n".join(failures))


if __name__ == "__main__":
    main()
