"""Accept or refuse a safetensors file: the rules of models/files/safetensors.h in plain Python, written from its comments. Standard library only."""
import json
import struct

BITS = {"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16,
        "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64}
LIMIT = 2**63 - 1


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def no_duplicates(pairs):
    keys = [key for key, _ in pairs]
    need(len(keys) == len(set(keys)), "duplicate key")
    return dict(pairs)


def integer(literal):
    # "-0" is no natural number, though Python would read it as 0.
    need(not literal.startswith("-"), "negative")
    need(len(literal) < 25 and int(literal) <= LIMIT, "too large")
    return int(literal)


def not_integer(literal):
    raise Refused("not an integer: " + literal)


def is_text(string):
    return not any(0xD800 <= ord(c) <= 0xDFFF for c in string)


def parse_header(raw):
    need(raw.startswith(b"{") and b"\0" not in raw, "no object")
    header = json.loads(raw.decode("utf-8"), object_pairs_hook=no_duplicates, parse_int=integer, parse_float=not_integer,
                        parse_constant=not_integer)
    need(isinstance(header, dict), "no object")
    return header


def check_metadata(metadata):
    need(isinstance(metadata, dict) and len(metadata) <= 65536, "metadata")
    need(all(isinstance(v, str) and is_text(k) and is_text(v) for k, v in metadata.items()), "metadata value")


def is_natural(value):
    return isinstance(value, int) and not isinstance(value, bool)


def check_tensor(name, tensor):
    need(1 <= len(name.encode("utf-8", "surrogatepass")) <= 512 and is_text(name), "name")
    need(not any(ord(c) < 32 or 127 <= ord(c) <= 159 for c in name), "control character")
    need(isinstance(tensor, dict) and set(tensor) == {"dtype", "shape", "data_offsets"}, "fields")
    shape, offsets = tensor["shape"], tensor["data_offsets"]
    need(isinstance(tensor["dtype"], str) and tensor["dtype"] in BITS, "dtype")
    need(isinstance(shape, list) and len(shape) <= 8 and all(is_natural(s) for s in shape), "shape")
    need(isinstance(offsets, list) and len(offsets) == 2 and all(is_natural(o) for o in offsets), "offsets")
    need(offsets[0] <= offsets[1], "backwards")
    bits = BITS[tensor["dtype"]]
    for size in shape:  # left to right, as a fixed-width reader multiplies
        bits *= size
        need(bits < 2**64, "overflow")
    need(bits % 8 == 0 and bits // 8 == offsets[1] - offsets[0], "size")
    return offsets


def check(data):
    """Raises Refused, or any of Python's own errors, when the file is to be refused."""
    need(len(data) >= 8, "short")
    size = struct.unpack("<Q", data[:8])[0]
    need(2 <= size <= 100_000_000 and size <= len(data) - 8, "header size")
    header = parse_header(data[8:8 + size])
    if "__metadata__" in header:
        check_metadata(header.pop("__metadata__"))
    need(len(header) <= 1_000_000, "count")
    position = 0
    for begin, end in sorted(tuple(check_tensor(name, tensor)) for name, tensor in header.items()):
        need(begin == position, "tiling")
        position = end
    need(position == len(data) - 8 - size, "file size")


def accepts(data):
    try:
        check(data)
        return True
    except (Refused, ValueError, RecursionError):
        return False
