"""Every header of the parts without LibTorch compiles alone: it includes what it uses. Without CUDA's headers (no cuda.h
in a folder of an -isystem FLAG) those that lead to them are left out. What a source of the build includes first has been
compiled alone there (COMPILE_COMMANDS, where CMake wrote it) and is not compiled again.

usage: headers_test.py SOURCE_DIR COMPILE_COMMANDS CXX CC [FLAG ...]
"""
import concurrent.futures
import functools
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from layers import sources  # noqa: E402

FOLDERS = ("common/", "schemas/", "kernels/", "runtime/", "calibrate/", "pack/", "inspect/")


def compile_alone(compiler, flags, root, header, language):
    command = [compiler, "-x", language, "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", root,
               "-I", root / "runtime/include", *flags, "-"]
    result = subprocess.run(command, input=f'#include "{header}"\n#include "{header}"\n', text=True, capture_output=True)
    return "" if result.returncode == 0 else f"{header} ({language}):\n{result.stderr}"


@functools.lru_cache(None)
def leads_to_cuda(root, header):
    """Whether `header` includes one of CUDA's, itself or through others of the tree."""
    text = (root / header).read_text()
    if re.search(r"^#include <cuda\w*\.h>", text, re.MULTILINE):
        return True
    own = [path for path in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE) if (root / path).exists()]
    return any(leads_to_cuda(root, path) for path in own)


def proven_by_build(root, commands):
    """Headers that a compiled source includes first, with no precompiled header before; #pragma once proves the second time."""
    proven = set()
    for command in json.loads(commands.read_text()) if commands.exists() else []:
        if "cmake_pch" not in command["command"]:
            first = re.search(r"^#include +(.*)", pathlib.Path(command["file"]).read_text(), re.MULTILINE)
            proven.add(first[1].strip('"') if first else "")
    return {header for header in proven if (root / header).is_file() and "#pragma once" in (root / header).read_text()}


def main(root, commands, cxx, cc, flags):
    headers = [path for path in sources(root) if path.startswith(FOLDERS) and path.endswith((".h", ".hpp"))]
    if not any((pathlib.Path(flag) / "cuda.h").exists() for flag in flags):
        headers = [header for header in headers if not leads_to_cuda(root, header)]
    proven = proven_by_build(root, commands)
    jobs = [(cxx, ["-std=c++20", *flags], root, header, "c++") for header in headers if header not in proven]
    jobs += [(cc, ["-std=c99", "-Wpedantic", "-Wstrict-prototypes"], root, header, "c") for header in headers
             if header.startswith("runtime/include/") and header.endswith(".h")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda job: compile_alone(*job), jobs) if fault]
    print("\n".join(faults) or f"{len(headers)} headers compile alone, {len(proven.intersection(headers))} of them in the build")
    return 1 if faults or not jobs else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4], sys.argv[5:]))
