"""wean.load and wean.Masks: facts, bits and forms against an independent decoder, errors, threads."""
import copy
import pickle
import subprocess
import sys
import tempfile
import unittest

from bindings_support import GOLDEN, ROOT, attention, in_threads, np, relative, torch
from torch.nn.attention.flex_attention import flex_attention

sys.path.insert(0, str(ROOT / "tests/oracle"))
import masks_oracle  # noqa: E402
import wean  # noqa: E402

SITES = [(phase, branch, layer) for phase in (0, 1) for branch in (0, 1) for layer in (0, 1)]


def decoded():
    """The golden file through tests/oracle/masks_oracle.py."""
    return masks_oracle.MaskFile(GOLDEN.read_bytes())


def decoded_bits(file, key):
    """bool [heads, rows, cols] of the section (phase, branch, expert, layer)."""
    kept = np.ones((file.heads, file.rows, file.cols), dtype=bool)
    for head, (words, _) in enumerate(dict(file.content)[key]):
        if words is not None:
            rows = np.frombuffer(words, "<u4").reshape(file.rows, file.words)
            kept[head] = [[bool(row[v // 32] >> np.uint32(v % 32) & np.uint32(1)) for v in range(file.cols)] for row in rows]
    return kept


class Content(unittest.TestCase):
    def setUp(self):
        self.masks, self.file = wean.load(GOLDEN), decoded()

    def test_facts(self):
        info, file = self.masks.info(), self.file
        self.assertEqual(file.fingerprints, [info.model.weights, info.model.config, info.model.quick, info.recipe])
        self.assertEqual((file.branches, file.experts, file.layers, file.heads, file.head_dim),
                         (info.branches, info.experts, info.layers, info.heads, info.head_dim))
        self.assertEqual((file.grid, file.tokens, (file.q_block, file.k_block)), (info.grid, info.tokens, info.block))
        self.assertEqual((file.rows, file.cols), info.block_grid)
        self.assertEqual((str(GOLDEN), file.density), (info.path, info.global_density))
        self.assertEqual(file.phase_table, [(p.sigma_high, p.sigma_low, p.steps) for p in info.phases])
        total = sum(p.steps for p in info.phases)
        self.assertAlmostEqual(info.global_density, sum(p.steps * p.density for p in info.phases) / total)

    def test_bits_and_lists(self):
        for phase, branch, layer in SITES:
            kept = decoded_bits(self.file, (phase, branch, 0, layer))
            site = wean.Site(layer, branch)
            np.testing.assert_array_equal(kept, self.masks.bits(site, phase))
            counts, indices = self.masks.to_lists(site, phase)
            self.assertEqual([np.int32] * 2, [counts.dtype, indices.dtype])
            for place in np.ndindex(counts.shape):
                self.assertEqual(np.flatnonzero(kept[place]).tolist(), indices[place][:counts[place]].tolist())
                self.assertEqual(list(range(kept.shape[2])), sorted(indices[place].tolist()))

    def test_block_mask(self):
        for phase, branch, layer in SITES:
            mask = self.masks.to_block_mask(wean.Site(layer, branch), phase)
            np.testing.assert_array_equal(decoded_bits(self.file, (phase, branch, 0, layer)), mask.to_dense()[0].bool().numpy())
            self.assertEqual(((1274, 1274), (16, 16)), (mask.seq_lengths, mask.BLOCK_SIZE))
            self.assertEqual(0, int(mask.kv_num_blocks.sum()))

    def test_block_mask_in_flex_attention(self):
        generator = torch.Generator().manual_seed(3)
        q, k, v = (torch.randn((1, 1274, 4, 64), generator=generator) for _ in range(3))
        for layer in (0, 1):
            mask = self.masks.to_block_mask(layer, 1)
            ours = flex_attention(*(x.transpose(1, 2) for x in (q, k, v)), block_mask=mask).transpose(1, 2)
            self.assertLess(relative(ours, attention(q, k, v, self.masks.bits(layer, 1), (16, 16))), 1e-5)

    def test_ways_to_name_a_site(self):
        expected = self.masks.bits(wean.Site(1, 1), 0)
        for site in (wean.Site(layer=1, branch="uncond"), (1, "uncond"), (1, 1, 0)):
            np.testing.assert_array_equal(expected, self.masks.bits(site, 0))
        np.testing.assert_array_equal(self.masks.bits((1, "cond"), 0), self.masks.bits(1, 0))

    def test_phases_of_sigmas(self):
        self.assertEqual([0, 0, 1, 1, 1], [self.masks.phase_of_sigma(s) for s in (1.0, 0.8126, 0.8125, 0.5, 0.0)])

    def test_every_way_of_opening(self):
        for options in ({"prove_on_first_use": True}, {"memory_map": True}, {"prove_on_first_use": True, "memory_map": True}):
            with wean.load(GOLDEN, **options) as masks:
                self.assertEqual(self.masks.info(), masks.info())
                np.testing.assert_array_equal(self.masks.bits(0, 1), masks.bits(0, 1))


class Errors(unittest.TestCase):
    def refused(self, kind, words, data):
        with tempfile.NamedTemporaryFile(suffix=".wean") as file:
            file.write(data)
            file.flush()
            with self.assertRaisesRegex(kind, words) as caught:
                wean.load(file.name)
        self.assertIn(file.name, str(caught.exception))
        self.assertIsInstance(caught.exception, wean.WeanError)

    def test_broken_files(self):
        good = GOLDEN.read_bytes()
        self.refused(wean.MalformedError, "magic", b"no mask file".ljust(400))
        self.refused(wean.MalformedError, "", b"")
        self.refused(wean.IntegrityError, "bytes", good[:-1])
        for place in range(0, len(good), 1997):
            self.refused((wean.MalformedError, wean.IntegrityError), "", good[:place] + bytes([good[place] ^ 16]) + good[place + 1:])

    def test_files_that_cannot_be_read(self):
        for path in ("/no/such.wean", "/tmp"):
            with self.assertRaisesRegex(wean.FileError, path) as caught:
                wean.load(path)
            self.assertIsInstance(caught.exception, OSError)

    def test_damage_found_at_first_use(self):
        data = bytearray(GOLDEN.read_bytes())
        data[-1] ^= 1
        with tempfile.NamedTemporaryFile(suffix=".wean") as file:
            file.write(data)
            file.flush()
            masks = wean.load(file.name, prove_on_first_use=True)
        masks.bits((0, 0), 0)
        with self.assertRaisesRegex(wean.IntegrityError, "SHA-256|hash"):
            masks.bits((1, 1), 1)

    def test_arguments(self):
        masks = wean.load(GOLDEN)
        for words, call in [("phase 2; allowed are 0 to 1", lambda: masks.bits(0, 2)),
                            ("phase -1", lambda: masks.bits(0, -1)),
                            ("layer 2; allowed", lambda: masks.to_lists(2, 0)),
                            ("expert 1", lambda: masks.bits((0, 0, 1), 0)),
                            ("branch 'both'; allowed are 'cond' and 'uncond'", lambda: masks.to_block_mask((0, "both"), 0)),
                            ("sigma 1.5; allowed are 0 to 1", lambda: masks.phase_of_sigma(1.5)),
                            ("sigma nan", lambda: masks.phase_of_sigma(float("nan")))]:
            with self.subTest(words), self.assertRaisesRegex(wean.UsageError, words) as caught:
                call()
            self.assertIsInstance(caught.exception, ValueError)


class Lifetime(unittest.TestCase):
    def test_close(self):
        with wean.load(GOLDEN) as masks:
            masks.bits(0, 0)
        masks.close()
        self.assertEqual(4, masks.info().heads)
        for call in (lambda: masks.bits(0, 0), lambda: masks.phase_of_sigma(1), lambda: masks.to_block_mask(0, 0)):
            with self.assertRaisesRegex(wean.UsageError, "was closed; load it again"):
                call()

    def test_copies_share_the_file_and_pickles_are_refused(self):
        masks = wean.load(GOLDEN)
        self.assertIs(masks, copy.deepcopy(masks))
        self.assertIs(masks, copy.copy(masks))
        with self.assertRaisesRegex(TypeError, "load it in the other process"):
            pickle.dumps(masks)

    def test_import_and_load_need_no_torch(self):
        program = f"import sys, wean; wean.load({str(GOLDEN)!r}).bits(0, 0); print('torch' in sys.modules, 'diffusers' in sys.modules)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
        self.assertEqual("False False", done.stdout.strip())

    def test_threads_load_use_close(self):
        expected = wean.load(GOLDEN).bits(1, 1)

        def body(thread):
            for round_ in range(20):
                masks = wean.load(GOLDEN, prove_on_first_use=thread % 2 == 0, memory_map=thread % 3 == 0)
                assert (masks.bits(1, 1) == expected).all()
                masks.close()

        self.assertEqual([], in_threads(body))

    def test_one_file_closed_under_its_users(self):
        for adopted in (False, True):
            masks = wean.load(GOLDEN, prove_on_first_use=True)
            if adopted:
                masks.operator_number()

            def body(thread):
                try:
                    for _ in range(20):
                        masks.to_lists(thread % 2, thread // 2 % 2)
                except wean.UsageError as error:
                    assert "was closed" in str(error)
                if thread == 20:
                    masks.close()

            self.assertEqual([], in_threads(body))
            self.assertRaises(wean.UsageError, masks.bits, 0, 0)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
