"""Installs a build, moves the tree, builds tests/consumer and the C and C++ examples against it with find_package and with
pkg-config, and runs them.

usage: install_test.py BUILD_DIR SOURCE_DIR CC CXX
"""
import os
import pathlib
import subprocess
import sys
import tempfile


def run(*command, **keywords):
    result = subprocess.run(command, text=True, capture_output=True, **keywords)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout


def install(build, folder):
    """The installed tree, moved away from where it was installed to: nothing in it may know its place."""
    run("cmake", "--install", build, "--prefix", folder / "first")
    (folder / "first").rename(folder / "moved")
    return folder / "moved"


def check_tools(prefix):
    tools = sorted((prefix / "bin").iterdir())
    assert tools, "no tool was installed"
    for tool in tools:
        assert run(tool, "--version").startswith(tool.name + " "), tool


def check_tree(prefix):
    """Only the public headers, and only what a server needs in the library."""
    headers = sorted(p.name for p in (prefix / "include").rglob("*") if p.is_file())
    assert headers == ["wean.h", "wean.hpp"], headers
    library = next(prefix.rglob("libwean.so"))
    needed = [line.split("[")[1].rstrip("]") for line in run("readelf", "-d", library).splitlines() if "(NEEDED)" in line]
    foreign = [name for name in needed if not name.startswith(("libcrypto", "libc.", "libstdc++", "libgcc_s", "libm.",
                                                               "libgomp", "libpthread", "ld-linux", "libasan", "libubsan"))]
    assert not foreign, f"libwean needs {foreign}"
    symbols = [line.split()[-1].split("@")[0] for line in run("nm", "-D", "--defined-only", library).splitlines()]
    strangers = [name for name in symbols if not name.lower().startswith("wean_")]
    assert symbols and not strangers, f"libwean exports {strangers}"


def build_project(prefix, project, folder, cc, cxx):
    """Configures and builds a project that knows wean through find_package alone; returns where its programs are."""
    run("cmake", "-S", project, "-B", folder / project.name, f"-DCMAKE_PREFIX_PATH={prefix}", f"-DCMAKE_C_COMPILER={cc}",
        f"-DCMAKE_CXX_COMPILER={cxx}", "-DCMAKE_FIND_PACKAGE_PREFER_CONFIG=ON")
    run("cmake", "--build", folder / project.name)
    return folder / project.name


def check_consumer(prefix, source, folder, cc, cxx):
    built = build_project(prefix, source / "tests/consumer", folder, cc, cxx)
    for consumer in ("c_consumer", "cpp_consumer"):
        print(run(built / consumer, source / "tests/golden/masks/v1-tiny.wean").strip())


def check_examples(prefix, source, folder, cc, cxx):
    """Both print the facts of the golden file and find the phase of a sigma; a bad file is libwean's status and text."""
    golden, broken = source / "tests/golden/masks/v1.wean", source / "README.md"
    for example in ("c_minimal", "cpp_minimal"):
        program = build_project(prefix, source / "examples" / example, folder, cc, cxx) / example
        for sigma, phase in (("0.9", 0), ("0.5", 1)):
            said = run(program, golden, sigma)
            assert "2 layers x 4 heads of 64, grid 7x13x14, blocks 16x16, g 0." in said, said
            assert f"phase {1 - phase}: sigma (" in said and f"at sigma {float(sigma):.3f}, phase {phase}: o[0] = " in said, said
        refused = subprocess.run([program, broken], capture_output=True, text=True)
        assert refused.returncode == 3 and f"{example}: {broken}: " in refused.stderr, refused


def check_pkg_config(prefix, source, folder, cc):
    pkgconfig = next(prefix.rglob("wean.pc")).parent
    flags = run("pkg-config", "--cflags", "--libs", "wean", env=dict(os.environ, PKG_CONFIG_PATH=str(pkgconfig))).split()
    run(cc, source / "tests/consumer/main.c", "-o", folder / "pkg", *flags)
    library = next(prefix.rglob("libwean.so")).parent
    run(folder / "pkg", source / "tests/golden/masks/v1-tiny.wean", env=dict(os.environ, LD_LIBRARY_PATH=str(library)))


def main(build, source, cc, cxx):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prefix = install(build, folder)
        check_tools(prefix)
        check_tree(prefix)
        check_consumer(prefix, source, folder, cc, cxx)
        check_examples(prefix, source, folder, cc, cxx)
        check_pkg_config(prefix, source, folder, cc)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4])
