"""Decoded frames equal diffusers' AutoencoderKLWan, streamed one latent frame at a time."""
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import probe  # noqa: E402  (skips when a module is missing)
import checkpoints  # noqa: E402
import torch  # noqa: E402

# VAE options, latent (t, h, w)
CASES = [
    (dict(), (4, 6, 10)),
    (dict(base_dim=12, num_res_blocks=2), (5, 8, 4)),
    (dict(dim_mult=[1, 2, 4], temperal_downsample=[True, True], base_dim=6, scale_factor_spatial=4), (3, 10, 6)),
    (dict(dim_mult=[1, 3, 2, 4], temperal_downsample=[True, False, True], base_dim=4), (3, 4, 6)),
    (dict(), (1, 6, 6)),
]


def reference(vae, latents):
    """As WanPipeline decodes: un-normalise, decode, [-1, 1] to [0, 1]."""
    mean = torch.tensor(vae.config.latents_mean).view(1, -1, 1, 1, 1)
    std = torch.tensor(vae.config.latents_std).view(1, -1, 1, 1, 1)
    return vae.decode(latents[None] * std + mean, return_dict=False)[0][0].transpose(0, 1)


class Parity(unittest.TestCase):
    def test_frames(self):
        for index, (options, latent) in enumerate(CASES):
            with self.subTest(options=options, latent=latent), tempfile.TemporaryDirectory() as folder:
                vae = checkpoints.vae(seed=index, **options)
                checkpoints.save(folder, checkpoints.transformer(num_layers=1), vae)
                latents = torch.randn((16, *latent), generator=torch.Generator().manual_seed(index))
                ours = probe.run("decode", folder, {"latents": latents})["frames_2"]
                theirs = reference(vae, latents)
                error = probe.relative(ours, theirs)
                quality = probe.psnr(ours / 2 + 0.5, theirs / 2 + 0.5)
                inside = float((theirs.abs() < 1).float().mean())
                print(f"case {index}: relative error {error:.2e}, {quality:.1f} dB, {inside:.0%} unclamped")
                self.assertGreater(inside, 0.2)
                self.assertLess(error, 1e-4)
                self.assertGreater(quality, 50)


class Threads(unittest.TestCase):
    def test_one_result_for_every_thread_count(self):
        with tempfile.TemporaryDirectory() as folder:
            checkpoints.save(folder, checkpoints.transformer(num_layers=1), checkpoints.vae(9, base_dim=12))
            latents = torch.randn((16, 3, 11, 13), generator=torch.Generator().manual_seed(9))
            out = probe.run("decode", folder, {"latents": latents}, threads="1,2,3,8")
        self.assertEqual(len(out), 4)
        self.assertEqual(len(probe.digests(out)), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
