"""Second implementation of models/fingerprints.md, written from that page: no wean code, no safetensors library."""
import hashlib
import json
import struct
import sys


def sha(data):
    return hashlib.sha256(data).digest()


def u64(value):
    return struct.pack("<Q", value)


def text(string):
    data = string.encode()
    return u64(len(data)) + data


def read_safetensors(path):
    """{name: (dtype, shape, bytes)}"""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], data[t["data_offsets"][0]:t["data_offsets"][1]]) for name, t in header.items()}


def sample(data):
    if len(data) <= 40960:
        return data
    blocks = len(data) // 4096
    starts = [0] + [4096 * (i * blocks // 9) for i in range(1, 9)] + [len(data) - 4096]
    return b"".join(data[s:s + 4096] for s in starts)


def tree(tensors, kind, content):
    level = []
    for name in sorted(tensors, key=str.encode):
        dtype, shape, data = tensors[name]
        sizes = b"".join(u64(s) for s in shape)
        level.append(sha(text(kind + "-leaf-1") + text(name) + text(dtype) + u64(len(shape)) + sizes + sha(content(data))))
    while len(level) > 1:
        pairs = [sha(text("wean-node-1") + level[i] + level[i + 1]) for i in range(0, len(level) - 1, 2)]
        level = pairs + (level[-1:] if len(level) % 2 else [])
    return sha(text(kind + "-root-1") + u64(len(tensors)) + (level[0] if level else bytes(32))).hex()


def weights(tensors):
    return tree(tensors, "wean-weights", lambda data: data)


def quick(tensors):
    return tree(tensors, "wean-quick", sample)


def bfloat16(dtype, data):
    """The bytes of every value rounded to bfloat16."""
    code = {"F64": "d", "F32": "f", "F16": "e"}.get(dtype)
    if code is None:
        return data
    out = []
    for (value,) in struct.iter_unpack("<" + code, data):
        bits = struct.unpack("<I", struct.pack("<f", value))[0]
        out.append(bits + 0x7FFF + (bits >> 16 & 1) >> 16)
    return struct.pack(f"<{len(out)}H", *out)


def memory(tensors):
    twins = {name: ("BF16", shape, bfloat16(dtype, data)) for name, (dtype, shape, data) in tensors.items()}
    return tree(twins, "wean-memory", sample)


def config(family, c):
    """`c`: a diffusers transformer config (dict)."""
    numbers = list(c["patch_size"]) + [c[k] for k in ("num_attention_heads", "attention_head_dim", "num_layers", "in_channels", "out_channels",
                                                      "text_dim", "freq_dim", "ffn_dim")] + [512, int(c["cross_attn_norm"])]
    return sha(text("wean-config-1") + text(family) + b"".join(u64(n) for n in numbers) + struct.pack("<d", c["eps"])).hex()


EXAMPLE = {"a": ("BF16", [2], bytes.fromhex("003f803f"))}

if __name__ == "__main__":
    if sys.argv[1:] == ["--example"]:
        print("H(bytes)  =", sha(EXAMPLE["a"][2]).hex())
        print("weights   =", weights(EXAMPLE))
        print("quick     =", quick(EXAMPLE))
        print("memory    =", memory(EXAMPLE))
    else:
        tensors = read_safetensors(sys.argv[1])
        print("weights   =", weights(tensors))
        print("quick     =", quick(tensors))
        print("memory    =", memory(tensors))
