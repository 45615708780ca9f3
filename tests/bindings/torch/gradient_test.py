"""The operator has no gradient and says so when one would be recorded, not after backward() gave zeros."""
import unittest
import warnings

from bindings_support import GOLDEN, CompileCounterWithBackend, in_threads, torch
from torch._subclasses.fake_tensor import FakeTensorMode

import wean
from wean.operators import operators

WEAN = operators()
REFUSED = r"wean::block_sparse_attention is for inference: it has no gradient; call it under torch.no_grad\(\)"


class Gradients(unittest.TestCase):
    def setUp(self):
        self.masks = wean.load(GOLDEN)
        self.site = site = [self.masks.operator_number(), *(torch.tensor(value) for value in (1, 0, 1))]
        self.call = lambda q, k, v, **more: WEAN.block_sparse_attention(q, k, v, *site, **more)
        self.q, self.k, self.v = (torch.randn((1, 1274, 4, 64), generator=torch.Generator().manual_seed(seed)) for seed in (0, 1, 2))
        self.leaf = self.v.clone().requires_grad_()
        with torch.no_grad():
            self.expected = self.call(self.q, self.k, self.v)

    def test_refused(self):
        for operands in ((self.leaf, self.k, self.v), (self.q, self.leaf, self.v), (self.q, self.k, 2 * self.leaf)):
            with self.assertRaisesRegex(RuntimeError, REFUSED) as caught:
                self.call(*operands)
            self.assertNotIn("\n", str(caught.exception))

    def test_refused_in_a_graph(self):
        for backend in ("eager", "aot_eager"):
            torch._dynamo.reset()
            with self.assertRaisesRegex(RuntimeError, REFUSED):
                torch.compile(self.call, backend=backend, fullgraph=True)(self.q, self.k, self.leaf)

    def test_refused_with_fake_tensors(self):
        with FakeTensorMode(allow_non_fake_inputs=True) as mode, self.assertRaisesRegex(RuntimeError, REFUSED):
            self.call(*map(mode.from_tensor, (self.q, self.k, self.leaf)))

    def test_computed_where_nothing_is_recorded(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            out = self.call(self.q, self.k, self.v, scale=0.0)
            self.assertTrue(torch.equal(self.expected, out) and not out.requires_grad)
            for guard in (torch.no_grad, torch.inference_mode):
                with guard():
                    self.assertTrue(torch.equal(self.expected, self.call(self.q, self.k, self.leaf)))

    def test_compiled_where_nothing_is_recorded(self):
        for guard in (torch.no_grad, torch.inference_mode):
            torch._dynamo.reset()
            graphs = CompileCounterWithBackend("aot_eager")
            with guard():
                self.assertTrue(torch.equal(self.expected, torch.compile(self.call, backend=graphs, fullgraph=True)(self.q, self.k, self.leaf)))
            self.assertEqual(1, graphs.frame_count)

    def test_opcheck_under_grad_mode(self):
        arguments = (self.q, self.k, self.v, *self.site)
        self.assertEqual({"SUCCESS"}, set(torch.library.opcheck(WEAN.block_sparse_attention.default, arguments).values()))

    def test_threads(self):
        def body(thread):
            with torch.set_grad_enabled(thread % 2 == 0):
                try:
                    assert torch.equal(self.expected, self.call(self.q, self.k, self.leaf)) and thread % 2 == 1
                except RuntimeError:
                    assert thread % 2 == 0

        self.assertEqual([], in_threads(body, 16))


if __name__ == "__main__":
    unittest.main()
