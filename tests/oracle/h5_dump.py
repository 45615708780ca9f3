"""Prints a file of wean as schemas/profile.md and schemas/plan.md show it: every attribute, every dataset with its first
values, and the bytes of one chunk.

    h5_dump.py FILE [DATASET]           prints; DATASET is the one whose first chunk is shown
    h5_dump.py --check ROOT DOCUMENT... compares each block of a document that begins with
                                        `<!-- dump FILE [DATASET] -->` and ends with `<!-- end -->`
"""
import pathlib
import re
import sys

import h5py
import numpy as np


def shown(value):
    if isinstance(value, np.bytes_):
        return f"text     {value.decode()}"
    if isinstance(value, np.uint64):
        return f"uint64   {int(value)}"
    return f"float64  {float(value)!r}"


def first_values(dataset, count=4):
    values = dataset[()].ravel()
    text = " ".join(f"{value:.7g}" if values.dtype.kind == "f" else str(value) for value in values[:count])
    return text + (" ..." if values.size > count else "")


def chunk_lines(path, dataset):
    info = dataset.id.get_chunk_info(0)
    data = pathlib.Path(path).read_bytes()[info.byte_offset : info.byte_offset + info.size]
    yield f"first chunk of {dataset.name[1:]}: {info.size} bytes at byte {info.byte_offset}, the last 4 are Fletcher32"
    for start in range(0, len(data), 16):
        yield "  " + " ".join(f"{byte:02X}" for byte in data[start : start + 16])


def dump(path, chunk_of=None):
    with h5py.File(path, "r") as file:
        yield "attributes"
        for name in sorted(file.attrs):
            yield f"  {name:<18} {shown(file.attrs[name])}"
        yield "datasets, their chunks, first values"
        for name in sorted(file):
            dataset = file[name]
            shape, chunk = (str(list(s)).replace(" ", "") for s in (dataset.shape, dataset.chunks))
            yield f"  {name:<25} {dataset.dtype.name:<8} {shape:<18} {chunk:<18} {first_values(dataset)}"
        if chunk_of:
            yield from chunk_lines(path, file[chunk_of])


BLOCK = re.compile(r"<!-- dump (\S+)(?: (\S+))? -->\n```\n(.*?)```\n<!-- end -->", re.S)


def check(root, document):
    blocks = BLOCK.findall(document.read_text())
    assert blocks, f"{document}: no dump"
    for name, chunk_of, text in blocks:
        expected = "\n".join(dump(root / name, chunk_of)) + "\n"
        assert text == expected, f"{document} shows another {name}; it is\n{expected}"
        print(f"{document.name}: {name} is as shown")


def main():
    if sys.argv[1] == "--check":
        root = pathlib.Path(sys.argv[2])
        for document in sys.argv[3:]:
            check(root, root / document)
    else:
        print("\n".join(dump(*sys.argv[1:3])))


if __name__ == "__main__":
    main()
