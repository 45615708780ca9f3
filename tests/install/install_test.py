"""Installs a build, moves the tree, builds tests/consumer against it with find_package and with pkg-config, and runs it.

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


def check_consumer(prefix, source, folder, cc, cxx):
    golden = source / "tests/golden/masks/v1-tiny.wean"
    run("cmake", "-S", source / "tests/consumer", "-B", folder / "consumer", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_C_COMPILER={cc}", f"-DCMAKE_CXX_COMPILER={cxx}", "-DCMAKE_FIND_PACKAGE_PREFER_CONFIG=ON")
    run("cmake", "--build", folder / "consumer")
    for consumer in ("c_consumer", "cpp_consumer"):
        print(run(folder / "consumer" / consumer, golden).strip())


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
        check_pkg_config(prefix, source, folder, cc)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3], sys.argv[4])
