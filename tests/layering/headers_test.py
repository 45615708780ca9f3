"""Every header of the parts without LibTorch compiles alone: it includes what it uses. Without CUDA's headers (no cuda.h
in a folder of an -isystem FLAG) those that lead to them are left out.

usage: headers_test.py SOURCE_DIR CXX CC [FLAG ...]
"""
import concurrent.futures
import functools
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


def main(root, cxx, cc, flags):
    headers = [path for path in sources(root) if path.startswith(FOLDERS) and path.endswith((".h", ".hpp"))]
    if not any((pathlib.Path(flag) / "cuda.h").exists() for flag in flags):
        headers = [header for header in headers if not leads_to_cuda(root, header)]
    jobs = [(cxx, ["-std=c++20", *flags], root, header, "c++") for header in headers]
    jobs += [(cc, ["-std=c99", "-Wpedantic", "-Wstrict-prototypes"], root, header, "c") for header in headers
             if header.startswith("runtime/include/") and header.endswith(".h")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda job: compile_alone(*job), jobs) if fault]
    print("\n".join(faults) or f"{len(jobs)} headers compile alone")
    return 1 if faults or not jobs else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
