"""torch.ops.wean on a CUDA device: the definition's result, torch's streams, CUDA graphs, torch.compile. Exit 77 without one.

Needs torch and numpy alone.
"""
import pathlib
import sys
import tempfile
import unittest

from bindings_support import ROOT, attention, in_threads, relative, torch

import wean

sys.path.insert(0, str(ROOT / "runtime/bench"))
import mask_file  # noqa: E402

from wean.operators import operators  # noqa: E402

WEAN = operators()
if not torch.cuda.is_available() or not WEAN.has_cuda():
    print("skipped: no CUDA device, or a build without CUDA kernels")
    sys.exit(77)

GRID, TOKENS, LAYERS, HEADS = (3, 15, 14), 630, 2, 3
FOLDER = tempfile.TemporaryDirectory()


def masks_of(head_dim, block, phases=2):
    path = pathlib.Path(FOLDER.name) / f"{head_dim}-{block[0]}x{block[1]}.wean"
    if not path.exists():
        mask_file.random_file(GRID, LAYERS, HEADS, head_dim, block, 0.4, phases).write(path)
    return wean.load(path)


def states(head_dim=128, batch=1, dtype=torch.bfloat16, seed=0):
    random = torch.Generator("cuda").manual_seed(seed)
    return [torch.randn(batch, TOKENS, HEADS, head_dim, device="cuda", dtype=torch.float32, generator=random).to(dtype) for _ in range(3)]


def number(value):
    return torch.tensor(value, device="cuda")


class OnCuda(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.masks = masks_of(128, (128, 128))
        cls.file = cls.masks.operator_number()

    def call(self, q, k, v, phase=0, branch=0, layer=0, file=None, **more):
        return WEAN.block_sparse_attention(q, k, v, self.file if file is None else file, number(phase), number(branch), number(layer), **more)

    def expected(self, q, k, v, phase, layer, masks=None, **more):
        masks = masks or self.masks
        return attention(q.cpu(), k.cpu(), v.cpu(), masks.bits(layer, phase), masks.info().block, **more)

    def test_every_site(self):
        q, k, v = states()
        for phase in (0, 1):
            for layer in (0, 1):
                out = self.call(q, k, v, phase, 1, layer)
                self.assertTrue(out.is_contiguous() and out.shape == q.shape and out.dtype == q.dtype)
                self.assertLess(relative(out.cpu(), self.expected(q, k, v, phase, layer)), 5e-3)

    def test_types_blocks_and_head_sizes(self):
        for head_dim in (64, 128):
            for block in ((128, 128), (128, 64)):
                masks = masks_of(head_dim, block)
                for dtype, allowed in ((torch.bfloat16, 5e-3), (torch.float16, 1e-3)):
                    q, k, v = states(head_dim, 2, dtype)
                    out = self.call(q, k, v, 1, 0, 1, masks.operator_number())
                    self.assertLess(relative(out.cpu(), self.expected(q, k, v, 1, 1, masks)), allowed, (head_dim, block, dtype))

    def test_strides(self):
        q, k, v = states()
        expected = self.call(q, k, v)
        head_major = [x.transpose(1, 2).contiguous().transpose(1, 2) for x in (q, k, v)]
        joined = torch.cat((q, k, v), -1).split(128, -1)
        odd = [torch.cat((x, x[..., :1]), -1)[..., :128] for x in (q, k, v)]
        shifted = [torch.cat((x[..., :1], x), -1)[..., 1:] for x in (q, k, v)]
        columns = [x.transpose(-1, -2).contiguous().transpose(-1, -2) for x in (q, k, v)]
        for views in (head_major, joined, odd, shifted, columns):
            self.assertTrue(torch.equal(expected, self.call(*views)))

    def test_scale(self):
        q, k, v = states()
        self.assertLess(relative(self.call(q, k, v, scale=0.2).cpu(), self.expected(q, k, v, 0, 0, scale=0.2)), 5e-3)

    def test_runs_are_equal(self):
        q, k, v = states()
        first = self.call(q, k, v)
        for _ in range(5):
            self.assertTrue(torch.equal(first, self.call(q, k, v)))

    def test_the_current_stream(self):
        q, k, v = states()
        expected = self.call(q, k, v)
        site = number(0), number(0), number(0)
        stream, late = torch.cuda.Stream(), torch.zeros_like(q)
        torch.cuda.synchronize()
        with torch.cuda.stream(stream):
            torch.cuda._sleep(50_000_000)
            late.copy_(q)
            out = WEAN.block_sparse_attention(late, k, v, self.file, *site)
        self.assertFalse(stream.query(), "the operator waited for the device")
        stream.synchronize()
        self.assertTrue(torch.equal(expected, out))

    def test_one_graph_for_every_site(self):
        q, k, v = states()
        phase, layer, branch = number(0), number(0), number(0)
        self.masks.upload("cuda")
        graph = torch.cuda.CUDAGraph()
        WEAN.block_sparse_attention(q, k, v, self.file, phase, branch, layer)
        with torch.cuda.graph(graph):
            out = WEAN.block_sparse_attention(q, k, v, self.file, phase, branch, layer)
        for site in ((0, 0), (1, 0), (0, 1), (1, 1)):
            phase.fill_(site[0]), layer.fill_(site[1])
            out.fill_(float("nan"))
            graph.replay()
            self.assertTrue(torch.equal(out, self.call(q, k, v, site[0], 0, site[1])))

    def test_compiled(self):
        def block(q, k, v, phase, layer):
            return 2 * WEAN.block_sparse_attention(q * 0.5, k, v, self.file, phase, number_of_branch, layer)

        number_of_branch = number(0)
        q, k, v = states()
        for mode in ("default", "reduce-overhead"):
            torch._dynamo.reset()
            compiled = torch.compile(block, fullgraph=True, mode=mode)
            for site in ((0, 0), (1, 1), (1, 0)) * 2:
                arguments = q, k, v, *map(number, site)
                self.assertLess(relative(compiled(*arguments).clone().cpu(), block(*arguments).cpu()), 1e-2)

    def test_opcheck(self):
        arguments = (*states(), self.file, number(1), number(0), number(1))
        self.assertEqual({"SUCCESS"}, set(torch.library.opcheck(WEAN.block_sparse_attention.default, arguments).values()))

    def refused(self, words, *arguments, **more):
        with self.assertRaisesRegex(RuntimeError, words):
            self.call(*arguments, **more)

    def test_what_is_wrong_is_named(self):
        q, k, v = states()
        self.refused("allowed on a CUDA device are bfloat16 and float16", q.float(), k.float(), v.float())
        self.refused("k must be on the device of q and of its type", q, k.cpu(), v)
        self.refused(r"v is \[1, 629, 3, 128\]; the mask file is for", q, k, v[:, 1:])
        with self.assertRaisesRegex(RuntimeError, "phase must be one int64 on the device of q"):
            WEAN.block_sparse_attention(q, k, v, self.file, torch.tensor(0), number(0), number(0))

    def test_numbers_that_are_not_there(self):
        path = pathlib.Path(FOLDER.name) / "own.wean"
        mask_file.random_file(GRID, LAYERS, HEADS, 128, (128, 128), 0.4).write(path)
        own, (q, k, v) = wean.load(path), states()
        out = self.call(q, k, v, phase=5, file=own.operator_number())
        torch.cuda.synchronize()
        self.assertEqual(0, out.abs().max().item())
        self.refused("an earlier call found phase 5", q, k, v, file=own.operator_number())

    def test_files_for_the_cpu_are_refused_with_the_command(self):
        masks = masks_of(128, (64, 64))
        with self.assertRaisesRegex(wean.UsageError, "--block 128x128"):
            masks.upload("cuda")
        self.refused("blocks of 64x64", *states(), file=masks.operator_number())

    def test_threads(self):
        q, k, v = states()
        expected = self.call(q, k, v)

        def body(_):
            stream = torch.cuda.Stream()
            with torch.cuda.stream(stream):
                for _ in range(10):
                    assert torch.equal(expected, self.call(q, k, v))

        self.assertEqual([], in_threads(body, 8))

    def test_memory_is_given_back(self):
        path = pathlib.Path(FOLDER.name) / "big.wean"
        mask_file.random_file((21, 30, 52), 4, 12, 128, (128, 128), 0.3).write(path)
        for _ in range(3):
            masks = wean.load(path)
            masks.upload("cuda")
            masks.close()
        torch.cuda.synchronize()
        free, _ = torch.cuda.mem_get_info()
        for _ in range(20):
            masks = wean.load(path)
            size = masks.device_bytes()
            masks.upload("cuda")
            masks.close()
        torch.cuda.synchronize()
        self.assertLess(free - torch.cuda.mem_get_info()[0], 3 * size)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
