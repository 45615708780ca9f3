"""wean.apply under torch.compile: no graph break, one graph for every phase, branch and layer, the eager result.

usage: compile_test.py BIN_DIR
"""
import sys
import unittest

from bindings_support import CompileCounterWithBackend, relative, torch
from live import Tools, pipeline, sample

import torch._inductor.config as inductor
import wean

TOOLS: Tools
inductor.compile_threads = 1  # starting a pool of compilers takes longer than the one block


class Compiled(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.masks = TOOLS.masks(0.5)
        cls.initial = torch.randn((16, 3, 12, 12), generator=torch.Generator().manual_seed(4))
        cls.pipe = pipeline()
        wean.apply(cls.pipe, cls.masks)
        cls.eager = {steps: sample(cls.pipe, cls.initial, steps) for steps in (3, 4)}

    def setUp(self):
        torch._dynamo.reset()
        self.pipe, self.graphs = pipeline(), CompileCounterWithBackend("eager")

    def check(self, graphs):
        """Two phases, two branches, two schedules."""
        for steps, expected in self.eager.items():
            self.assertTrue(torch.equal(expected, sample(self.pipe, self.initial, steps)))
        self.assertEqual(graphs, self.graphs.frame_count)

    def test_compiled_in_place_after_apply(self):
        wean.apply(self.pipe, self.masks)
        self.pipe.transformer.compile(backend=self.graphs, fullgraph=True)
        self.check(1)

    def test_compiled_before_apply(self):
        self.pipe.transformer.compile(backend=self.graphs, fullgraph=True)
        wean.apply(self.pipe, self.masks)
        self.check(1)
        with self.assertRaisesRegex(wean.GridMismatchError, "--grid 3x6x7"):
            sample(self.pipe, width=112)
        self.check(1)

    def test_wrapped_and_removed(self):
        wean.apply(self.pipe, self.masks)
        self.pipe.transformer = torch.compile(self.pipe.transformer, backend=self.graphs, fullgraph=True)
        self.check(1)
        wean.remove(self.pipe)
        dense = pipeline()
        self.assertTrue(torch.equal(sample(dense, self.initial), sample(self.pipe, self.initial)))

    def test_all_blocks_share_one_graph(self):
        wean.apply(self.pipe, self.masks)
        self.pipe.transformer.compile_repeated_blocks(backend=self.graphs, fullgraph=True)
        self.check(1)

    def test_another_grid_runs_dense_on_request(self):
        expected = sample(pipeline(), steps=2, width=112)
        wean.apply(self.pipe, self.masks, on_error="dense")
        self.pipe.transformer.compile_repeated_blocks(backend=self.graphs, fullgraph=True)
        self.check(1)
        with self.assertWarns(wean.DenseFallbackWarning):
            self.assertLess(relative(sample(self.pipe, steps=2, width=112), expected), 1e-5)
        self.check(2)

    def test_the_transformer_alone(self):
        """Outside of a pipe the phase follows the timestep, in a graph of the hook's own."""
        wean.apply(self.pipe, self.masks)
        call = dict(encoder_hidden_states=torch.zeros(1, 512, 192), return_dict=False)
        eager = [self.pipe.transformer(self.initial[None], torch.tensor([t]), **call)[0] for t in (950, 300)]
        self.pipe.transformer.compile(backend=self.graphs, fullgraph=True)
        for timestep, expected in zip((950, 300), eager):
            self.assertTrue(torch.equal(expected, self.pipe.transformer(self.initial[None], torch.tensor([timestep]), **call)[0]))
        self.assertEqual(2, self.graphs.frame_count)

    def test_another_grid_of_the_transformer_alone_is_never_dense(self):
        wean.apply(self.pipe, self.masks)
        self.pipe.transformer.compile(backend=self.graphs, fullgraph=True)
        with self.assertRaisesRegex(RuntimeError, "the mask file is for .batch, 108 tokens, 5 heads, 64., grid 3x6x6"):
            self.pipe.transformer(torch.zeros(1, 16, 3, 12, 14), torch.tensor([900]), encoder_hidden_states=torch.zeros(1, 512, 192))

    def test_inductor_bfloat16(self):
        self.pipe = pipeline(torch.bfloat16)
        wean.apply(self.pipe, self.masks)
        eager = sample(self.pipe, self.initial, 2)
        self.pipe.transformer.blocks[0].compile(fullgraph=True)  # the whole transformer would compile for minutes on a CPU
        self.assertLess(relative(sample(self.pipe, self.initial, 2), eager), 5e-2)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    TOOLS = Tools(sys.argv.pop(1))
    unittest.main()
