"""What the tests of the bindings share: files, threads, a reference of the attention. Skips where a module is missing."""
import pathlib
import threading

import oracles

try:
    import numpy as np
    import torch
    from torch._dynamo.testing import CompileCounterWithBackend  # noqa: F401
except ImportError as missing:
    oracles.skip(missing)

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/golden/masks/v1.wean"
THREADS = 64
torch.set_num_threads(1)


def in_threads(body, count=THREADS):
    """Runs body(number) in that many threads at once; returns what they raised."""
    raised = []

    def guarded(number):
        try:
            body(number)
        except BaseException as error:
            raised.append(error)

    team = [threading.Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    return raised


def attention(q, k, v, kept, block, scale=None):
    """softmax(scale q k^T) v over kept pairs, in double; q, k, v [batch, tokens, heads, dim], kept bool [heads, rows, cols].
    A query without keys gives 0."""
    q, k, v = (x.double().transpose(1, 2) for x in (q, k, v))
    tokens = torch.from_numpy(np.repeat(np.repeat(kept, block[0], 1), block[1], 2)[:, :q.shape[2], :k.shape[2]])
    scores = (q @ k.transpose(-1, -2)) * (q.shape[-1] ** -0.5 if scale is None else scale)
    weights = torch.softmax(scores.masked_fill(~tokens, float("-inf")), -1).nan_to_num(0)
    return (weights @ v).transpose(1, 2)


def relative(ours, theirs):
    return float((ours.double() - theirs.double()).norm() / theirs.double().norm())
