"""Whole sampling runs equal diffusers' WanPipeline from the same initial latents: latents, frames and pictures."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import probe  # noqa: E402  (skips when a module is missing)
import checkpoints  # noqa: E402
import torch  # noqa: E402
from diffusers import FlowMatchEulerDiscreteScheduler, WanPipeline  # noqa: E402

TINY_WAN = pathlib.Path(__file__).resolve().parents[3] / "examples" / "tiny-wan" / "checkpoint"
SIZE = dict(width=112, height=80, frames=13)


def start(seed=5, size=SIZE):
    shape = (16, (size["frames"] - 1) // 4 + 1, size["height"] // 8, size["width"] // 8)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def reference(pipe, latents, size=SIZE, **options):
    """Final latents [16, t, h, w] and frames [n, h, w, 3] in [0, 1]."""
    pipe.set_progress_bar_config(disable=True)
    call = dict(width=size["width"], height=size["height"], num_frames=size["frames"], latents=latents[None], **options)
    last = {}

    def keep(_pipe, _step, _timestep, values):
        last.update(values)
        return values

    frames = pipe(callback_on_step_end=keep, output_type="np", **call).frames[0]
    return last["latents"][0], torch.from_numpy(frames)


def prompt_to_clip(folder, prompt, size, dtype=torch.float32, steps=20, guidance=5.0):
    """(ours, (latents, frames)) of a whole folder, from the text on."""
    latents = start(6, size)
    precision = "bf16" if dtype == torch.bfloat16 else "fp32"
    ours = probe.run("sample", folder, {"latents": latents}, prompt=prompt, steps=steps, guidance=guidance,
                     precision=precision, **size)
    vae = checkpoints.AutoencoderKLWan.from_pretrained(folder, subfolder="vae", torch_dtype=torch.float32)
    pipe = WanPipeline.from_pretrained(folder, vae=vae, torch_dtype=dtype)
    theirs = reference(pipe, latents, size, prompt=prompt, num_inference_steps=steps, guidance_scale=guidance)
    return ours, theirs


def embeddings(text_dim=48):
    generator = torch.Generator().manual_seed(11)
    rows = torch.randn((2, 64, text_dim), generator=generator)
    rows[:, 40:] = 0
    return rows[0], rows[1]


class Checks(unittest.TestCase):
    def check(self, label, ours, theirs, bound, decibels):
        latents, frames = theirs
        error = probe.relative(ours["latents"], latents)
        quality = probe.psnr(ours["frames"], frames)
        print(f"{label}: latents {error:.2e}, frames {quality:.1f} dB")
        self.assertLess(error, bound)
        self.assertGreater(quality, decibels)
        self.assertGreater(float(frames.std()), 0.05)
        rounded = (ours["frames"] * 255).round().to(torch.uint8)
        self.assertTrue(torch.equal(rounded, ours["frames_u8"]))


class FromEmbeddings(Checks):
    """Guidance, schedule, solver and decoder, from precomputed embeddings."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = checkpoints.save(cls.scratch.name, checkpoints.transformer(7), checkpoints.vae(1),
                                      checkpoints.scheduler(3.0))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def given(self):
        conditional, unconditional = embeddings()
        return {"conditional": conditional, "unconditional": unconditional, "latents": start()}

    def both(self, scheduler, dtype=torch.float32, steps=20, guidance=5.0, **options):
        given = self.given()
        ours = probe.run("sample", self.folder, given, steps=steps, guidance=guidance, **SIZE, **options)
        transformer = checkpoints.WanTransformer3DModel.from_pretrained(self.folder, subfolder="transformer",
                                                                       torch_dtype=dtype)
        vae = checkpoints.AutoencoderKLWan.from_pretrained(self.folder, subfolder="vae")
        pipe = WanPipeline(tokenizer=None, text_encoder=None, vae=vae, scheduler=scheduler, transformer=transformer)
        theirs = reference(pipe, given["latents"], prompt_embeds=given["conditional"][None],
                           negative_prompt_embeds=given["unconditional"][None], num_inference_steps=steps, guidance_scale=guidance)
        return ours, theirs

    def test_unipc(self):
        self.check("UniPC", *self.both(checkpoints.scheduler(3.0)), 1e-3, 50)

    def test_unipc_with_another_shift(self):
        self.check("UniPC shift 8", *self.both(checkpoints.scheduler(8.0), shift=8, steps=7), 1e-3, 50)

    def test_euler(self):
        scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
        self.check("Euler", *self.both(scheduler, sampler="euler"), 1e-3, 50)

    def test_without_guidance(self):
        self.check("guidance 1", *self.both(checkpoints.scheduler(3.0), guidance=1.0), 1e-3, 50)

    def test_bfloat16(self):
        self.check("UniPC bf16", *self.both(checkpoints.scheduler(3.0), torch.bfloat16, precision="bf16"), 5e-2, 30)

    def test_one_result_for_every_thread_count(self):
        runs = [probe.run("sample", self.folder, self.given(), threads=n, steps=4, **SIZE) for n in (1, 2, 3)]
        for name in ("latents", "frames"):
            self.assertEqual(len(probe.digests({str(i): run[name] for i, run in enumerate(runs)})), 1, name)

    def test_cuda(self):
        options = dict(steps=8, guidance=5.0, **SIZE)
        if not torch.cuda.is_available():
            with self.assertRaisesRegex(RuntimeError, "exit 9: .*device cuda: "):
                probe.run("sample", self.folder, self.given(), device="cuda", **options)
            return
        cpu = probe.run("sample", self.folder, self.given(), **options)
        cuda = probe.run("sample", self.folder, self.given(), device="cuda", **options)
        self.assertLess(probe.relative(cuda["latents"], cpu["latents"]), 1e-3)
        self.assertGreater(probe.psnr(cuda["frames"], cpu["frames"]), 50)


class FromPrompt(Checks):
    """Text to clip on a complete folder of random weights."""

    def test_random_checkpoint(self):
        with tempfile.TemporaryDirectory() as folder:
            checkpoints.save_text(folder, 3)
            checkpoints.save(folder, checkpoints.transformer(4), checkpoints.vae(5))
            for dtype, bound, decibels in ((torch.float32, 1e-3, 45), (torch.bfloat16, 1e-1, 25)):
                run = prompt_to_clip(folder, "Three  red stars turn &amp; move left", SIZE, dtype)
                self.check(f"prompt, {dtype}", *run, bound, decibels)


@unittest.skipUnless(TINY_WAN.is_dir(), "examples/tiny-wan/checkpoint is not there")
class TinyWan(Checks):
    """The shipped, trained checkpoint."""

    def test_clip(self):
        size = dict(width=192, height=192, frames=17)
        prompt = "three large yellow cloudy triangles moving down behind a level bar"
        self.check("tiny-wan, float32", *prompt_to_clip(TINY_WAN, prompt, size), 1e-3, 45)


if __name__ == "__main__":
    unittest.main(verbosity=2)
