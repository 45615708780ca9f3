"""Reads wean's HDF5 files with h5py, from schemas/profile.md and schemas/plan.md alone, and compares every attribute and
every dataset with numbers that h5_known.py computes.

    h5_oracle.py TOOL FOLDER   TOOL writes the files (wean-h5-tool), FOLDER is for them
"""
import hashlib
import pathlib
import struct
import subprocess
import sys

import h5py
import numpy as np

import h5_known as known

BY_STEP = ("rows_token", "rows_mass")


def attribute(file, name):
    value = file.attrs[name]
    return value.decode() if isinstance(value, np.bytes_) else value


def compare_attributes(file, expected):
    assert sorted(file.attrs) == sorted(expected), set(file.attrs) ^ set(expected)
    for name, value in expected.items():
        found = attribute(file, name)
        kind = {str: str, int: np.uint64, float: np.float64}[type(value)]
        assert isinstance(found, kind), f"{name}: {type(found)}"
        same = abs(found - value) <= 1e-15 if isinstance(value, float) else found == value
        assert same, f"{name}: {found!r} instead of {value!r}"


def compare_datasets(file, expected):
    assert sorted(file) == sorted(expected), set(file) ^ set(expected)
    for name, value in expected.items():
        dataset = file[name]
        assert dataset.dtype == value.dtype and dataset.dtype.byteorder in "<=|", f"{name}: {dataset.dtype}"
        assert dataset.shape == value.shape, f"{name}: {dataset.shape} instead of {value.shape}"
        assert dataset.fletcher32 and dataset.compression is None and not dataset.shuffle, name
        assert np.array_equal(dataset[()], value), f"{name}: {np.argwhere(dataset[()] != value)[:3]}"


def digests(arrays):
    """[phases, branches, experts, layers, arrays, 32]: SHA-256 of each array of each slab."""
    table = np.zeros((2, 2, 1, known.LAYERS, len(arrays), 32), np.uint8)
    first = [0, known.STEPS[0]]
    for phase, branch, layer in np.ndindex(2, 2, known.LAYERS):
        steps = slice(first[phase], first[phase] + known.STEPS[phase])
        for place, (name, values) in enumerate(arrays.items()):
            part = values[branch, 0, layer, steps] if name in BY_STEP else values[phase, branch, 0, layer]
            digest = hashlib.sha256(np.ascontiguousarray(part).tobytes()).digest()
            table[phase, branch, 0, layer, place] = np.frombuffer(digest, np.uint8)
    return table


def content_digest(attributes, small, table):
    text = lambda t: struct.pack("<Q", len(t.encode())) + t.encode()
    pack = {str: text, int: lambda i: struct.pack("<Q", i), float: lambda x: struct.pack("<d", x)}
    data = b"".join(text(name) + pack[type(value)](value) for name, value in sorted(attributes.items()))
    data += b"".join(text(name) + values.tobytes() for name, values in small.items())
    return hashlib.sha256(data + table.tobytes()).hexdigest()


def check_slab_file(tool, path, kind, arrays, prompts):
    subprocess.run([tool, "known", kind, path], check=True)
    attributes, small, table = known.profile_attributes("wean-" + kind), known.small_arrays(prompts), digests(arrays)
    with h5py.File(path, "r") as file:
        compare_attributes(file, attributes)
        compare_datasets(file, small | arrays | {"digest": table})
    said = subprocess.run([tool, "check", path], check=True, capture_output=True, text=True).stdout
    assert said == f"ok {kind} {content_digest(attributes, small, table)}\n", said


def check_plan(tool, path):
    subprocess.run([tool, "known", "plan", path], check=True)
    with h5py.File(path, "r") as file:
        compare_attributes(file, known.plan_attributes(known.plan_density()))
        compare_datasets(file, known.plan_arrays())


def check_worked_examples():
    """The examples of schemas/profile.md, decoded by this module's definition."""
    for value, scale, code in ((0.0, 0, 0x0000), (1.0, 0, 0xFE00), (0.75, 0, 0xFD00), (100.0, 6, 0xFF20), (0.1, 0, 0xF733),
                               (1 + 1 / 1024, 0, 0xFE00), (1 + 3 / 1024, 0, 0xFE02), (2.0**-140, -14, 0x0200),
                               (float(known.UNDROPPABLE), 0, 0xFFFF)):
        found = int(known.encode(np.array([value]), scale)[0])
        assert found == code, f"{value} at scale {scale}: {found:#06x} instead of {code:#06x}"


def main():
    tool, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    check_worked_examples()
    check_slab_file(tool, folder / "profile.h5", "profile", known.profile_arrays(), 2)
    check_slab_file(tool, folder / "shard.h5", "shard", known.shard_arrays(), 1)
    check_plan(tool, folder / "plan.h5")
    print("profile, shard and plan: every attribute and dataset as computed")


if __name__ == "__main__":
    main()
