"""The numbers of tests/schemas/h5/known.h and tests/schemas/plan/example_plan.h, from their formulas alone, and the
16-bit encoding of schemas/profile.md by brute force."""
import hashlib

import numpy as np

HEADS, LAYERS, TOKENS, BLOCK, COLS, SAMPLED = 3, 2, 42, 16, 3, 2
ROW_SIZES = [16, 16, 10]
STEPS = [2, 1]  # of the two phases
UNDROPPABLE = np.float32(np.finfo(np.float32).max)
MIN_SCALE, MAX_SCALE = -14, 96


def counting(first):
    return bytes((first + i) % 256 for i in range(32))


def weight(k, h, u, v):
    return float(1 + (37 * k + 11 * h + 5 * u + 3 * v) % 16)


def shares(k, h, u, total):
    weights = [weight(k, h, u, v) for v in range(COLS)]
    return [np.float32(total * w / sum(weights)) for w in weights]


def mass(k, prompts):
    return np.array([[shares(k, h, u, float(ROW_SIZES[u] * prompts)) for u in range(3)] for h in range(HEADS)])


def threshold(k, n):
    value = lambda h, u, v: np.float32((1 + (k + 7 * h + COLS * u + v) % n) / n)
    return np.array([[[value(h, u, v) for v in range(COLS)] for u in range(3)] for h in range(HEADS)])


def removal_error(k, cols):
    def value(h, u, v):
        if k % 2 == 1 and (h, u, v) == (2, 0, 1):
            return UNDROPPABLE
        if (k + h + u + v) % 7 == 0:
            return np.float32(0)
        return np.float32(weight(k, h, u, v) ** 2 / 48 * 2.0 ** (10 * h))

    return np.array([[[value(h, u, v) for v in range(cols)] for u in range(3)] for h in range(HEADS)])


def slabs(f):
    """f(k) for each slab, as [phases, branches, experts, layers, ...]; k counts slabs in that order."""
    values = np.array([f(k) for k in range(2 * 2 * LAYERS)])
    return values.reshape((2, 2, 1, LAYERS) + values.shape[1:])


def rows_token():
    token = lambda layer, step: [(5 * step + 20 * i + layer) % TOKENS for i in range(SAMPLED)]
    return np.array([[[[token(layer, step) for step in range(3)] for layer in range(LAYERS)]] for _ in range(2)], np.uint32)


def rows_mass():
    one = lambda layer, step: [[shares(step + layer, h, i, 1.0) for i in range(SAMPLED)] for h in range(HEADS)]
    return np.array([[[[one(layer, step) for step in range(3)] for layer in range(LAYERS)]] for _ in range(2)])


def profile_arrays():
    m = slabs(lambda k: mass(k, 2))
    return {
        "mass": m,
        "mass_square": (m.astype(np.float64) ** 2 / 2).astype(np.float32),
        "threshold_row": slabs(lambda k: threshold(k, COLS)),
        "threshold_map": slabs(lambda k: threshold(k, 3 * COLS)),
        "removal_error": slabs(lambda k: removal_error(k, COLS)),
        "removal_error_wide": slabs(lambda k: removal_error(k, 2)),
        "rows_token": rows_token(),
        "rows_mass": rows_mass(),
    }


# --- 16-bit encoding ---------------------------------------------------------------------------------------------


def code_values(scale):
    """Values of the codes 0 .. 65,534 in float64."""
    code = np.arange(65535)
    field, fraction = code // 512, (code % 512).astype(np.float64)
    return np.where(field == 0, np.ldexp(fraction, -135 + scale), np.ldexp(512 + fraction, field - 136 + scale))


def encode(values, scale):
    """Nearest code, ties to even; from half a step above the last code on: 65,535."""
    table = code_values(scale)
    table = np.append(table, 2 * table[-1] - table[-2])
    x = values.astype(np.float64).ravel()
    low = np.clip(np.searchsorted(table, x, side="right") - 1, 0, 65534)
    below, above = x - table[low], table[low + 1] - x
    up = (above < below) | ((above == below) & (low % 2 == 1))
    return np.minimum(low + up, 65535).astype(np.uint16).reshape(values.shape)


def scale_for(values):
    """Smallest scale that holds every value that the largest scale holds."""
    held = values[encode(values, MAX_SCALE) != 65535]
    for scale in range(MIN_SCALE, MAX_SCALE + 1):
        if not np.any(encode(held, scale) == 65535):
            return scale
    raise AssertionError


def encode_heads(values):
    """[..., heads, rows, cols] -> codes of that shape, scales [..., heads]"""
    flat = values.reshape((-1,) + values.shape[-2:])
    scales = np.array([scale_for(head) for head in flat], np.int8)
    codes = np.array([encode(head, int(scale)) for head, scale in zip(flat, scales)])
    return codes.reshape(values.shape), scales.reshape(values.shape[:-2])


def shard_arrays():
    arrays = {}
    for name, values in (
        ("mass", slabs(lambda k: mass(k, 1))),
        ("removal_error", slabs(lambda k: removal_error(k, COLS))),
        ("removal_error_wide", slabs(lambda k: removal_error(k, 2))),
    ):
        arrays[name], arrays[name + "_scale"] = encode_heads(values)
    order = ["mass", "mass_scale", "removal_error", "removal_error_scale", "removal_error_wide", "removal_error_wide_scale"]
    arrays = {name: arrays[name] for name in order}
    arrays["rows_token"] = rows_token()
    arrays["rows_mass"] = encode(rows_mass(), 0)
    return arrays


# --- meta --------------------------------------------------------------------------------------------------------


def profile_attributes(kind):
    return {
        "kind": kind, "container_version": 1, "schema_version": 1, "tool_version": "0.1.0", "model_family": "known",
        "model_experts": 1, "model_layers": 2, "model_heads": 3, "model_head_dim": 64, "model_weights": counting(0).hex(),
        "model_config": counting(32).hex(), "model_quick": counting(64).hex(), "grid_frames": 2, "grid_height": 3,
        "grid_width": 7, "block": 16, "token_order": "raster", "sampled_rows": 2, "width": 112, "height": 48, "frames": 5,
        "sampler": "euler", "steps": 3, "shift": 3.0, "guidance": 5.0, "dtype": "float32", "seed": 0xFEDCBA9876543210,
    }


def small_arrays(prompts):
    digests = [np.frombuffer(counting(0x11), np.uint8), np.frombuffer(counting(0x22), np.uint8)]
    return {
        "sigmas": np.array([1.0, 0.75, 0.25]),
        "phase_sigma": np.array([[1.0, 0.5], [0.5, 0.0]]),
        "phase_steps": np.array(STEPS, np.uint32),
        "branches": np.array([0, 1], np.uint8),
        "prompts": np.array(digests[:prompts]),
    }


def plan_attributes(density):
    sha = lambda text: hashlib.sha256(text.encode()).hexdigest()
    return {
        "kind": "wean-plan", "container_version": 1, "schema_version": 1, "tool_version": "0.1.0", "method": "west-fast",
        "options": '{"density":0.45}', "profile": sha("profile"), "model_family": "wan2.1-t2v", "model_experts": 1,
        "model_layers": 2, "model_heads": 3, "model_head_dim": 64, "model_weights": sha("weights"),
        "model_config": sha("config"), "model_quick": sha("quick"), "grid_frames": 3, "grid_height": 5, "grid_width": 7,
        "block": 16, "schedule_sampler": "unipc", "schedule_steps": 5, "schedule_shift": 3.0, "row_floor": 0.1,
        "keep_diagonal": 1, "global_density": density,
    }


def plan_arrays():
    i = np.arange(24)
    dense = i % 4 == 0
    return {
        "phase_sigma": np.array([[1.0, 0.75], [0.75, 0.0]]),
        "phase_steps": np.array([2, 3], np.uint32),
        "phase_profile_phase": np.array([0, 1], np.uint32),
        "row_phase": (i // 12).astype(np.uint32),
        "row_branch": (i // 6 % 2).astype(np.uint8),
        "row_expert": np.zeros(24, np.uint32),
        "row_layer": (i // 3 % 2).astype(np.uint32),
        "row_head": (i % 3).astype(np.uint32),
        "row_rule": np.where(dense, 0, 1).astype(np.uint8),
        "row_score": (i % 5).astype(np.uint8),
        "row_scope": (i % 2).astype(np.uint8),
        "row_keep": np.where(dense, 1.0, (i + 1) / 32.0),
        "row_fidelity_target": i / 100.0,
        "row_predicted_fidelity": 1 - i / 64.0,
        "row_predicted_error": i * 0.3,
    }


def plan_density():
    arrays = plan_arrays()
    steps = arrays["phase_steps"][arrays["row_phase"]]
    return float(np.sum(steps * arrays["row_keep"]) / np.sum(steps))
