"""wean.apply and wean.remove on a WanPipeline, live: the same videos as wean-verify, and what is refused with which words.

usage: apply_test.py BIN_DIR
"""
import pathlib
import sys
import tempfile
import types
import unittest
import unittest.mock
import warnings

from bindings_support import GOLDEN, torch
from live import CHECKPOINT, Tools, WanPipeline, changed, pipeline, psnr, sample, video

import wean
from wean.identity import transformer_folder

TOOLS: Tools
SPARSE = 0.5


class Live(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.masks, cls.latents, cls.pipe = TOOLS.masks(SPARSE), TOOLS.latents(SPARSE), pipeline()
        cls.initial = cls.latents["initial.0"]
        cls.dense = sample(cls.pipe, cls.initial)

    def setUp(self):
        self.addCleanup(wean.remove, self.pipe)

    def decibels(self, ours, theirs):
        return psnr(video(self.pipe, ours), video(self.pipe, theirs))

    def check_still_dense(self, pipe=None):
        self.assertTrue(torch.equal(self.dense, sample(pipe or self.pipe, self.initial)))


class Videos(Live):
    def test_same_sparse_video_as_wean_verify(self):
        wean.apply(self.pipe, self.masks)
        for steps in (4, 7):
            theirs = TOOLS.latents(SPARSE, steps)
            ours = sample(self.pipe, theirs["initial.0"], steps)
            decibels = self.decibels(ours, theirs["sparse0.0"])
            print(f"{steps} steps: {decibels:.1f} dB to wean-verify's sparse video, {self.decibels(ours, theirs['dense.0']):.1f} dB to its dense one")
            self.assertGreater(decibels, 45)
            self.assertLess(self.decibels(ours, theirs["dense.0"]), 35)

    def test_density_1_is_dense(self):
        wean.apply(self.pipe, TOOLS.masks(1))
        decibels = self.decibels(sample(self.pipe, self.initial), self.dense)
        print(f"density 1: {decibels:.1f} dB to the dense video")
        self.assertGreater(decibels, 45)

    def test_bfloat16(self):
        theirs = TOOLS.latents(SPARSE, dtype="bfloat16")
        pipe = pipeline(torch.bfloat16)
        wean.apply(pipe, self.masks)
        ours = sample(pipe, theirs["initial.0"])
        decibels = self.decibels(ours, theirs["sparse0.0"])
        print(f"bfloat16: {decibels:.1f} dB")
        self.assertGreater(decibels, 30)

    def test_another_file_replaces_the_first(self):
        wean.apply(self.pipe, TOOLS.masks(1))
        wean.apply(self.pipe, self.masks)
        sparse = sample(self.pipe, self.initial)
        self.assertGreater(self.decibels(sparse, self.latents["sparse0.0"]), 45)
        wean.remove(self.pipe)
        self.check_still_dense()

    def test_batch_and_no_guidance(self):
        wean.apply(self.pipe, self.masks)
        call = dict(negative_prompt="", num_inference_steps=2, output_type="latent", width=96, height=96, num_frames=9)
        for guidance in (1.0, 4.0):
            noise = torch.stack([self.initial, self.initial.flip(-1)])
            both = self.pipe(prompt=["a", "b"], latents=noise, guidance_scale=guidance, **call).frames
            one = self.pipe(prompt="b", latents=noise[1:], guidance_scale=guidance, **call).frames
            self.assertLess(float((both[1] - one[0]).norm() / one[0].norm()), 1e-4)


class Restored(Live):
    @staticmethod
    def state(pipe):
        modules = dict(pipe.transformer.named_modules())
        hooks = {name: (dict(m._forward_pre_hooks), dict(m._forward_pre_hooks_with_kwargs), sorted(vars(m))) for name, m in modules.items()}
        return pipe.transformer.attn_processors, hooks, sorted(vars(pipe)), sorted(pipe.transformer.state_dict())

    def test_remove_restores_exactly(self):
        before = self.state(self.pipe)
        wean.apply(self.pipe, self.masks)
        self.assertEqual(before[3], sorted(self.pipe.transformer.state_dict()))
        sample(self.pipe, self.initial)
        wean.remove(self.pipe)
        self.assertEqual(before, self.state(self.pipe))
        wean.remove(self.pipe)
        self.check_still_dense()

    def test_cross_attention_is_untouched(self):
        before = [block.attn2.processor for block in self.pipe.transformer.blocks]
        wean.apply(self.pipe, self.masks)
        self.assertEqual(before, [block.attn2.processor for block in self.pipe.transformer.blocks])

    def test_what_is_refused_leaves_the_pipe_alone(self):
        before = self.state(self.pipe)
        for path in (GOLDEN, "/no/such.wean"):
            self.assertRaises(wean.WeanError, wean.apply, self.pipe, path)
        self.assertEqual(before, self.state(self.pipe))
        wean.apply(self.pipe, self.masks)
        sparse = sample(self.pipe, self.initial)
        self.assertRaises(wean.WeanError, wean.apply, self.pipe, GOLDEN)
        self.assertTrue(torch.equal(sparse, sample(self.pipe, self.initial)))


class Files(Live):
    def damaged(self):
        data = bytearray(self.masks.read_bytes())
        data[len(data) // 2] ^= 8
        path = TOOLS.folder / "damaged.wean"
        path.write_bytes(data)
        return path

    def test_bad_files_raise(self):
        self.assertRaises((wean.IntegrityError, wean.MalformedError), wean.apply, self.pipe, self.damaged())
        self.assertRaises(wean.FileError, wean.apply, self.pipe, TOOLS.folder / "missing.wean")
        self.check_still_dense()

    def test_on_error_dense_warns_and_runs_dense(self):
        with self.assertWarnsRegex(wean.DenseFallbackWarning, "damaged.wean.*; attention runs dense"):
            self.assertIsNone(wean.apply(self.pipe, self.damaged(), on_error="dense"))
        self.check_still_dense()

    def test_on_error_dense_takes_out_the_file_before(self):
        wean.apply(self.pipe, self.masks)
        with self.assertWarnsRegex(wean.DenseFallbackWarning, "attention runs dense"):
            self.assertIsNone(wean.apply(self.pipe, self.damaged(), on_error="dense"))
        self.check_still_dense()

    def test_on_error_dense_says_nothing_when_all_is_well(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error", wean.DenseFallbackWarning)
            self.assertIsInstance(wean.apply(self.pipe, self.masks, on_error="dense"), wean.Masks)
            sample(self.pipe, self.initial, 2)

    def test_an_opened_file_can_be_given(self):
        with wean.load(self.masks) as masks:
            self.assertIs(masks, wean.apply(self.pipe, masks))
            sample(self.pipe, self.initial, 1)
        with self.assertRaisesRegex(wean.UsageError, "was closed; load it again"):
            sample(self.pipe, self.initial, 1)

    def test_arguments(self):
        for words, options in [("on_error 'ignore'; allowed are 'raise' and 'dense'", dict(on_error="ignore")),
                               ("check 'slow'; allowed are quick and full", dict(check="slow")),
                               ("path 3; allowed are str, bytes and os.PathLike", dict(checkpoint=3))]:
            with self.assertRaisesRegex(wean.UsageError, words):
                wean.apply(self.pipe, self.masks, **options)


class Grids(Live):
    def test_another_grid_names_the_command(self):
        wean.apply(self.pipe, self.masks)
        with self.assertRaisesRegex(wean.GridMismatchError, "made for a grid of 3x6x6.*clip has 3x6x7.*wean-pack .* --grid 3x6x7 --block 16x16"):
            sample(self.pipe, width=112)
        self.assertGreater(self.decibels(sample(self.pipe, self.initial), self.latents["sparse0.0"]), 45)

    def test_dense_on_request(self):
        expected = sample(self.pipe, width=112)
        wean.apply(self.pipe, self.masks, on_error="dense")
        with self.assertWarnsRegex(wean.DenseFallbackWarning, "this clip runs dense") as caught:
            self.assertTrue(torch.equal(expected, sample(self.pipe, width=112)))
        self.assertEqual(1, sum(w.category is wean.DenseFallbackWarning for w in caught.warnings))
        self.assertGreater(self.decibels(sample(self.pipe, self.initial), self.latents["sparse0.0"]), 45)

    def test_the_transformer_alone(self):
        wean.apply(self.pipe, self.masks)
        call = dict(timestep=torch.tensor([900]), encoder_hidden_states=torch.zeros(1, 512, 192), return_dict=False)
        sparse = self.pipe.transformer(self.initial[None], **call)[0]
        with self.assertRaises(wean.GridMismatchError):
            self.pipe.transformer(torch.zeros(1, 16, 3, 12, 14), **call)
        with self.pipe.transformer.cache_context("cond", sigma=0.9003):
            self.assertTrue(torch.equal(sparse, self.pipe.transformer(self.initial[None], **call)[0]))


class Models(Live):
    def setUp(self):
        super().setUp()
        self.digest = wean.load(self.masks).info().model.weights[:16]

    def parts(self, **changes):
        """A pipe that does not know where its parts came from."""
        pipe = WanPipeline(**{**self.pipe.components, **changes})
        pipe.set_progress_bar_config(disable=True)
        return pipe

    def refused(self, kind, words, pipe, **options):
        with self.assertRaisesRegex(kind, words):
            wean.apply(pipe, options.pop("masks", self.masks), **options)

    def test_changed_weights(self):
        with changed(self.pipe.transformer, "blocks.3.attn1.to_v.weight"):
            self.refused(wean.ModelMismatchError, f"memory digest .* changed since.*wean-extract MODEL.*allow_model='{self.digest}'", self.pipe)
            self.refused(wean.ModelMismatchError, "memory digest", self.pipe, allow_model="0" * 16)
            self.assertIsInstance(wean.apply(self.pipe, self.masks, allow_model=self.digest), wean.Masks)
        self.check_still_dense_after_removal()

    def check_still_dense_after_removal(self):
        wean.remove(self.pipe)
        self.check_still_dense()

    def test_full_check(self):
        wean.apply(self.pipe, self.masks, check="full")
        self.refused(wean.UsageError, "give checkpoint=", self.parts(), check="full")

    def test_another_checkpoint(self):
        with tempfile.TemporaryDirectory() as name, changed(self.pipe.transformer, "blocks.0.attn1.to_q.bias"):
            self.pipe.transformer.save_pretrained(pathlib.Path(name) / "transformer")
            self.refused(wean.ModelMismatchError, "quick digest", self.pipe, checkpoint=name)
            self.refused(wean.ModelMismatchError, "weights digest", self.pipe, checkpoint=name, check="full")
        self.refused(wean.FileError, "holds no transformer/config.json; a diffusers folder is needed", self.pipe, checkpoint="/tmp")

    def test_without_the_checkpoint(self):
        """tiny-wan's files are bfloat16: only that type can be proven from memory alone."""
        pipe = self.parts()
        self.refused(wean.ModelMismatchError, r"quick digest .*checkpoint= allows another type", pipe)
        self.assertIsInstance(wean.apply(pipe, self.masks, checkpoint=CHECKPOINT), wean.Masks)
        wean.remove(pipe)
        whole = type(pipe.transformer).from_pretrained(CHECKPOINT, subfolder="transformer", dtype=torch.float32).to(torch.bfloat16)
        self.assertIsInstance(wean.apply(self.parts(transformer=whole), self.masks), wean.Masks)

    def test_a_name_on_the_hub_is_looked_up_in_its_cache(self):
        with tempfile.TemporaryDirectory() as name, unittest.mock.patch("huggingface_hub.constants.HF_HUB_CACHE", name):
            repository = pathlib.Path(name) / "models--somebody--tiny-wan"
            (repository / "snapshots/abc").mkdir(parents=True)
            (repository / "snapshots/abc/transformer").symlink_to(CHECKPOINT / "transformer")
            (repository / "refs").mkdir()
            (repository / "refs/main").write_text("abc")
            pipe = self.parts()
            pipe.register_to_config(_name_or_path="somebody/tiny-wan")
            self.assertEqual(repository / "snapshots/abc/transformer", transformer_folder(pipe, None))
            self.assertIsInstance(wean.apply(pipe, self.masks), wean.Masks)
            wean.remove(pipe)
            pipe.register_to_config(_name_or_path="somebody/another")
            self.assertIsNone(transformer_folder(pipe, None))

    def test_another_configuration(self):
        config = dict(self.pipe.transformer.config)
        other = type(self.pipe.transformer).from_config({**config, "ffn_dim": 512})
        self.refused(wean.ModelMismatchError, "configuration digest", self.parts(transformer=other))

    def test_another_geometry(self):
        self.refused(wean.GeometryMismatchError, "made for 1 expert, 2 layers, 4 heads of 64, the model has 1 expert, 8 layers, 5 heads of 64",
                     self.pipe, masks=GOLDEN)
        self.refused(wean.GeometryMismatchError, "wean-extract MODEL", self.pipe, masks=GOLDEN, allow_model="0001020304050607")

    def test_what_is_no_wan_pipeline(self):
        other = types.SimpleNamespace(transformer=torch.nn.Linear(1, 1))
        self.refused(wean.PipelineError, "needed is a pipeline with a WanTransformer3DModel", other)
        two = types.SimpleNamespace(transformer=self.pipe.transformer, transformer_2=self.pipe.transformer)
        self.refused(wean.PipelineError, "two transformers", two)

    def test_types_and_devices_without_kernels(self):
        self.refused(wean.UsageError, "in torch.float16; allowed on cpu are float32 and bfloat16", pipeline(torch.float16))
        with torch.device("meta"):
            elsewhere = type(self.pipe.transformer).from_config(self.pipe.transformer.config)
        self.refused(wean.DeviceError, "runs on meta and this build of wean has no kernels for it", self.parts(transformer=elsewhere),
                     allow_model=self.digest)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    TOOLS = Tools(sys.argv.pop(1))
    unittest.main()
