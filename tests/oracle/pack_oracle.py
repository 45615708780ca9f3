"""Packs synthetic plans with wean-pack and again in numpy, from the words of the design; the masks must be the same.

    pack_oracle.py WEAN_PACK MAKE_SYNTHETIC_PROFILE MAKE_TEST_PLAN

Reads profile and plan with h5py and masks with masks_oracle.py, so that no code of wean's is on this side.
"""
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from masks_oracle import MaskFile  # noqa: E402

MASS, POOLED, ROW_THRESHOLD, MAP_THRESHOLD, ERROR = range(5)


def axis_overlap(source, target):
    """[target, source]: source cells inside each target cell when both span the same length."""
    edges = np.arange(source + 1, dtype=np.float64)
    at = np.arange(target + 1) * (source / target)
    low = np.maximum(at[:-1, None], edges[None, :-1])
    high = np.minimum(at[1:, None], edges[None, 1:])
    return np.maximum(high - low, 0)


def block_volumes(source, source_block, target, target_block):
    tokens = np.kron(np.kron(axis_overlap(source[0], target[0]), axis_overlap(source[1], target[1])),
                     axis_overlap(source[2], target[2]))
    join = lambda a, block: np.add.reduceat(a, np.arange(0, a.shape[0], block), axis=0)
    return join(join(tokens, target_block).T, source_block).T


def sizes(tokens, block):
    return np.minimum(block, tokens - np.arange(0, tokens, block)).astype(np.float64)


class Carrier:
    def __init__(self, profile, grid, q_block, k_block):
        self.source, self.base = profile.grid, profile.block
        self.grid, self.q_block, self.k_block = grid, q_block, k_block
        self.tokens, self.source_tokens = int(np.prod(grid)), int(np.prod(profile.grid))
        self.work = np.outer(sizes(self.tokens, q_block), sizes(self.tokens, k_block))
        self.width = 2 if k_block * self.source_tokens / self.tokens > np.sqrt(2) * self.base else 1
        self.same = grid == self.source and q_block == k_block == self.base

    def sums(self, score, width=1):
        q = block_volumes(self.source, self.base, self.grid, self.q_block)
        k = block_volumes(self.source, self.base * width, self.grid, self.k_block)
        q = q / sizes(self.source_tokens, self.base) * (self.tokens / self.source_tokens)
        return q @ score @ (k / sizes(self.source_tokens, self.base * width)).T

    def geometric_mean(self, score):
        q = block_volumes(self.source, self.base, self.grid, self.q_block)
        k = block_volumes(self.source, self.base, self.grid, self.k_block)
        mean = (q / q.sum(1, keepdims=True)) @ np.log(score) @ (k / k.sum(1, keepdims=True)).T
        return score if self.same else np.round(mean * 65536)


class Profile:
    def __init__(self, path):
        with h5py.File(path) as f:
            self.grid = tuple(int(f.attrs["grid_" + a]) for a in ("frames", "height", "width"))
            self.block, self.branches = int(f.attrs["block"]), list(f["branches"][:])
            self.steps = f["phase_steps"][:].astype(np.float64)
            self.data = {n: f[n][:].astype(np.float64) for n in
                         ("mass", "threshold_row", "threshold_map", "removal_error", "removal_error_wide")}

    def statistic(self, score, width, phase, branch, expert, layer, head):
        at = (branch if branch in self.branches else self.branches[0])
        site = (self.branches.index(at), expert, layer, head)
        if score == POOLED:
            return np.tensordot(self.steps, self.data["mass"][(slice(None),) + site], 1) / self.steps.sum()
        names = {MASS: "mass", ROW_THRESHOLD: "threshold_row", MAP_THRESHOLD: "threshold_map",
                 ERROR: "removal_error_wide" if width == 2 else "removal_error"}
        return self.data[names[score]][(phase,) + site]


class Plan:
    def __init__(self, path):
        with h5py.File(path) as f:
            names = ("phase", "branch", "expert", "layer", "head", "rule", "score", "scope", "keep")
            columns = {n: f["row_" + n][:].tolist() for n in names}
            self.rows = [dict(zip(names, row)) for row in zip(*columns.values())]
            self.sources = f["phase_profile_phase"][:].tolist()
            self.floor, self.diagonal = float(f.attrs["row_floor"]), bool(f.attrs["keep_diagonal"])


def rank(score, tie):
    """Position of each pair, 0 = kept first: larger score, larger tie, smaller index. Nearly equal floats are equal."""
    order = np.lexsort((np.arange(score.size), -tie.ravel().astype(np.float32), -score.ravel().astype(np.float32)))
    position = np.empty(score.size, np.int64)
    position[order] = np.arange(score.size)
    return position.reshape(score.shape)


def cut(work, tokens, q_block, k_block, row_scope, floor, diagonal, keep, score, tie):
    rows, cols = score.shape
    u, v = np.indices(score.shape)
    shares = (u * q_block < np.minimum((v + 1) * k_block, tokens)) & (v * k_block < np.minimum((u + 1) * q_block, tokens))
    held = shares & diagonal
    position = rank(score, tie)
    in_row = np.argsort(np.argsort(position - held * score.size, axis=1), axis=1)
    forced = held | (in_row < max(1, int(np.ceil(floor * cols - 1e-9))))
    level = in_row if row_scope else np.zeros_like(in_row)
    order = np.lexsort((position.ravel(), np.where(forced, -1, level).ravel()))
    done, wanted, kept = 0.0, keep * work.sum(), np.zeros(score.size, bool)
    for n, pair in enumerate(order):
        after = done + work.ravel()[pair]
        if n >= forced.sum() and after - wanted > wanted - done:
            break
        kept[pair], done = True, after
    return kept.reshape(score.shape)


def ranked(profile, plan, row, carrier, transfer_scores):
    site = (plan.sources[row["phase"]], row["branch"], row["expert"], row["layer"], row["head"])
    width = carrier.width if transfer_scores and row["score"] == ERROR else 1
    mass = profile.statistic(MASS, 1, *site)
    score = profile.statistic(row["score"], width, *site)
    threshold = row["score"] in (ROW_THRESHOLD, MAP_THRESHOLD)
    if transfer_scores:
        mass = carrier.sums(mass)
        score = carrier.geometric_mean(score) if threshold else carrier.sums(score, width)
        work, tokens, q, k = carrier.work, carrier.tokens, carrier.q_block, carrier.k_block
    else:
        work = np.outer(*[sizes(carrier.source_tokens, carrier.base)] * 2)
        tokens, q, k = carrier.source_tokens, carrier.base, carrier.base
    tie = np.zeros_like(mass) if row["score"] in (MASS, POOLED) else mass / work
    score = -score if threshold else score / work
    return cut(work, tokens, q, k, row["scope"] == 0, plan.floor, plan.diagonal, row["keep"], score, tie)


def paper(bits, carrier):
    """OR over shared tokens, then ceil(bilinear(R; u / s_h, v / s_w))."""
    tokens = np.kron(bits, np.ones((carrier.base, carrier.base), bool))[:carrier.source_tokens, :carrier.source_tokens]
    joined = np.logical_or.reduceat(tokens, np.arange(0, carrier.source_tokens, carrier.q_block), axis=0)
    joined = np.logical_or.reduceat(joined, np.arange(0, carrier.source_tokens, carrier.k_block), axis=1)
    for axis, count in enumerate(carrier.work.shape):
        old = joined.shape[axis]
        low, between = np.arange(count) * old // count, np.arange(count) * old % count != 0
        high = np.where(between, np.minimum(low + 1, old - 1), low)
        joined = np.take(joined, low, axis) | np.take(joined, high, axis)
    return joined


def decode(masks, words):
    if words is None:
        return np.ones((masks.rows, masks.cols), bool)
    bits = np.unpackbits(np.frombuffer(words, np.uint8).reshape(masks.rows, -1), axis=1, bitorder="little")
    return bits[:, :masks.cols].astype(bool)


def compare(profile, plan, masks, transfer):
    carrier = Carrier(profile, tuple(masks.grid), masks.q_block, masks.k_block)
    content = dict(masks.content)
    for row in plan.rows:
        words = content[tuple(row[n] for n in ("phase", "branch", "expert", "layer"))][row["head"]][0]
        if row["rule"] == 0:
            want = np.ones((masks.rows, masks.cols), bool)
        else:
            want = ranked(profile, plan, row, carrier, transfer == "scores")
            want = want if transfer == "scores" else paper(want, carrier)
        differ = int((want != decode(masks, words)).sum())
        assert differ == 0, f"{row}: {differ} of {want.size} pairs differ"
    return len(plan.rows)


PROFILES = [["frames=4", "height=6", "width=7"],                       # 168 tokens, ragged
            ["frames=3", "height=5", "width=9", "branches=2", "experts=2", "layers=1"]]
PLANS = [[], ["floor=0.2", "diagonal=1"], ["score=4", "scope=1", "keep=0.45", "diagonal=1"], ["score=2", "scope=0", "keep=0.33"]]
TARGETS = [[], ["--block", "32x32"], ["--block", "32x16"], ["--block", "8x24"], ["--grid", "3x8x10"],
           ["--grid", "2x3x5", "--block", "8x8"], ["--size", "160x128", "--frames", "21", "--block", "32x16"]]


def main(pack, make_profile, make_plan):
    checked = 0
    with tempfile.TemporaryDirectory() as folder:
        path = lambda name: str(pathlib.Path(folder) / name)
        for fields in PROFILES:
            subprocess.run([make_profile, path("p.h5"), *fields], check=True)
            profile = Profile(path("p.h5"))
            for options in PLANS:
                subprocess.run([make_plan, path("p.h5"), path("plan.h5"), *options], check=True)
                for target in TARGETS:
                    for transfer in ("scores", "paper"):
                        command = [pack, path("plan.h5"), "--profile", path("p.h5"), "-o", path("m.wean"), *target,
                                   "--transfer", transfer, "--force", "--quiet"]
                        done = subprocess.run(command, capture_output=True, text=True)
                        if done.returncode == 13 and transfer == "scores" and (target or options):
                            continue  # so few pairs that floor, diagonal or rounding move g by more than .005
                        assert done.returncode == 0, (command, done.stderr)
                        masks = MaskFile(pathlib.Path(path("m.wean")).read_bytes())
                        checked += compare(profile, Plan(path("plan.h5")), masks, transfer)
    print(f"{checked} sites equal")
    return 0 if checked > 1000 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
