"""Compares the step counts of wean-calibrate --schedule with the schedulers of diffusers.

    schedule_oracle.py CALIBRATE MAKER     MAKER writes synthetic profiles
"""
import pathlib
import subprocess
import sys
import tempfile

import h5py
import numpy as np
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler


def sigmas(sampler, steps, shift):
    if sampler == "unipc":
        scheduler = UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=shift)
    else:
        scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(steps)
    return scheduler.sigmas.numpy()[:steps].astype(float)


def counts(bounds, values):
    """Steps in each interval (low, high]; the ends are 1 and 0."""
    lows = bounds[:, 1]
    return [int(n) for n in np.bincount([int(np.argmax(s > lows)) for s in values], minlength=len(lows))]


def main():
    tool, maker = sys.argv[1:]
    compared = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        profile, out = folder / "profile.h5", folder / "plan.h5"
        subprocess.run([maker, profile, "layers=1", "heads=1", "phases=8", "steps=20", "rows=2", "prompts=1"], check=True)
        for sampler in ("unipc", "euler"):
            for steps in (1, 3, 20, 50, 51):
                for shift in (1.0, 3.0, 5.0, 8.0):
                    schedule = f"steps={steps},shift={shift},sampler={sampler}"
                    subprocess.run([tool, profile, "-o", out, "--method", "dense", "--force", "--quiet", "--schedule", schedule],
                                   check=True, stdout=subprocess.DEVNULL)
                    with h5py.File(out) as plan:
                        bounds, mine = plan["phase_sigma"][:], list(plan["phase_steps"][:])
                    values = sigmas(sampler, steps, shift)
                    # A sigma on a bound up to float32 rounding may fall on either side of it.
                    if np.abs(values[:, None] - bounds[:-1, 1]).min() < 1e-6:
                        continue
                    assert mine == counts(bounds, values), f"{schedule}: {mine}, diffusers gives {counts(bounds, values)}"
                    compared += 1
    assert compared >= 36, compared
    print(compared, "schedules agree")


if __name__ == "__main__":
    main()
