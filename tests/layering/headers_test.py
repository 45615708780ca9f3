"""Every header of the parts without LibTorch compiles alone: it includes what it uses.

usage: headers_test.py SOURCE_DIR CXX CC [FLAG ...]
"""
import concurrent.futures
import os
import pathlib
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


def main(root, cxx, cc, flags):
    headers = [path for path in sources(root) if path.startswith(FOLDERS) and path.endswith((".h", ".hpp"))]
    jobs = [(cxx, ["-std=c++20", *flags], root, header, "c++") for header in headers]
    jobs += [(cc, ["-std=c99", "-Wpedantic", "-Wstrict-prototypes"], root, header, "c") for header in headers
             if header.startswith("runtime/include/") and header.endswith(".h")]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda job: compile_alone(*job), jobs) if fault]
    print("\n".join(faults) or f"{len(jobs)} headers compile alone")
    return 1 if faults or not jobs else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]))
