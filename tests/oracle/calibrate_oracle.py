"""Recomputes plans of wean-calibrate with numpy, from the words of schemas/plan.md and METHOD formulas alone.

    calibrate_oracle.py CALIBRATE MAKER     MAKER writes synthetic profiles

Reads profile.h5 and plan.h5 with h5py. Every ranked row's cut, density, fidelity, removal error and, where the method asks for one, its target
are computed again; so are the budgets of uniform and the minimality of west-fast.
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np

MASS, POOLED, THRESHOLD_ROW, THRESHOLD_MAP, REMOVAL = range(5)
ROW_SCOPE = 0
GRID = np.arange(1, 257) / 256


class Profile:
    def __init__(self, path):
        self.file = h5py.File(path)
        a = self.file.attrs
        self.block = int(a["block"])
        self.tokens = int(a["grid_frames"]) * int(a["grid_height"]) * int(a["grid_width"])
        self.layers, self.heads = int(a["model_layers"]), int(a["model_heads"])
        self.prompts = len(self.file["prompts"])
        self.branches = list(self.file["branches"][:])
        self.steps = self.file["phase_steps"][:].astype(int)
        count = -(-self.tokens // self.block)
        sizes = np.minimum(self.block, self.tokens - self.block * np.arange(count))
        self.work = np.outer(sizes, sizes)
        pool = np.tensordot(self.steps.astype(float), self.file["mass"][:].astype(float), 1)
        self.pooled = (pool / self.steps.sum()).astype(np.float32)
        self.orders = {}

    def rate(self, statistic):
        return (statistic.astype(float) / self.work).astype(np.float32)

    def order(self, score, scope, floor, diagonal, site):
        """Pairs from the first kept to the last, and how many are forced. Diagonal blocks are u == v here."""
        phase = site[0]
        key = (score, scope, floor, diagonal, site)
        if key in self.orders:
            return self.orders[key]
        mass = self.rate(self.file["mass"][site])
        if score == POOLED:
            first, tie = -self.rate(self.pooled[site[1:]]), np.zeros_like(mass)
        elif score == MASS:
            first, tie = -mass, np.zeros_like(mass)
        elif score == REMOVAL:
            first, tie = -self.rate(self.file["removal_error"][site]), -mass
        else:
            name = "threshold_row" if score == THRESHOLD_ROW else "threshold_map"
            first, tie = self.file[name][site], -mass
        n = len(first)
        off = ~np.eye(n, dtype=bool) if diagonal else np.ones((n, n), bool)
        rank = np.empty((n, n), int)
        for u in range(n):
            rank[u, np.lexsort((np.arange(n), tie[u], first[u], off[u]))] = np.arange(n)
        forced = ~off | (rank < max(1, math.ceil(floor * n - 1e-9)))
        late = np.where(forced, 0, rank + 1 if scope == ROW_SCOPE else 1)
        pairs = np.lexsort((np.arange(n * n), tie.ravel(), first.ravel(), late.ravel()))
        self.orders[key] = pairs, int(forced.sum())
        return self.orders[key]

    def densities(self, pairs):
        """Density of every prefix, the empty one first."""
        return np.concatenate([[0], np.cumsum(self.work.ravel()[pairs])]) / self.work.sum()

    def length(self, pairs, forced, keep):
        miss = np.abs(self.densities(pairs) - keep)
        miss[:forced] = np.inf
        return len(miss) - 1 - int(np.argmin(miss[::-1]))  # the longest of the nearest

    def fidelity(self, mask, site):
        """Mean over steps and sampled rows of 1 - Hellinger distance, by the definition of that distance."""
        phase, branch, expert, layer, head = site
        steps = slice(self.steps[:phase].sum(), self.steps[:phase + 1].sum())
        rows = self.file["rows_mass"][branch, expert, layer, steps, head].astype(float)
        blocks = self.file["rows_token"][branch, expert, layer, steps] // self.block
        dense = rows / rows.sum(-1, keepdims=True)
        kept = np.where(mask[blocks], dense, 0)
        kept /= np.maximum(kept.sum(-1, keepdims=True), 1e-300)
        distance = np.sqrt(np.square(np.sqrt(dense) - np.sqrt(kept)).sum(-1) / 2)
        return float(np.mean(1 - distance))

    def error(self, mask, site):
        dropped = self.file["removal_error"][site].astype(float)[~mask].sum()
        return dropped / self.prompts / self.tokens

    def mask(self, pairs, length):
        mask = np.zeros(self.work.size, bool)
        mask[pairs[:length]] = True
        return mask.reshape(self.work.shape)


class PlanFile:
    def __init__(self, path):
        with h5py.File(path) as f:
            self.attrs = dict(f.attrs)
            self.options = json.loads(self.attrs["options"])
            self.phase_steps = f["phase_steps"][:].astype(int)
            self.source = f["phase_profile_phase"][:].astype(int)
            self.sigma = f["phase_sigma"][:]
            self.rows = {name[4:]: f[name][:] for name in f if name.startswith("row_")}


def near(a, b, tolerance, what):
    assert abs(a - b) <= tolerance, f"{what}: {a!r} and {b!r} differ"


def check_accounting(plan, asked):
    r = plan.rows
    weight = plan.phase_steps[r["phase"]] / plan.phase_steps.sum()
    sites = np.sum(r["phase"] == 0)
    g = float(np.sum(weight * r["keep"]) / sites)
    near(g, plan.attrs["global_density"], 1e-12, "g")
    near(g, asked, 0.005, "g and the asked density")
    return g


def check_rows(profile, plan):
    """Cut, density, fidelity and error of every row again. Returns the site and order of each row."""
    r = plan.rows
    floor, diagonal = float(plan.attrs["row_floor"]), bool(plan.attrs["keep_diagonal"])
    found = []
    for i in range(len(r["keep"])):
        branch = min(int(r["branch"][i]), len(profile.branches) - 1)
        site = (int(plan.source[r["phase"][i]]), branch, int(r["expert"][i]), int(r["layer"][i]), int(r["head"][i]))
        if r["rule"][i] == 0:
            assert r["keep"][i] == 1 and r["predicted_fidelity"][i] == 1 and r["predicted_error"][i] == 0
            found.append((site, None, 0))
            continue
        pairs, forced = profile.order(int(r["score"][i]), int(r["scope"][i]), floor, diagonal, site)
        length = profile.length(pairs, forced, r["keep"][i])
        mask = profile.mask(pairs, length)
        near(profile.densities(pairs)[length], r["keep"][i], 1e-12, f"row {i}: keep")
        near(profile.fidelity(mask, site), r["predicted_fidelity"][i], 2e-7, f"row {i}: fidelity")
        error = profile.error(mask, site)
        near(error, r["predicted_error"][i], 1e-9 * max(1, error), f"row {i}: error")
        found.append((site, pairs, forced))
    return found


def check_uniform(profile, plan, found, asked, warmup_steps):
    total = plan.phase_steps.sum()
    rest = (asked - warmup_steps / total) / (1 - warmup_steps / total)
    r = plan.rows
    first = np.concatenate([[0], np.cumsum(plan.phase_steps)])
    for i, (site, pairs, forced) in enumerate(found):
        assert (pairs is None) == (first[r["phase"][i]] < warmup_steps), f"row {i}: dense in the wrong phase"
        if pairs is not None:
            near(r["keep"][i], profile.densities(pairs)[profile.length(pairs, forced, rest)], 1e-12, f"row {i}: keep")


def target(plan, layers, layer, first_step):
    """METHOD.md section 2, with w' = w N_T / N_L."""
    o, steps = plan.options, plan.phase_steps.sum()
    w = o["west_w"] * layers / steps
    x = (layer + w * first_step) / ((layers - 1) + w * (steps - 1))
    return o["beta"] * (1 - x) ** o["gamma"] + 1 - o["beta"]


def check_west(profile, plan, found):
    r = plan.rows
    first = np.concatenate([[0], np.cumsum(plan.phase_steps)])
    for i, (site, pairs, forced) in enumerate(found):
        wanted = target(plan, profile.layers, int(r["layer"][i]), first[r["phase"][i]])
        near(r["fidelity_target"][i], wanted, 1e-12, f"row {i}: target")
        assert r["predicted_fidelity"][i] >= r["fidelity_target"][i], f"row {i}: misses its target"
        if pairs is None or (r["branch"][i] == 1 and len(profile.branches) == 1):
            continue
        low, high = forced, len(pairs)  # bisect the shortest cut that meets the target
        while low < high:
            middle = (low + high) // 2
            met = profile.fidelity(profile.mask(pairs, middle), site) >= wanted + 1e-9
            low, high = (low, middle) if met else (middle + 1, high)
        slack = 1 / 256 + profile.work.max() / profile.work.sum()
        assert r["keep"][i] <= profile.densities(pairs)[low] + slack, f"row {i}: keeps more than its target needs"


def check_multiplier(profile, plan, found):
    """Nearly every site must minimise weighted error + price * work over its 256 cuts."""
    r, o = plan.rows, plan.options
    first = np.concatenate([[0], np.cumsum(plan.phase_steps)])
    good = []
    for i, (site, pairs, forced) in enumerate(found):
        if pairs is None or r["branch"][i] == 1:
            continue
        p = r["phase"][i]
        t = (first[p] + plan.phase_steps[p] / 2) / plan.phase_steps.sum()
        price = math.exp(o["log_price"] + o["time_weight"] * t)
        lengths = np.array([profile.length(pairs, forced, keep) for keep in GRID])
        dropped = profile.file["removal_error"][site].astype(float).ravel()[pairs]
        left = np.concatenate([[0], np.cumsum(dropped[::-1])])[::-1] / profile.prompts / profile.tokens
        cost = left[lengths] + price * profile.densities(pairs)[lengths]
        mine = r["predicted_error"][i] + price * r["keep"][i]
        good.append(mine <= cost.min() * (1 + 1e-9))
    assert np.mean(good) > 0.9, f"only {np.mean(good):.2f} of the sites are optimal for the price"


def calibrate(tool, profile, out, method, density, *extra):
    command = [tool, profile, "-o", out, "--method", method, "--density", str(density), "--force", "--quiet", *extra]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    return PlanFile(out)


SHAPES = {
    "ragged": dict(layers=3, heads=3, frames=3, height=7, width=9, block=16, phases=3, steps=8, rows=6, prompts=3),
    "both-branches": dict(layers=2, heads=2, frames=4, height=8, width=8, block=16, phases=2, steps=5, rows=5, branches=2),
    "one-phase": dict(layers=6, heads=2, frames=5, height=5, width=7, block=16, phases=1, steps=4, rows=8, prompts=1),
}


def check_shape(tool, path, out):
    profile = Profile(path)
    steps = profile.steps.sum()
    for density in (0.45, 0.6):
        plan = calibrate(tool, path, out, "uniform", density)
        check_accounting(plan, density)
        check_uniform(profile, plan, check_rows(profile, plan), density, 0)
        plan = calibrate(tool, path, out, "uniform-warmup", density, "--warmup", "0.25")
        check_accounting(plan, density)
        check_uniform(profile, plan, check_rows(profile, plan), density, math.floor(0.25 * steps + 0.5))
        for scope in ("row", "map"):
            for extra in ((), ("--row-floor", "0.1", "--keep-diagonal")):
                plan = calibrate(tool, path, out, "west-fast", density, "--scope", scope, "--west-w", "2", *extra)
                check_accounting(plan, density)
                check_west(profile, plan, check_rows(profile, plan))
        plan = calibrate(tool, path, out, "removal-error", density)
        check_accounting(plan, density)
        check_multiplier(profile, plan, check_rows(profile, plan))


def main():
    tool, maker = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for seed, (name, fields) in enumerate(SHAPES.items(), 1):
            path = folder / "profile.h5"
            path.unlink(missing_ok=True)
            subprocess.run([maker, path, *(f"{k}={v}" for k, v in fields.items()), f"seed={seed}"], check=True)
            check_shape(tool, path, folder / "plan.h5")
            print(name, "agrees")


if __name__ == "__main__":
    main()
