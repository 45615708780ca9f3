"""Every C++ file is as clang-format 14 with .clang-format leaves it, and no file is longer than 400 lines.

usage: format_test.py SOURCE_DIR CLANG_FORMAT; exit 77 (skipped) when CLANG_FORMAT is of another version, whose taste differs
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from layers import sources  # noqa: E402

VERSION = 14
MAX_LINES = 400


def main(root, clang_format):
    files = [root / path for path in sources(root)]
    long = [f"{p}: {n} lines; at most {MAX_LINES}" for p in files if (n := len(p.read_text().splitlines())) > MAX_LINES]
    print("\n".join(long))
    found = subprocess.run([clang_format, "--version"], capture_output=True, text=True, check=True).stdout
    if int(re.search(r"version (\d+)", found)[1]) != VERSION:
        print(f"clang-format {VERSION} is wanted, found: {found}")
        return 1 if long else 77
    result = subprocess.run([clang_format, "--dry-run", "--Werror", *files])
    return 1 if long else result.returncode


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2]))
