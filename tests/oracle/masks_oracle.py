"""Decodes mask files from the words of schemas/masks.md alone and compares with what wean's reader says.

    masks_oracle.py DUMP FILE...   DUMP prints a file's content through wean's reader
"""
import hashlib
import struct
import subprocess
import sys


class Refused(Exception):
    pass


def need(condition, what):
    if not condition:
        raise Refused(what)


def sha(data):
    return hashlib.sha256(data).digest()


def up64(n):
    return -(-n // 64) * 64


class MaskFile:
    """A whole file, every rule of masks.md checked; `lines()` is its content as text."""

    def __init__(self, data):
        self.data = data
        self.header()
        self.phases()
        self.sections()

    def header(self):
        d = self.data
        need(len(d) >= 320, "size")
        need(d[:8] == bytes.fromhex("89 57 45 41 4E 0D 0A 1A"), "magic")
        major, minor, header_bytes, file_bytes = struct.unpack_from("<HHIQ", d, 8)
        need((major, minor, header_bytes, file_bytes) == (1, 0, 320, len(d)), "version or size")
        words = struct.unpack_from("<18I", d, 24)
        need(words[0] == words[1] == 0, "flags")
        self.section_count, entry_bytes, align, hash_kind, self.phase_count = words[2:7]
        need((entry_bytes, align, hash_kind) == (96, 64, 1), "constants")
        self.branches, self.experts, self.layers, self.heads, self.head_dim = words[7:12]
        self.grid, self.q_block, self.k_block = words[12:15], words[15], words[16]
        self.density, schema = struct.unpack_from("<dI", d, 96)
        need(words[17] == 0 and schema == 1 and d[108:128] == bytes(20), "order, schema, reserved")
        self.fingerprints = [d[at:at + 32].hex() for at in (128, 160, 192, 224)]
        self.family = d[256:288].rstrip(b"\0").decode("ascii")
        self.tables_end = 320 + 16 * self.phase_count + 96 * self.section_count
        need(sha(d[:288] + d[320:self.tables_end]) == d[288:320], "root")
        self.tokens = self.grid[0] * self.grid[1] * self.grid[2]
        self.rows, self.cols = -(-self.tokens // self.q_block), -(-self.tokens // self.k_block)
        self.words = -(-self.cols // 32)

    def phases(self):
        self.phase_table, high = [], 1.0
        for i in range(self.phase_count):
            low, steps, reserved = struct.unpack_from("<dII", self.data, 320 + 16 * i)
            need(0 <= low < high and reserved == 0, "phase")
            self.phase_table.append((high, low, steps))
            high = low
        need(high == 0 and sum(p[2] for p in self.phase_table) > 0, "phases")

    def sections(self):
        keys = [(p, b, e, l) for p in range(self.phase_count) for b in range(self.branches)
                for e in range(self.experts) for l in range(self.layers)]
        need(len(keys) == self.section_count, "sections")
        self.content, seen, end, kept, total = [], {}, self.tables_end, 0, 0
        for i, key in enumerate(keys):
            entry = struct.unpack_from("<6I5Q32s", self.data, 320 + 16 * self.phase_count + 96 * i)
            kind, slots, offset, size, popcount, kept_work, reserved, digest = entry[4:]
            need(entry[:4] == key and kind == 1 and reserved == 0, "entry")
            if digest in seen:
                need(seen[digest] == entry[5:], "sharing")
            else:
                need(offset == up64(end) and not any(self.data[end:offset]), "tiling")
                end = offset + size
                seen[digest] = entry[5:]
            payload = self.data[offset:offset + size]
            need(sha(payload) == digest, "payload hash")
            heads = self.decode_payload(payload, slots, popcount)
            need(sum(h[1] for h in heads) == kept_work, "kept_work")
            self.content.append((key, heads))
            steps = self.phase_table[key[0]][2]
            kept += steps * kept_work
            total += steps * self.heads * self.tokens ** 2
        need(end == len(self.data), "end")
        need(float(kept) / float(total) == self.density, "density")

    def decode_payload(self, payload, slots, popcount):
        table_end, map_bytes = up64(4 * self.heads), 4 * self.rows * self.words
        need(len(payload) == table_end + slots * map_bytes and not any(payload[4 * self.heads:table_end]), "payload")
        maps = [payload[table_end + s * map_bytes:][:map_bytes] for s in range(slots)]
        need(len(set(maps)) == slots, "equal slots")
        table = struct.unpack_from(f"<{self.heads}I", payload)
        used = [slot for slot in table if slot != 0xFFFFFFFF]
        need(list(dict.fromkeys(used)) == list(range(slots)), "slot order")
        works = [self.work(m) for m in maps]
        need(sum(ones for ones, _ in works) == popcount, "popcount")
        need(all(ones < self.rows * self.cols for ones, _ in works), "full map")
        return [(None, self.tokens ** 2) if s == 0xFFFFFFFF else (maps[s], works[s][1]) for s in table]

    def work(self, words):
        ones = kept = 0
        for u in range(self.rows):
            row = int.from_bytes(words[4 * u * self.words:4 * (u + 1) * self.words], "little")
            need(row >> self.cols == 0, "stray bit")
            ones += bin(row).count("1")
            columns = sum(min(self.k_block, self.tokens - v * self.k_block) for v in range(self.cols) if row >> v & 1)
            kept += columns * min(self.q_block, self.tokens - u * self.q_block)
        return ones, kept

    def lines(self):
        names = ("weights", "config", "quick", "recipe")
        yield f"family {self.family}"
        for name in ("branches", "experts", "layers", "heads", "head_dim"):
            yield f"{name} {getattr(self, name)}"
        yield "grid " + "x".join(map(str, self.grid))
        yield f"blocks {self.q_block} {self.k_block}"
        yield from (f"{name} {value}" for name, value in zip(names, self.fingerprints))
        yield "density %.17g" % self.density
        yield from ("phase %.17g %.17g %d" % phase for phase in self.phase_table)
        for key, heads in self.content:
            for head, (bits, kept) in enumerate(heads):
                text = "dense" if bits is None else hashlib.sha256(bits).hexdigest()
                yield "head %d %d %d %d %d %s %.17g" % (*key, head, text, kept / self.tokens ** 2)


def main(dump, files):
    differences = 0
    for name in files:
        with open(name, "rb") as file:
            expected = list(MaskFile(file.read()).lines())
        actual = subprocess.run([dump, name], check=True, capture_output=True, text=True).stdout.splitlines()
        for a, b in zip(expected + [""] * len(actual), actual + [""] * len(expected)):
            if a != b:
                print(f"{name}: oracle '{a}', reader '{b}'")
                differences += 1
        print(f"{name}: {len(expected)} lines compared")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
