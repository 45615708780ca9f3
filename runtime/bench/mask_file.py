"""Writes mask files (schemas/masks.md) of random masks, for benchmarks and tests: real sizes without a profile.

    mask_file.py OUT.wean --grid 21x45x80 --layers 40 --heads 40 --head-dim 128 --block 128x128 --density 0.3
"""
from __future__ import annotations

import argparse
import hashlib
import pathlib
import struct
from collections.abc import Callable, Sequence

import numpy as np

DENSE = 0xFFFFFFFF
Draw = Callable[[np.random.Generator, int, int], np.ndarray]  # (random, rows, cols) -> bool [rows, cols]


def uniform(density: float) -> Draw:
    """Every pair with the same probability."""
    return lambda random, rows, cols: random.random((rows, cols), dtype=np.float32) < density


def random_of(*key: int) -> np.random.Generator:
    """The same numbers for the same key."""
    return np.random.default_rng(key)


def _up(n: int) -> int:
    return -(-n // 64) * 64


class MaskFile:
    """Geometry and content of a file. `bits` is a function of (phase, layer, head) -> bool [rows, cols]; both branches share the masks,
    and layers repeat after `distinct_layers`, which makes big files quickly."""

    def __init__(self, grid: Sequence[int], layers: int, heads: int, head_dim: int, block: Sequence[int], phases: Sequence[tuple[float, int]],
                 bits: Callable[[int, int, int], np.ndarray], branches: int = 2, distinct_layers: int | None = None) -> None:
        self.grid, self.layers, self.heads, self.head_dim, self.block = tuple(grid), layers, heads, head_dim, tuple(block)
        self.phases, self.bits, self.branches, self.distinct = tuple(phases), bits, branches, distinct_layers or layers
        self.tokens = grid[0] * grid[1] * grid[2]
        self.rows, self.cols = -(-self.tokens // block[0]), -(-self.tokens // block[1])
        self.words = -(-self.cols // 32)
        self.row_sizes = np.minimum(block[0], self.tokens - np.arange(self.rows) * block[0]).astype(np.int64)
        self.col_sizes = np.minimum(block[1], self.tokens - np.arange(self.cols) * block[1]).astype(np.int64)

    def _payload(self, phase: int, layer: int) -> tuple[bytes, int, int, int]:
        """(bytes, slots, popcount, kept_work) of one section, equal heads sharing a slot."""
        slots: dict[bytes, int] = {}
        table, popcount, kept = [], 0, 0
        for head in range(self.heads):
            pairs = self.bits(phase, layer, head)
            work = int(self.row_sizes @ (pairs @ self.col_sizes))
            kept += work
            if pairs.all():
                table.append(DENSE)
                continue
            packed = np.zeros((self.rows, 4 * self.words), dtype=np.uint8)
            bits = np.packbits(pairs, axis=1, bitorder="little")
            packed[:, :bits.shape[1]] = bits
            data = packed.tobytes()
            if data not in slots:
                slots[data] = len(slots)
                popcount += int(pairs.sum())
            table.append(slots[data])
        head_table = struct.pack(f"<{self.heads}I", *table)
        return head_table.ljust(_up(len(head_table)), b"\0") + b"".join(slots), len(slots), popcount, kept

    def write(self, path: str | pathlib.Path) -> float:
        """Writes the file and returns its global density."""
        sections = len(self.phases) * self.branches * self.layers
        tables_end = end = 320 + 16 * len(self.phases) + 96 * sections
        entries, kept, total, seen = [], 0, 0, {}
        with open(path, "wb") as file:
            for phase, (_, steps) in enumerate(self.phases):
                made = []
                for layer in range(self.layers):
                    if layer >= self.distinct:
                        made.append(made[layer - self.distinct])
                        kept += self.branches * steps * made[-1][4]
                        total += self.branches * steps * self.heads * self.tokens**2
                        continue
                    payload, slots, popcount, work = self._payload(phase, layer)
                    digest = hashlib.sha256(payload).digest()
                    if digest not in seen:
                        seen[digest] = _up(end)
                        file.seek(seen[digest])
                        file.write(payload)
                        end = seen[digest] + len(payload)
                    made.append((slots, seen[digest], len(payload), popcount, work, 0, digest))
                    kept += self.branches * steps * work
                    total += self.branches * steps * self.heads * self.tokens**2
                for branch in range(self.branches):
                    entries += [struct.pack("<6I5Q32s", phase, branch, 0, layer, 1, *made[layer]) for layer in range(self.layers)]
            density = float(kept) / float(total)
            phase_table = b"".join(struct.pack("<dII", low, steps, 0) for low, steps in self.phases)
            header = struct.pack("<8sHHIQ", bytes.fromhex("89 57 45 41 4E 0D 0A 1A"), 1, 0, 320, end)
            header += struct.pack("<18I", 0, 0, sections, 96, 64, 1, len(self.phases), self.branches, 1, self.layers, self.heads, self.head_dim,
                                  *self.grid, *self.block, 0)
            header += struct.pack("<dI20x128x32s", density, 1, b"random")
            head = header + hashlib.sha256(header + phase_table + b"".join(entries)).digest() + phase_table + b"".join(entries)
            assert len(head) == tables_end
            file.seek(0)
            file.write(head)
            file.truncate(end)
        return density


def random_file(grid: Sequence[int], layers: int, heads: int, head_dim: int, block: Sequence[int], density: float, phases: int = 1,
                distinct_layers: int | None = None, seed: int = 1) -> MaskFile:
    """Uniform masks."""
    file = MaskFile(grid, layers, heads, head_dim, block, [((phases - 1 - i) / phases, 5) for i in range(phases)],
                    lambda phase, layer, head: draw(random_of(seed, phase, layer, head), file.rows, file.cols), distinct_layers=distinct_layers)
    draw = uniform(density)
    return file


def main() -> None:
    def sizes(text: str) -> tuple[int, ...]:
        return tuple(map(int, text.split("x")))

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--grid", type=sizes, required=True, help="tokens, FRAMESxHEIGHTxWIDTH")
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--heads", type=int, required=True)
    parser.add_argument("--head-dim", type=int, default=128)
    parser.add_argument("--block", type=sizes, default=(128, 128))
    parser.add_argument("--density", type=float, default=0.3)
    parser.add_argument("--phases", type=int, default=1)
    args = parser.parse_args()
    made = random_file(args.grid, args.layers, args.heads, args.head_dim, args.block, args.density, args.phases)
    density = made.write(args.out)
    print(f"{args.out}: {pathlib.Path(args.out).stat().st_size} bytes, density {density:.4f}")


if __name__ == "__main__":
    main()
