"""Flipped bits, truncations and appended bytes in good HDF5 files: refused, or read with the identical content; never a
crash of the reader.

    h5_damage.py TOOL FOLDER [FLIPS]   TOOL is wean-h5-tool, FOLDER is for the files, FLIPS positions a file (default 200)
"""
import pathlib
import random
import shutil
import subprocess
import sys

KINDS = ("profile", "shard", "plan")
REFUSALS = ("3", "4", "11")


def check(tool, paths):
    said = subprocess.run([tool, "check", *paths], capture_output=True, text=True)
    assert said.returncode == 0, f"the reader died: {said.returncode} {said.stderr}"
    return said.stdout.splitlines()


def flips(data, count, random):
    for position in sorted(random.sample(range(len(data)), min(count, len(data)))):
        bit = 1 << random.randrange(8)
        yield f"flip-{position}-{bit}", data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :], False


def cuts(data, random):
    for length in sorted({0, 1, 47, 48, len(data) - 1} | {random.randrange(len(data)) for _ in range(45)}):
        yield f"cut-{length}", data[:length], True


def extensions(data, random):
    for length in (1, 7, 4096):
        yield f"longer-{length}", data + random.randbytes(length), False


def damage(tool, folder, kind, count, random):
    good = folder / f"{kind}.h5"
    subprocess.run([tool, "known", kind, good], check=True)
    data = good.read_bytes()
    variants = [*flips(data, count, random), *cuts(data, random), *extensions(data, random)]
    paths = []
    for name, content, _ in variants:
        paths.append(folder / f"{kind}-{name}.h5")
        paths[-1].write_bytes(content)
    (original,) = check(tool, [good])
    assert original.startswith("ok "), original
    lines = check(tool, paths)
    assert len(lines) == len(variants)
    for (name, _, must_refuse), line in zip(variants, lines):
        refused = line.split(" ", 1)[0] in REFUSALS
        assert refused or (line == original and not must_refuse), f"{kind} {name}: {line}"
    crashed = sum("crashed while being walked" in line for line in lines)
    same = sum(line == original for line in lines)
    print(f"{kind}: {len(data)} bytes, {len(lines)} variants, {same} with identical content, {crashed} stopped in the child")


def main():
    tool, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for kind in KINDS:
        damage(tool, folder, kind, int(sys.argv[3]) if len(sys.argv) > 3 else 200, random.Random(kind))


if __name__ == "__main__":
    main()
