"""wean.fingerprint against the independent implementation, and what its digests see and do not see."""
import json
import pathlib
import sys
import tempfile
import unittest

import oracles
from bindings_support import ROOT, torch

sys.path.insert(0, str(ROOT / "tests/oracle"))
import fingerprint_oracle as oracle  # noqa: E402

try:
    from diffusers import WanTransformer3DModel
    from safetensors.torch import save_file
except ImportError as missing:
    oracles.skip(missing)
import wean  # noqa: E402
from wean import fingerprint  # noqa: E402

CHECKPOINT = ROOT / "examples/tiny-wan/checkpoint/transformer"
NAME = "diffusion_pytorch_model.safetensors"
# Around the sizes where a tensor is no longer its own sample, in each type.
SHAPES = [(), (1,), (0, 3), (2, 0), (10240,), (10241,), (20480,), (20481,), (40, 1024), (1, 1000, 77), (123, 457)]


def tensors(dtype, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {f"block.{i}.weight": torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for i, shape in enumerate(SHAPES)}


class AgainstTheOracle(unittest.TestCase):
    def test_files_of_every_type(self):
        for dtype in (torch.float32, torch.float16, torch.bfloat16):
            with self.subTest(dtype), tempfile.TemporaryDirectory() as folder:
                save_file(tensors(dtype), pathlib.Path(folder) / NAME)
                expected = oracle.read_safetensors(pathlib.Path(folder) / NAME)
                found = fingerprint.of_folder(pathlib.Path(folder))
                for kind in ("weights", "quick", "memory"):
                    self.assertEqual(getattr(oracle, kind)(expected), getattr(fingerprint, kind)(found), kind)

    def test_rounding_of_ties(self):
        values = torch.tensor([1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8, 2.0**-133, 3.4e38, float("inf"), float("-inf"), 0.0, -0.0])
        as_read = {"a": ("F32", [9], values.numpy().tobytes())}
        self.assertEqual(oracle.memory(as_read), fingerprint.memory({"a": values}))

    def test_the_worked_example(self):
        example = {"a": torch.tensor([0.5, 1.0], dtype=torch.bfloat16)}
        text = (ROOT / "models/fingerprints.md").read_text()
        for kind in ("weights", "quick", "memory"):
            self.assertRegex(text, rf"\n *{kind} *=[^\n]*(\n *)?=? *{getattr(fingerprint, kind)(example)}")

    def test_the_shipped_checkpoint(self):
        expected, found = oracle.read_safetensors(CHECKPOINT / NAME), fingerprint.of_folder(CHECKPOINT)
        self.assertEqual(oracle.quick(expected), fingerprint.quick(found))
        settings = json.loads((CHECKPOINT / "config.json").read_text())
        self.assertEqual(oracle.config("wan2.1-t2v", settings), fingerprint.config(settings))


class WhatTheySee(unittest.TestCase):
    def setUp(self):
        self.model = WanTransformer3DModel(num_attention_heads=2, attention_head_dim=64, num_layers=1, ffn_dim=256, text_dim=48, freq_dim=64)
        self.before = fingerprint.memory(fingerprint.of_module(self.model))

    def now(self):
        return fingerprint.memory(fingerprint.of_module(self.model))

    def test_a_cast_changes_quick_alone(self):
        quick = fingerprint.quick(fingerprint.of_module(self.model))
        self.model.to(torch.bfloat16)
        self.assertEqual(self.before, self.now())
        self.assertNotEqual(quick, fingerprint.quick(fingerprint.of_module(self.model)))

    def test_fused_projections_change_nothing(self):
        self.model.fuse_qkv_projections()
        self.assertIn("blocks.0.attn1.to_qkv.weight", self.model.state_dict())
        self.assertEqual(self.before, self.now())

    def test_a_fused_lora_is_seen(self):
        weight = self.model.blocks[0].attn1.to_v.weight
        weight.data += 1e-2 * torch.randn(128, 4) @ torch.randn(4, 128)
        self.assertNotEqual(self.before, self.now())

    def test_an_added_tensor_is_seen(self):
        self.model.blocks[0].attn1.register_buffer("adapter", torch.zeros(2))
        self.assertNotEqual(self.before, self.now())

    def test_sharding_is_not_seen(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            self.model.save_pretrained(folder / "one")
            self.model.save_pretrained(folder / "many", max_shard_size="300KB")
            self.assertGreater(len(list((folder / "many").glob("*.safetensors"))), 2)
            one, many = (fingerprint.of_folder(folder / part) for part in ("one", "many"))
            self.assertEqual(fingerprint.weights(one), fingerprint.weights(many))
            self.assertEqual(self.before, fingerprint.memory(many))


class Errors(unittest.TestCase):
    def test_quantised_tensors_have_no_digest(self):
        with self.assertRaisesRegex(wean.UsageError, "tensor 'a' is torch.int8"):
            fingerprint.quick({"a": torch.zeros(3, dtype=torch.int8)})

    def test_folders_without_weights(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            self.refused(folder, "index.json")
            (folder / (NAME + ".index.json")).write_text("no json")
            self.refused(folder, "cannot read the weights")
            (folder / (NAME + ".index.json")).write_text(json.dumps({"weight_map": {"a": "../../etc/passwd"}}))
            self.refused(folder, "passwd")
            (folder / NAME).write_bytes(b"\0" * 20)
            self.refused(folder, "cannot read the weights")

    def refused(self, folder, words):
        with self.assertRaisesRegex(wean.FileError, words):
            fingerprint.of_folder(folder)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
