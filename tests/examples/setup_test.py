"""examples/setup.sh goes on after an interruption: an environment without pip, and one without a working Python.

Nothing is downloaded: a stub says that all Debian packages are there, and the one Python package is a wheel made here.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make_wheel(folder):
    info = "needed-1.0.dist-info"
    with zipfile.ZipFile(folder / "needed-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("needed.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: needed\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")


def make_tree(folder):
    (folder / "examples").mkdir()
    shutil.copy(ROOT / "examples/setup.sh", folder / "examples")
    (folder / "examples/requirements.txt").write_text("needed==1.0\n")
    (folder / "bin").mkdir()
    stub = folder / "bin/dpkg-query"
    stub.write_text('#!/bin/sh\nfor name; do case $name in --*) ;; *) echo "$name ii " ;; esac; done\n')
    stub.chmod(0o755)
    make_wheel(folder)
    return {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def set_up(folder, environment):
    done = subprocess.run([folder / "examples/setup.sh"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def main():
    environment = {}
    for name, interrupt in {
            "fresh": lambda venv: None,
            "without pip": lambda venv: subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True),
            "without Python": lambda venv: (venv / "bin").mkdir(parents=True)}.items():
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            environment = {k: v for k, v in make_tree(folder).items() if k != "WEAN_PYTHON"}
            interrupt(folder / ".venv")
            said = set_up(folder, environment)
            assert "installing into .venv: needed==1.0" in said, said
            subprocess.run([folder / ".venv/bin/python", "-c", "import needed"], check=True)
            assert "everything is there" in set_up(folder, environment), name
            print(name)


if __name__ == "__main__":
    main()
