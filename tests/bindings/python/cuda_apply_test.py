"""wean.apply with a pipeline on a CUDA device, with random masks of the tiny model's size. Exit 77 without a device."""
import importlib.util
import pathlib
import sys
import tempfile
import unittest

from bindings_support import CompileCounterWithBackend, ROOT, relative, torch
from live import pipeline, sample

import wean
from wean.operators import operators

sys.path.insert(0, str(ROOT / "runtime/bench"))
import mask_file  # noqa: E402

if not torch.cuda.is_available() or not operators().has_cuda():
    print("skipped: no CUDA device, or a build without CUDA kernels")
    sys.exit(77)

SIZE = dict(width=256, height=256, num_frames=9)  # 3x16x16 tokens: 6 blocks of 128
ANY_MODEL = "0" * 16
FOLDER = tempfile.TemporaryDirectory()


def masks_of(density, block=(128, 128)):
    path = pathlib.Path(FOLDER.name) / f"{density}-{block[0]}.wean"
    config = pipeline().transformer.config
    mask_file.random_file((3, 16, 16), config.num_layers, config.num_attention_heads, config.attention_head_dim, block, density, 2).write(path)
    return path


def clip(density=None, dtype=torch.bfloat16, device="cuda"):
    """The latents of a pipe of its own, dense without `density`."""
    pipe = pipeline(dtype).to(device)
    if density is not None:
        wean.apply(pipe, masks_of(density), allow_model=ANY_MODEL)
    return sample(pipe, **SIZE).float().cpu()


class OnCuda(unittest.TestCase):
    """Sampling in bfloat16 strays from float32 whatever computes it, so that is the measure: wean may stray as far as torch does."""

    @classmethod
    def setUpClass(cls):
        cls.dense, cls.sparse = clip(dtype=torch.float32), clip(0.5, torch.float32, "cpu")
        cls.dense_noise = relative(clip(), cls.dense)
        cls.sparse_noise = relative(clip(0.5, device="cpu"), cls.sparse)

    def setUp(self):
        self.pipe = pipeline(torch.bfloat16).to("cuda")

    def test_the_masks_matter(self):
        self.assertGreater(relative(self.sparse, self.dense), 3 * max(self.dense_noise, self.sparse_noise))

    def test_all_blocks_give_the_dense_clip(self):
        before = sample(self.pipe, **SIZE)
        wean.apply(self.pipe, masks_of(1.1), allow_model=ANY_MODEL)
        self.assertLess(relative(sample(self.pipe, **SIZE).float().cpu(), self.dense), 1.5 * self.dense_noise)
        wean.remove(self.pipe)
        self.assertTrue(torch.equal(before, sample(self.pipe, **SIZE)))

    def test_the_clip_of_the_cpu(self):
        self.assertLess(relative(clip(0.5), self.sparse), 1.5 * self.sparse_noise)

    def test_compiled_without_a_break(self):
        wean.apply(self.pipe, masks_of(0.5), allow_model=ANY_MODEL)
        graphs = CompileCounterWithBackend("inductor")
        self.pipe.transformer.compile_repeated_blocks(backend=graphs, fullgraph=True)
        self.assertLess(relative(sample(self.pipe, **SIZE).float().cpu(), self.sparse), 1.5 * self.sparse_noise)
        self.assertEqual(1, graphs.frame_count)

    @unittest.skipUnless(importlib.util.find_spec("accelerate"), "No module named 'accelerate'")
    def test_offloaded_to_the_cpu_between_clips(self):
        wean.apply(self.pipe, masks_of(0.5), allow_model=ANY_MODEL)
        resident = sample(self.pipe, **SIZE)
        for offload_first in (True, False):
            pipe = pipeline(torch.bfloat16)
            steps = [pipe.enable_model_cpu_offload, lambda: wean.apply(pipe, masks_of(0.5), allow_model=ANY_MODEL)]
            for step in steps if offload_first else reversed(steps):
                step()
            for _ in range(2):
                self.assertTrue(torch.equal(resident.cpu(), sample(pipe, **SIZE).cpu()))
            self.assertEqual("cpu", pipe.transformer.wean.phase.device.type)

    def test_other_blocks_are_refused(self):
        with self.assertRaisesRegex(wean.GeometryMismatchError, "--block 128x128"):
            wean.apply(self.pipe, masks_of(0.5, (64, 64)), allow_model=ANY_MODEL)
        with self.assertWarns(wean.DenseFallbackWarning):
            self.assertIsNone(wean.apply(self.pipe, masks_of(0.5, (64, 64)), allow_model=ANY_MODEL, on_error="dense"))


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
