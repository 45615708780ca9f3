"""The text encoder equals transformers' UMT5EncoderModel, whole prompts equal WanPipeline's own function, activations equal torch's."""
import hashlib
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "support"), str(pathlib.Path(__file__).resolve().parent)]
import probe  # noqa: E402  (skips when a module is missing)
import checkpoints  # noqa: E402
import odd_prompts  # noqa: E402
import tokenizer_test  # noqa: E402
import torch  # noqa: E402
from diffusers import WanPipeline  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from transformers import AutoTokenizer, UMT5Config, UMT5EncoderModel  # noqa: E402

# UMT5 options, tokens
CASES = [
    (dict(), 17),
    (dict(d_kv=5, num_heads=3, num_layers=4), 64),  # heads * d_kv is not d_model
    (dict(relative_attention_num_buckets=8, relative_attention_max_distance=20), 90),
    (dict(relative_attention_num_buckets=64, relative_attention_max_distance=512, d_ff=100), 512),
    (dict(num_layers=1), 1),
]


def text_encoder(seed, **config):
    defaults = dict(vocab_size=300, d_model=48, d_kv=16, d_ff=64, num_layers=2, num_heads=4)
    return checkpoints.shake(UMT5EncoderModel(UMT5Config(**{**defaults, **config})), seed)


def checkpoint(folder, encoder):
    checkpoints.save(folder, checkpoints.transformer(num_layers=1, text_dim=encoder.config.d_model))
    encoder.save_pretrained(pathlib.Path(folder) / "text_encoder")


class TextEncoder(unittest.TestCase):
    def run_both(self, options, length, dtype):
        """Ours, the reference as the pipeline calls it (padded, with the attention mask), and the reference in float32 on the same weights."""
        with tempfile.TemporaryDirectory() as folder:
            encoder = text_encoder(length, **options).to(dtype)
            checkpoint(folder, encoder)
            ids = torch.randint(0, 300, (length,), generator=torch.Generator().manual_seed(1))
            precision = "fp32" if dtype == torch.float32 else "bf16"
            ours = probe.run("states", folder, {"ids": ids.float()}, precision=precision)["ids_2"]
            padded = torch.cat([ids, ids.new_zeros(20)])[None]
            mask = (torch.arange(length + 20) < length).long()[None]
            theirs = encoder(padded, mask).last_hidden_state[0, :length]
            return ours, theirs, encoder.float()(padded, mask).last_hidden_state[0, :length]

    def test_fp32(self):
        for options, length in CASES:
            with self.subTest(options=options, length=length):
                ours, theirs, _ = self.run_both(options, length, torch.float32)
                error = probe.relative(ours, theirs)
                print(f"{options} {length} tokens: relative error {error:.2e}")
                self.assertLess(error, 1e-4)

    def test_bf16_is_as_close_to_float32_as_the_reference(self):
        for options, length in CASES[:4]:
            with self.subTest(options=options, length=length):
                ours, theirs, exact = self.run_both(options, length, torch.bfloat16)
                own, reference = probe.relative(ours, exact), probe.relative(theirs, exact)
                print(f"{options} {length} tokens bf16: {own:.2e} from float32, transformers {reference:.2e}")
                self.assertLess(own, 1.25 * reference)

    def test_one_result_for_every_thread_count(self):
        with tempfile.TemporaryDirectory() as folder:
            checkpoint(folder, text_encoder(4, d_ff=1001))
            out = probe.run("states", folder, {"ids": torch.arange(300).float()}, threads="1,2,3,8")
        self.assertEqual(len(probe.digests(out)), 1)


class Prompts(unittest.TestCase):
    def test_equal_to_the_pipeline(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            source = tokenizer_test.config(tokenizer_test.train(folder / "trained", vocab_size=300), extra_ids=0)
            tokenizer = AutoTokenizer.from_pretrained(source)
            encoder = text_encoder(7, vocab_size=len(tokenizer) + 3)
            checkpoint(folder, encoder)
            tokenizer.save_pretrained(folder / "tokenizer")
            shutil.copy(source / "spiece.model", folder / "tokenizer")
            pipe = WanPipeline(tokenizer=tokenizer, text_encoder=encoder, vae=None, scheduler=None, transformer=None)
            texts = [t for t in odd_prompts.BASE if t and "\0" not in t]
            theirs = pipe._get_t5_prompt_embeds(texts, max_sequence_length=512)
            ours = probe.run("prompts", folder, {f"{i:03d}": torch.tensor(list(t.encode()), dtype=torch.uint8).float() for i, t in enumerate(texts)})
            errors = [probe.relative(ours[f"{i:03d}"], theirs[i]) for i in range(len(texts))]
            print(f"{len(texts)} prompts: largest relative error {max(errors):.2e}")
            self.assertLess(max(errors), 1e-4)


class EmbeddingsFile(unittest.TestCase):
    """A file made as models/text/README.md says stands in for tokenizer and text encoder."""

    def test_same_clip_as_from_the_text(self):
        prompt, size = "Three  red stars turn &amp; move left", dict(width=48, height=48, frames=5, steps=2)
        latents = torch.randn((16, 2, 6, 6), generator=torch.Generator().manual_seed(8))
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "model"
            checkpoints.save_text(folder, 3)
            checkpoints.save(folder, checkpoints.transformer(4, num_layers=1), checkpoints.vae(5))
            text = probe.run("sample", folder, {"latents": latents}, prompt=prompt, **size)
            encoder = UMT5EncoderModel.from_pretrained(folder / "text_encoder")
            pipe = WanPipeline(tokenizer=AutoTokenizer.from_pretrained(folder / "tokenizer"), text_encoder=encoder, vae=None, scheduler=None, transformer=None)
            rows = pipe.encode_prompt(["", prompt], do_classifier_free_guidance=False, max_sequence_length=512)[0]
            made = pathlib.Path(name) / "embeddings.safetensors"
            save_file({hashlib.sha256(p.encode()).hexdigest(): r.contiguous() for p, r in zip(["", prompt], rows)}, made)
            shutil.rmtree(folder / "text_encoder")
            shutil.rmtree(folder / "tokenizer")
            file = probe.run("sample", folder, {"latents": latents}, prompt=prompt, embeddings=made, **size)
            self.assertLess(probe.relative(file["conditional"], text["conditional"]), 1e-4)
            self.assertLess(probe.relative(file["latents"], text["latents"]), 1e-4)
            with self.assertRaisesRegex(RuntimeError, "exit 2: .*no embedding of the prompt 'another'"):
                probe.run("sample", folder, {"latents": latents}, prompt="another", embeddings=made, **size)
            with self.assertRaisesRegex(RuntimeError, "exit 2: .*text_encoder/config.json: not there; use --embeddings"):
                probe.run("sample", folder, {"latents": latents}, prompt=prompt, **size)


class Activations(unittest.TestCase):
    def test_equal_to_torch_for_every_thread_count(self):
        x = torch.randn(7, 16384 * 3 + 37, generator=torch.Generator().manual_seed(2)) * 4
        out = probe.run("activations", "-", {"x": x}, threads="1,2,3,5,8")
        for name, theirs in (("gelu", torch.nn.functional.gelu(x, approximate="tanh")), ("silu", torch.nn.functional.silu(x))):
            ours = {k: v for k, v in out.items() if k.startswith(name)}
            self.assertEqual(len(ours), 5)
            self.assertEqual(len(probe.digests(ours)), 1)
            self.assertLess(probe.relative(ours[name + "_1"], theirs), 1e-6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
