"""Noise levels and solvers equal diffusers' UniPC and flow Euler schedulers."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import probe  # noqa: E402  (skips when a module is missing)
import torch  # noqa: E402
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler  # noqa: E402

STEPS = (1, 2, 5, 20, 50)
SHIFTS = (1.0, 3.0, 5.0, 8.0)


def reference(sampler, steps, shift, order=2):
    if sampler == "euler":
        scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    else:
        scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift,
                                            solver_order=order)
    scheduler.set_timesteps(steps)
    return scheduler


def made_up_model(x, timestep):
    return torch.sin(x * 3) + x / 2 - float(timestep) / 1000


def solve(scheduler, x):
    for timestep in scheduler.timesteps:
        x = scheduler.step(made_up_model(x, timestep), timestep, x, return_dict=False)[0]
    return x


class Parity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.start = torch.randn((1, 16, 3, 4, 5), generator=torch.Generator().manual_seed(3))
        cls.cases = [(sampler, steps, shift, order) for sampler, order in (("unipc", 2), ("unipc", 1), ("euler", 2))
                     for steps in STEPS for shift in SHIFTS]
        names = ",".join(":".join(map(str, case)) for case in cls.cases)
        cls.ours = probe.run("solve", tensors={"latents": cls.start}, cases=names)

    def both(self):
        for case in self.cases:
            with self.subTest(case=case):
                yield ":".join(map(str, case)), reference(*case)

    def test_levels_and_timesteps(self):
        for name, theirs in self.both():
            torch.testing.assert_close(self.ours[name + ".sigmas"], theirs.sigmas, rtol=1e-6, atol=1e-9)
            torch.testing.assert_close(self.ours[name + ".timesteps"], theirs.timesteps.float(), rtol=1e-6, atol=0)

    def test_same_latents(self):
        worst = 0.0
        for name, theirs in self.both():
            error = probe.relative(self.ours[name + ".latents"], solve(theirs, self.start))
            worst = max(worst, error)
            self.assertLess(error, 1e-5, name)
        print(f"worst relative error {worst:.2e} over {len(self.cases)} runs")


if __name__ == "__main__":
    unittest.main(verbosity=2)
