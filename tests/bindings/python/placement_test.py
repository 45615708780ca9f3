"""wean.apply and diffusers' offloading: what counts is where passes run, and a transformer in pieces is refused by name.
Here everything is on the CPU; accelerate moves from "cpu" to "cpu:0" as it would to a GPU.

usage: placement_test.py BIN_DIR
"""
import sys
import unittest
import unittest.mock

import oracles
from bindings_support import torch

try:
    import accelerate
except ImportError as missing:
    oracles.skip(missing)
from live import Tools, pipeline, sample  # noqa: E402
from torch._subclasses.fake_tensor import FakeTensorMode  # noqa: E402

import wean  # noqa: E402
from wean.operators import supports  # noqa: E402

TOOLS: Tools
CPU = torch.device("cpu")


class Placed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.masks, pipe = TOOLS.masks(0.5), pipeline()
        cls.initial = torch.randn((16, 3, 12, 12), generator=torch.Generator().manual_seed(4))
        cls.dense = sample(pipe, cls.initial, 2)
        wean.apply(pipe, cls.masks)
        cls.sparse = sample(pipe, cls.initial, 2)

    def setUp(self):
        self.pipe = pipeline()

    def check(self, expected):
        self.assertTrue(torch.equal(expected, sample(self.pipe, self.initial, 2)))


class ModelOffload(Placed):
    def test_before_or_after_apply(self):
        self.pipe.enable_model_cpu_offload(device="cpu")
        wean.apply(self.pipe, self.masks)
        for _ in range(2):  # the hooks are made anew after each clip
            self.check(self.sparse)
        wean.remove(self.pipe)
        self.check(self.dense)
        wean.apply(self.pipe, self.masks)
        self.pipe.enable_model_cpu_offload(device="cpu")
        self.check(self.sparse)

    @unittest.skipIf(supports(torch.device("cuda")), "this build has CUDA kernels")
    def test_no_kernels_where_passes_run(self):
        self.pipe.enable_model_cpu_offload(device="cuda")
        self.assertEqual("cpu", self.pipe.transformer.device.type)
        with self.assertRaisesRegex(wean.DeviceError, "the transformer runs on cuda:0 and this build of wean has no kernels for it"):
            wean.apply(self.pipe, self.masks)

    def test_types_blocks_and_upload_are_those_of_the_device(self):
        self.pipe.enable_model_cpu_offload(device="cuda")
        digest = wean.load(self.masks).info().model.weights[:16]
        with unittest.mock.patch("wean.pipeline.supports", lambda _: True), unittest.mock.patch.object(wean.Masks, "upload") as upload:
            with self.assertRaisesRegex(wean.UsageError, "in torch.float32; allowed on cuda are bfloat16 and float16"):
                wean.apply(self.pipe, self.masks)
            self.pipe.transformer.to(torch.bfloat16)
            with self.assertRaisesRegex(wean.GeometryMismatchError, "--block 128x128"):
                wean.apply(self.pipe, self.masks)
            upload.assert_not_called()
            with unittest.mock.patch("wean.pipeline.CUDA_BLOCKS", ((16, 16),)):
                wean.apply(self.pipe, self.masks, allow_model=digest)
        upload.assert_called_once_with(torch.device("cuda:0"))
        self.assertEqual({CPU}, {buffer.device for buffer in self.pipe.transformer.buffers()})  # they move with the model

    def test_a_pass_by_timestep_before_the_transformer_is_moved(self):
        passes = wean.passes.Passes(wean.load(self.masks), self.pipe, (1, 2, 2), dense_on_error=False)
        with FakeTensorMode(allow_non_fake_inputs=True), unittest.mock.patch.object(passes, "refresh"):
            passes.phase, passes.phase_of_timestep = torch.zeros((), dtype=torch.int64), torch.zeros(1001, dtype=torch.int64)
            passes.before_forward(self.pipe.transformer, (self.initial[None], torch.zeros(2, device="cuda")), {})


class InPieces(Placed):
    def offloads(self):
        yield "sequential CPU offload", lambda: accelerate.cpu_offload(self.pipe.transformer, CPU, offload_buffers=True)  # as diffusers
        for kind in (dict(offload_type="leaf_level"), dict(offload_type="block_level", num_blocks_per_group=2)):
            yield "group offloading", lambda: self.pipe.transformer.enable_group_offload(CPU, CPU, **kind)

    def refused(self, what, call):
        with self.assertRaisesRegex(wean.PipelineError, f"{what} moves the transformer in pieces.*allowed are pipe.enable_model_cpu_offload"):
            call()

    def test_refused_before_and_after_apply(self):
        for what, offload in self.offloads():
            self.pipe = pipeline()
            offload()
            self.refused(what, lambda: wean.apply(self.pipe, self.masks))
            self.check(self.dense)
            self.pipe = pipeline()
            wean.apply(self.pipe, self.masks)
            offload()
            self.refused(what, lambda: sample(self.pipe, self.initial, 2))
            wean.remove(self.pipe)

    def test_dense_on_request(self):
        self.pipe.transformer.enable_group_offload(CPU, CPU, "leaf_level")
        with self.assertWarnsRegex(wean.DenseFallbackWarning, "group offloading.*attention runs dense"):
            self.assertIsNone(wean.apply(self.pipe, self.masks, on_error="dense"))
        self.check(self.dense)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    TOOLS = Tools(sys.argv.pop(1))
    unittest.main()
