"""README.md against the tools: every option of its command lines exists, and its table of exit codes is the one of --help.

Usage: readme_test.py BIN_DIR CHECKPOINT
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("extract", "calibrate", "pack", "verify", "inspect")


def help_of(folder, tool):
    return subprocess.run([folder / f"wean-{tool}", "--help"], capture_output=True, text=True, check=True).stdout


def main():
    folder, text, failures, commands = pathlib.Path(sys.argv[1]), (ROOT / "README.md").read_text(), [], 0
    helps = {tool: help_of(folder, tool) for tool in TOOLS}
    known = {tool: set(re.findall(r"--[a-z][a-z-]*", said)) for tool, said in helps.items()}
    for a, b, c, d in re.findall(r"^wean-(\w+) +(.*)$|`wean-(\w+) ([^`]*)`", text, re.M):
        tool, rest = a or c, b or d
        commands += 1
        failures += [f"wean-{tool} has no {option}" for option in re.findall(r"--[a-z][a-z-]*", rest) if option not in known[tool]]
    everywhere = set().union(*known.values())
    failures += [f"no tool has {option}" for option in re.findall(r"`(--[a-z][a-z-]*)[ `]", text) if option not in everywhere]
    table = dict(re.findall(r"^\| (\d+) \| ([^|]*) \|", text, re.M))
    for tool, said in helps.items():
        for code in re.findall(r"(\d+) [a-z]", said[said.index("Exit codes:"):]):
            if code not in table:
                failures.append(f"exit code {code} of wean-{tool} --help is not in README.md")
    print(f"{commands} command lines, {len(table)} exit codes, {len(failures)} failures")
    if commands < 5 or len(table) < 10 or failures:
        sys.exit("\n".join(failures) or "README.md was not understood")


if __name__ == "__main__":
    main()
