"""wean.apply and wean.remove where pipelines share a transformer, or somebody changed what apply put there.

usage: installation_test.py BIN_DIR
"""
import gc
import sys
import unittest
import weakref

from bindings_support import torch
from diffusers.models.transformers.transformer_wan import WanAttnProcessor
from live import Tools, WanPipeline, pipeline, sample

import wean

TOOLS: Tools
STEPS = 2


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.masks, pipe = TOOLS.masks(0.5), pipeline()
        cls.initial = torch.randn((16, 3, 12, 12), generator=torch.Generator().manual_seed(4))
        cls.dense = sample(pipe, cls.initial, STEPS)
        wean.apply(pipe, cls.masks)
        cls.sparse = sample(pipe, cls.initial, STEPS)

    def setUp(self):
        self.pipe = pipeline()
        self.other = WanPipeline(**self.pipe.components)
        self.other.register_to_config(_name_or_path=self.pipe.config._name_or_path)
        self.other.set_progress_bar_config(disable=True)
        self.before = self.state()

    def state(self):
        """All that apply changes."""
        transformer = self.pipe.transformer
        ears = [{"prepare_latents", "cache_context"} & vars(owner).keys() for owner in (transformer, self.pipe, self.other)]
        return transformer.attn_processors, dict(transformer._forward_pre_hooks), sorted(dict(transformer.named_modules())), *ears

    def check(self, expected, *pipes):
        for pipe in pipes:
            self.assertTrue(torch.equal(expected, sample(pipe, self.initial, STEPS)))


class SharedTransformer(Installed):
    def test_either_removes(self):
        for applied, removed in ((self.pipe, self.other), (self.other, self.pipe)):
            wean.apply(applied, self.masks)
            self.check(self.sparse, self.pipe, self.other)
            wean.remove(removed)
            self.assertEqual(self.before, self.state())
        self.check(self.dense, self.pipe, self.other)

    def test_the_second_replaces_the_first(self):
        wean.apply(self.pipe, self.masks, on_error="dense")
        wean.apply(self.other, self.masks)
        self.assertNotIn("prepare_latents", vars(self.pipe))
        self.check(self.sparse, self.pipe, self.other)
        for pipe in (self.pipe, self.other):
            with self.assertRaises(wean.GridMismatchError):
                sample(pipe, steps=1, width=112)
        wean.remove(self.pipe)
        wean.remove(self.other)
        self.assertEqual(self.before, self.state())

    def test_the_first_is_gone(self):
        wean.apply(self.other, self.masks)
        gone = weakref.ref(self.other)
        self.other = self.pipe
        gc.collect()
        self.assertIsNone(gone(), "the transformer keeps the pipeline alive")
        self.check(self.sparse, self.pipe)
        wean.remove(self.pipe)
        self.assertEqual(self.before[:5], self.state()[:5])
        self.check(self.dense, self.pipe)

    def test_another_transformer_in_the_pipe(self):
        wean.apply(self.other, self.masks)
        self.other.transformer = pipeline().transformer
        wean.apply(self.other, self.masks)
        self.check(self.dense, self.pipe)
        self.check(self.sparse, self.other)
        wean.remove(self.other)
        self.assertEqual(self.before[:5], self.state()[:5])
        self.check(self.dense, self.other)


class Changed(Installed):
    def test_processors_of_somebody_else_stay(self):
        own, blocks = WanAttnProcessor(), self.pipe.transformer.blocks
        wean.apply(self.pipe, self.masks)
        blocks[3].attn1.set_processor(own)
        wean.remove(self.pipe)
        self.assertIs(own, blocks[3].attn1.processor)
        blocks[3].attn1.set_processor(self.before[0]["blocks.3.attn1.processor"])
        self.assertEqual(self.before, self.state())

    def test_all_processors_replaced(self):
        wean.apply(self.pipe, self.masks)
        self.pipe.transformer.set_attn_processor(WanAttnProcessor())
        self.check(self.dense, self.pipe)
        wean.apply(self.pipe, self.masks)
        self.check(self.sparse, self.pipe)
        wean.remove(self.pipe)
        self.assertEqual(self.before[1:], self.state()[1:])
        self.check(self.dense, self.pipe)

    def test_a_wrapped_ear_stays_and_is_deaf(self):
        wean.apply(self.pipe, self.masks)
        ear = self.pipe.prepare_latents
        own = self.pipe.prepare_latents = lambda *args, **kwargs: ear(*args, **kwargs)
        wean.remove(self.pipe)
        self.assertIs(own, self.pipe.prepare_latents)
        self.assertEqual((16, 3, 12, 14), sample(self.pipe, steps=1, width=112).shape)

    def test_a_method_of_the_pipes_own_comes_back(self):
        begin = self.pipe.prepare_latents
        own = self.pipe.prepare_latents = lambda *args, **kwargs: begin(*args, **kwargs)
        wean.apply(self.pipe, self.masks)
        wean.remove(self.pipe)
        self.assertIs(own, vars(self.pipe)["prepare_latents"])


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    TOOLS = Tools(sys.argv.pop(1))
    unittest.main()
