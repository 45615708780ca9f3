"""The transformer equals diffusers' WanTransformer3DModel, and its result does not depend on the thread count."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import probe  # noqa: E402  (skips when a module is missing)
import checkpoints  # noqa: E402
import torch  # noqa: E402
from diffusers import WanTransformer3DModel  # noqa: E402

# heads, head_dim, layers, ffn, latent (t, h, w), cross_attn_norm: grids with unequal, odd axes
CASES = [
    (2, 64, 2, 200, (3, 10, 14), True),
    (5, 64, 3, 333, (5, 18, 10), True),
    (3, 128, 2, 130, (2, 6, 22), True),
    (2, 128, 1, 257, (1, 12, 8), False),
]


def inputs(latent, seed=1, text_dim=48):
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn((16, *latent), generator=generator)
    text = torch.randn((37, text_dim), generator=generator)
    text[20:] = 0
    return latents, text


def reference(model, latents, text, timestep, dtype):
    out = model(latents[None].to(dtype), torch.tensor([timestep]), text[None].to(dtype), return_dict=False)
    return out[0][0].float()


class Parity(unittest.TestCase):
    def compare(self, case, timestep, dtype, bound):
        heads, head_dim, layers, ffn, latent, norm = case
        model = checkpoints.transformer(num_attention_heads=heads, attention_head_dim=head_dim, num_layers=layers,
                                        ffn_dim=ffn, cross_attn_norm=norm)
        latents, text = inputs(latent)
        with tempfile.TemporaryDirectory() as folder:
            checkpoints.save(folder, model, dtype=dtype)
            model = WanTransformer3DModel.from_pretrained(folder, subfolder="transformer", torch_dtype=dtype)
            name = "bf16" if dtype == torch.bfloat16 else "fp32"
            ours = probe.run("forward", folder, {"latents": latents, "text": text}, timestep=timestep, precision=name)
        theirs = reference(model, latents, text, timestep, dtype)
        error = probe.relative(ours["velocity_2"], theirs)
        print(f"{heads}x{head_dim} layers {layers} {name} timestep {timestep}: relative error {error:.2e}")
        self.assertLess(error, bound)

    def test_float32(self):
        for case, timestep in zip(CASES, (999, 500, 3, 787.25)):
            with self.subTest(case=case):
                self.compare(case, timestep, torch.float32, 1e-4)

    def test_bfloat16(self):
        for case, timestep in zip(CASES[:3], (999, 20, 500)):
            with self.subTest(case=case):
                self.compare(case, timestep, torch.bfloat16, 2e-2)


class Threads(unittest.TestCase):
    def test_one_result_for_every_thread_count(self):
        # LibTorch's own GELU gives three results here for 1, 2 and 8 threads.
        model = checkpoints.transformer(num_attention_heads=5, ffn_dim=1003, num_layers=2)
        latents, text = inputs((5, 30, 34))
        with tempfile.TemporaryDirectory() as folder:
            checkpoints.save(folder, model)
            for precision in ("fp32", "bf16"):
                out = probe.run("forward", folder, {"latents": latents, "text": text}, threads="1,2,3,8",
                                precision=precision)
                self.assertEqual(len(out), 4)
                self.assertEqual(len(probe.digests(out)), 1, precision)


if __name__ == "__main__":
    unittest.main(verbosity=2)
