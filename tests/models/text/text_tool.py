"""Runs dump_text from the Python tests."""
import struct
import subprocess


def _stream(texts):
    data = [t if isinstance(t, bytes) else t.encode("utf-8") for t in texts]
    return b"".join(struct.pack("<Q", len(d)) + d for d in data)


def run(tool, arguments, texts):
    result = subprocess.run([tool, *map(str, arguments)], input=_stream(texts), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if result.returncode:
        raise RuntimeError(f"exit {result.returncode}: {result.stderr.decode()}")
    return result.stdout


def clean(tool, texts):
    data, out = run(tool, ["clean"], texts), []
    while data:
        size = struct.unpack("<Q", data[:8])[0]
        out.append(data[8:8 + size].decode("utf-8"))
        data = data[8 + size:]
    return out


def tokens(tool, folder, length, texts):
    lines = run(tool, ["tokens", folder, length], texts).decode().split("\n")[:-1]
    return [[int(i) for i in line.split()] for line in lines]
