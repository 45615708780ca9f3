"""Random mutants of safetensors files: wean's reader and an independent oracle must agree on accept or refuse.
usage: mutants_test.py DUMP_CHECKPOINT [COUNT] [SEED]"""
import json
import pathlib
import random
import struct
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "oracle"))
import safetensors_oracle as oracle  # noqa: E402

DTYPES = list(oracle.BITS)
ODD_NUMBERS = ["0", "1", "2", "-1", "-0", "1.0", "1e2", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
               "4294967296", "true", "null", "\"1\"", "[]", "{}", "01", "1e999", "NaN", "Infinity"]
ODD_NAMES = ["", "a", "\\u0000", "\\n", "\\u0085", "\\ud800", "\\ud83d\\ude00", "é", "x" * 512, "x" * 513, "é" * 256, "é" * 257, "__metadata__", "\\\"", "\\/"]


def good_entries(rng):
    """(name, dtype, shape) of a good file."""
    entries = []
    for i in range(rng.randint(0, 5)):
        dtype = rng.choice(DTYPES)
        shape = [rng.randint(0, 4) for _ in range(rng.randint(0, 8 if rng.random() < 0.2 else 3))]
        if oracle.BITS[dtype] % 8:
            shape.append(8)
        entries.append((f"t{i}", dtype, shape[:8]))
    return [(n, d, s) for n, d, s in entries if oracle.BITS[d] * product(s) % 8 == 0]


def product(shape):
    out = 1
    for size in shape:
        out *= size
    return out


def literal_tree(rng):
    """A good header as nested lists of [key, value] with literals as text, ready to be mutated, and its data size."""
    rows, at = [], 0
    for name, dtype, shape in good_entries(rng):
        end = at + oracle.BITS[dtype] * product(shape) // 8
        rows.append([name, [["dtype", json.dumps(dtype)], ["shape", [str(s) for s in shape]], ["data_offsets", [str(at), str(end)]]]])
        at = end
    rng.shuffle(rows)
    if rng.random() < 0.3:
        rows.insert(rng.randint(0, len(rows)), ["__metadata__", [["format", "\"pt\""]]])
    return rows, at


def mutate_tree(rng, rows):
    if not rows:
        rows.append([rng.choice(ODD_NAMES), [["dtype", "\"U8\""], ["shape", ["0"]], ["data_offsets", ["0", "0"]]]])
        return
    row = rng.choice(rows)
    kind = rng.randint(0, 9)
    if kind == 0:
        row[0] = rng.choice(ODD_NAMES)
    elif kind == 1:
        rows.append(row)
    elif kind == 2:
        row[1].append(rng.choice(row[1]) if row[1] and rng.random() < 0.5 else ["extra", "1"])
    elif kind == 3 and row[1]:
        row[1].remove(rng.choice(row[1]))
    elif kind == 4 and row[1]:
        rng.choice(row[1])[1] = rng.choice(ODD_NUMBERS + ["\"F32\"", "\"F99\"", "[0,0]", "[[0],0]"])
    else:
        lists = [field[1] for field in row[1] if isinstance(field[1], list)]
        if lists:
            target = rng.choice(lists)
            choice = rng.randint(0, 3)
            if choice == 0 and target:
                target[rng.randrange(len(target))] = rng.choice(ODD_NUMBERS)
            elif choice == 1 and target:
                i = rng.randrange(len(target))
                target[i] = str(max(0, int(target[i]) + rng.choice([-8, -4, -1, 1, 4, 8]))) if target[i].isdigit() else "3"
            elif choice == 2:
                target.append("1")
            elif target:
                target.pop()


def render(value):
    if isinstance(value, str):
        return value
    if value and isinstance(value[0], list):
        return "{" + ",".join(f"\"{key}\":{render(item)}" for key, item in value) + "}"
    return "[" + ",".join(render(item) for item in value) + "]"


def header_text(rows):
    return ("{" + ",".join(f"\"{name}\":{render(fields) if fields else '{}'}" for name, fields in rows) + "}").encode("utf-8", "surrogatepass")


def mutant(rng):
    rows, size = literal_tree(rng)
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        mutate_tree(rng, rows)
    raw = bytearray(header_text(rows))
    kind = rng.randint(0, 11)
    if kind == 0 and raw:
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    elif kind == 1 and raw:
        del raw[rng.randrange(len(raw))]
    elif kind == 2:
        raw.insert(rng.randrange(len(raw) + 1), rng.choice(b" \t\n\r\0{}[],:\"\\0-\xff\xc3"))
    elif kind == 3:
        raw += rng.choice([b" ", b"\n\t ", b"\0", b"x", b"{}", b"\xef\xbb\xbf"])
    elif kind == 4:
        raw = bytearray(rng.choice([b" ", b"\xef\xbb\xbf"]) + raw)
    length = len(raw) + (rng.choice([-1, 1, 8, 2**32, 2**63]) if rng.random() < 0.05 else 0)
    data = struct.pack("<Q", max(0, length)) + bytes(raw) + bytes(max(0, size + (rng.choice([-1, 1, 7]) if rng.random() < 0.08 else 0)))
    return data[:rng.randrange(len(data))] if rng.random() < 0.03 else data


def main():
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 20240607)
    files = [mutant(rng) for _ in range(count)]
    stream = b"".join(struct.pack("<Q", len(f)) + f for f in files)
    result = subprocess.run([sys.argv[1], "judge"], input=stream, stdout=subprocess.PIPE, check=True)
    verdicts = result.stdout.decode("utf-8", "replace").split("\n")[:-1]
    assert len(verdicts) == count, f"{len(verdicts)} verdicts for {count} files"
    accepted = 0
    for data, verdict in zip(files, verdicts):
        expected = oracle.accepts(data)
        accepted += expected
        if expected != (verdict == "ok"):
            sys.exit(f"oracle {'accepts' if expected else 'refuses'}, wean says: {verdict}\n{data!r}")
    assert 0.15 * count < accepted < 0.85 * count, f"{accepted} of {count} accepted: the mutants test little"
    print(f"{count} mutants, {accepted} accepted by both, {len(set(verdicts))} different messages, 0 differences")


if __name__ == "__main__":
    main()
