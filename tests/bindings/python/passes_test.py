"""Sigma, phase and branch of a pass: wherever diffusers says what, the phase is the one of the scheduler's exact sigma."""
import unittest

import oracles
from bindings_support import GOLDEN, torch

try:
    from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler
except ImportError as missing:
    oracles.skip(missing)
import wean  # noqa: E402
from wean.passes import Passes, sigma_of_timestep  # noqa: E402


def unipc(shift):
    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)


def euler(shift):
    return FlowMatchEulerDiscreteScheduler(shift=shift)


def schedules():
    """(name, scheduler) for both samplers, many shifts and step counts."""
    for make in (unipc, euler):
        for shift in (1.0, 3.0, 5.0, 8.0, 12.0):
            for steps in (1, 2, 4, 7, 20, 40, 50):
                scheduler = make(shift)
                scheduler.set_timesteps(steps)
                yield f"{make.__name__} shift {shift} steps {steps}", scheduler


class Pipe:
    def __init__(self):
        self.scheduler = unipc(3.0)


class SigmaOfTimestep(unittest.TestCase):
    def test_is_the_schedulers_own(self):
        """For every step of every schedule, although its timestep was cut to an integer."""
        wrong = 0
        for name, scheduler in schedules():
            sigmas = [float(sigma) for sigma in scheduler.sigmas]
            cut = [int(timestep) for timestep in scheduler.timesteps]
            for step, timestep in enumerate(cut):
                if cut.count(timestep) == 1:
                    self.assertEqual(sigmas[step], sigma_of_timestep(timestep, sigmas), f"{name}, step {step}")
                wrong += sigmas[step] != timestep / 1000
        self.assertGreater(wrong, 1000)  # the naive sigma, timestep / 1000, is hardly ever right

    def test_timesteps_of_no_schedule(self):
        self.assertEqual(0.5005, sigma_of_timestep(500, []))
        self.assertEqual(0.5005, sigma_of_timestep(500, [1.0, 0.6, 0.0]))
        self.assertEqual(1.0, sigma_of_timestep(1000, []))


class Phases(unittest.TestCase):
    def setUp(self):
        self.masks = wean.load(GOLDEN)
        self.pipe = Pipe()
        self.passes = Passes(self.masks, self.pipe, (1, 2, 2), dense_on_error=False)
        self.latents = torch.zeros(1, 16, 7, 26, 28)

    def forward(self, timestep):
        self.passes.before_forward(None, (self.latents, torch.as_tensor(timestep).expand(2)), {})
        return int(self.passes.phase)

    def test_inside_a_context_the_given_sigma_counts(self):
        for sigma, phase in ((1.0, 0), (0.8126, 0), (0.8125, 1), (0.0, 1), (1.0000001, 0), (-0.0, 1)):
            with self.passes.of_context("uncond", sigma):
                self.assertEqual((phase, 1), (self.forward(3), int(self.passes.branch)))
        self.assertEqual((0, 0), (self.forward(900), int(self.passes.branch)))

    def test_a_context_without_sigma_goes_by_the_timestep(self):
        for name, branch in (("cond", 0), ("uncond", 1)):
            with self.passes.of_context(name, None):
                self.assertEqual((0, branch), (self.forward(999), int(self.passes.branch)))
                self.assertEqual((1, branch), (self.forward(100), int(self.passes.branch)))

    def test_other_contexts_are_refused(self):
        with self.assertRaisesRegex(wean.UsageError, "cache_context 'both'; allowed are 'cond' and 'uncond'"):
            with self.passes.of_context("both", 0.5):
                pass

    def test_phase_by_timestep_is_the_phase_of_the_exact_sigma(self):
        """Golden phases part at 0.8125; sigmas cut to 812 lie on both sides of it."""
        sides = set()
        for name, self.pipe.scheduler in schedules():
            scheduler = self.pipe.scheduler
            for step, timestep in enumerate(scheduler.timesteps):
                if [int(t) for t in scheduler.timesteps].count(int(timestep)) > 1:
                    continue
                sigma = float(scheduler.sigmas[step])
                self.assertEqual(self.masks.phase_of_sigma(sigma), self.forward(timestep), f"{name}, step {step}")
                sides |= {sigma > 0.8125} if int(timestep) == 812 else set()
        self.assertEqual({True, False}, sides, "no schedule came near the boundary: the test proves less than it says")

    def test_timesteps_of_each_token(self):
        self.passes.before_forward(None, (), {"hidden_states": self.latents, "timestep": torch.tensor([[0, 950, 950]])})
        self.assertEqual(0, int(self.passes.phase))


class Grids(unittest.TestCase):
    def test_what_another_grid_gets(self):
        masks = wean.load(GOLDEN)
        passes = Passes(masks, Pipe(), (1, 2, 2), dense_on_error=False)
        for shape in ((1, 16, 7, 26, 30), (1, 16, 8, 26, 28)):
            command = "wean-pack plan.h5 --profile profile.h5 -o masks-.*.wean --grid [78]x13x1[45] --block 16x16"
            with self.assertRaisesRegex(wean.GridMismatchError, command):
                passes.before_clip(torch.zeros(shape))
        passes.before_clip(torch.zeros(2, 16, 7, 26, 28))

    def test_dense_on_request(self):
        passes = Passes(wean.load(GOLDEN), Pipe(), (1, 2, 2), dense_on_error=True)
        other, own = torch.zeros(1, 16, 7, 26, 30), torch.zeros(1, 16, 7, 26, 28)
        with self.assertWarnsRegex(wean.DenseFallbackWarning, "the clip has 7x13x15.*this clip runs dense"):
            passes.before_clip(other)
        with passes.of_context("cond", 0.5):
            passes.before_pass(other)
            self.assertTrue(passes.dense)
        with self.assertRaises(wean.GridMismatchError):
            passes.before_pass(other)
        passes.before_pass(own)
        self.assertFalse(passes.dense)


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    unittest.main()
