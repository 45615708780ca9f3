"""torch.ops.wean.block_sparse_attention: values, errors, tracing, threads."""
import unittest

from bindings_support import GOLDEN, CompileCounterWithBackend, attention, in_threads, relative, torch

import wean
from wean.operators import operators, supports

WEAN = operators()
TOKENS, HEADS, DIM = 1274, 4, 64


def number(value):
    return torch.tensor(value)


def states(batch=1, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn((batch, TOKENS, HEADS, DIM), generator=generator).to(dtype) for _ in range(3)]


class WithMasks(unittest.TestCase):
    def setUp(self):
        self.masks = wean.load(GOLDEN)
        self.file = self.masks.operator_number()

    def call(self, q, k, v, phase=1, branch=0, layer=0, **more):
        return WEAN.block_sparse_attention(q, k, v, self.file, number(phase), number(branch), number(layer), **more)

    def expected(self, q, k, v, phase=1, branch=0, layer=0, scale=None):
        return attention(q, k, v, self.masks.bits(wean.Site(layer, branch), phase), self.masks.info().block, scale)


class Values(WithMasks):
    def test_every_site(self):
        q, k, v = states()
        for site in [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]:
            with self.subTest(site):
                self.assertLess(relative(self.call(q, k, v, *site), self.expected(q, k, v, *site)), 1e-5)

    def test_bfloat16(self):
        q, k, v = states(dtype=torch.bfloat16)
        out = self.call(q, k, v)
        self.assertEqual(torch.bfloat16, out.dtype)
        self.assertLess(relative(out, self.expected(q, k, v)), 5e-3)

    def test_batch_and_scale(self):
        q, k, v = states(batch=2)
        self.assertLess(relative(self.call(q, k, v, scale=0.3), self.expected(q, k, v, scale=0.3)), 1e-5)

    def test_strides(self):
        """Heads before tokens, and a last dimension that is not contiguous."""
        q, k, v = states()
        other = [q.transpose(1, 2).contiguous().transpose(1, 2), k.transpose(2, 3).contiguous().transpose(2, 3), v]
        out = self.call(*other)
        self.assertTrue(torch.equal(self.call(q, k, v), out))
        self.assertTrue(out.is_contiguous())

    def test_equal_bits_for_any_thread_count(self):
        q, k, v = states()
        one = self.call(q, k, v)
        torch.set_num_threads(3)
        self.addCleanup(torch.set_num_threads, 1)
        self.assertTrue(torch.equal(one, self.call(q, k, v)))


class Errors(WithMasks):
    def refused(self, words, *arguments, **more):
        with self.assertRaisesRegex(RuntimeError, words):
            self.call(*arguments, **more)

    def test_what_is_wrong_is_named(self):
        q, k, v = states()
        self.refused("v1.wean: phase 7; allowed are 0 to 1", q, k, v, phase=7)
        self.refused("site.branch 2; allowed are 0 to 1", q, k, v, branch=2)
        self.refused("layer 9; allowed are 0 to 1", q, k, v, layer=9)
        self.refused("phase -1; allowed are 0 and above", q, k, v, phase=-1)
        self.refused(r"q is \[1, 1273, 4, 64\]; the mask file is for \[batch, 1274 tokens, 4 heads, 64\], grid 7x13x14", q[:, 1:], k, v)
        self.refused(r"k is \[1, 1274, 3, 64\]", q, k[:, :, 1:], v)
        self.refused(r"v is \[1274, 4, 64\]", q, k, v[0])
        self.refused("k must be on the CPU and of the type of q", q, k.bfloat16(), v)
        self.refused("allowed are float32 and bfloat16", q.half(), k.half(), v.half())
        self.refused("phase must be one int64", q, k, v, phase=1.5)

    def test_numbers_of_files(self):
        q, k, v = states()
        with self.assertRaisesRegex(RuntimeError, "/no/such.wean: cannot open"):
            WEAN.open_masks("/no/such.wean")
        self.file = WEAN.open_masks(str(GOLDEN))
        self.assertEqual(q.shape, self.call(q, k, v).shape)
        WEAN.release_masks(self.file)
        WEAN.release_masks(self.file)
        self.refused(f"mask file number {self.file} is not open", q, k, v)
        self.assertGreater(WEAN.open_masks(str(GOLDEN)), self.file)

    def test_a_closed_file(self):
        q, k, v = states()
        self.masks.close()
        self.refused("is not open", q, k, v)
        with self.assertRaisesRegex(wean.UsageError, "was closed"):
            self.masks.operator_number()

    @unittest.skipIf(WEAN.has_cuda(), "this build has CUDA kernels")
    def test_cuda_is_refused_by_name(self):
        self.assertFalse(supports(torch.device("cuda")))
        on_cuda = torch._C.DispatchKeySet(torch._C.DispatchKey.CUDA)
        arguments = (*states(), self.file, number(0), number(0), number(0))
        with self.assertRaisesRegex(RuntimeError, "this build of wean has no CUDA kernels; it needs a build with them"):
            WEAN.block_sparse_attention.default.redispatch(on_cuda, *arguments)

    @unittest.skipUnless(WEAN.has_cuda(), "this build has no CUDA kernels")
    def test_cuda_takes_16_bits_alone(self):
        on_cuda = torch._C.DispatchKeySet(torch._C.DispatchKey.CUDA)
        with self.assertRaisesRegex(RuntimeError, "allowed on a CUDA device are bfloat16 and float16"):
            WEAN.block_sparse_attention.default.redispatch(on_cuda, *states(), self.file, number(0), number(0), number(0))


class Tracing(WithMasks):
    def test_meta(self):
        q, k, v = (x.to("meta") for x in states(batch=3, dtype=torch.bfloat16))
        out = self.call(q, k.transpose(1, 2), v)
        self.assertEqual((q.shape, q.dtype, True), (out.shape, out.dtype, out.is_contiguous()))

    def test_opcheck(self):
        q, k, v = states()
        results = torch.library.opcheck(WEAN.block_sparse_attention.default, (q, k, v, self.file, number(1), number(0), number(1)))
        self.assertEqual({"SUCCESS"}, set(results.values()))

    def test_one_graph_for_every_site_and_batch(self):
        counter = CompileCounterWithBackend("aot_eager")

        def double(*arguments):
            return 2 * WEAN.block_sparse_attention(*arguments)

        compiled = torch.compile(double, backend=counter, fullgraph=True, dynamic=True)
        for batch, *site in [(2, 0, 0, 0), (3, 1, 0, 1), (2, 1, 1, 0)]:
            arguments = (*states(batch), self.file, *map(number, site))
            self.assertTrue(torch.equal(double(*arguments), compiled(*arguments)))
        self.assertEqual(1, counter.frame_count)


class Threads(unittest.TestCase):
    def test_open_use_close(self):
        q, k, v = states()
        site = number(1), number(0), number(1)
        expected = WEAN.block_sparse_attention(q, k, v, WEAN.open_masks(str(GOLDEN)), *site)

        def body(_):
            for _ in range(3):
                file = WEAN.open_masks(str(GOLDEN))
                assert torch.equal(expected, WEAN.block_sparse_attention(q, k, v, file, *site))
                WEAN.release_masks(file)

        self.assertEqual([], in_threads(body))

    def test_closing_under_a_call(self):
        """A call ends well or says that the file is closed."""
        q, k, v = states()
        masks = wean.load(GOLDEN)
        file = masks.operator_number()

        def body(thread):
            if thread == 9:
                masks.close()
            try:
                WEAN.block_sparse_attention(q, k, v, file, number(1), number(0), number(1))
            except RuntimeError as error:
                assert "is not open" in str(error)

        self.assertEqual([], in_threads(body, 16))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
