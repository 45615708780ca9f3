"""Every field of diffusers' two flow schedulers: a value that changes what diffusers computes is refused by its name or
read, a value that changes nothing is accepted. diffusers itself says which values do, on a short sampling run.

usage: config_test.py DUMP_CHECKPOINT
"""
import inspect
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler

torch.set_grad_enabled(False)
TOOL = sys.argv.pop(1)
UNIPC = {"prediction_type": "flow_prediction", "use_flow_sigmas": True, "flow_shift": 3.0}
EULER = {"shift": 3.0}
# Other values than the default for each parameter of the constructor.
CHANGES = {
    UniPCMultistepScheduler: {
        "num_train_timesteps": [500], "beta_start": [0.001], "beta_end": [0.03], "beta_schedule": ["scaled_linear"],
        "trained_betas": [[0.001] * 1000], "solver_order": [1, 2, 3], "prediction_type": ["epsilon", "sample", "v_prediction"],
        "thresholding": [True], "dynamic_thresholding_ratio": [0.5], "sample_max_value": [2.0], "predict_x0": [False],
        "solver_type": ["bh1"], "lower_order_final": [False], "disable_corrector": [[0], [1, 2]],
        "solver_p": [{"_class_name": "FlowMatchEulerDiscreteScheduler"}], "use_karras_sigmas": [True],
        "use_exponential_sigmas": [True], "use_beta_sigmas": [True], "use_flow_sigmas": [False], "flow_shift": [1.0, 8.0],
        "timestep_spacing": ["leading", "trailing"], "steps_offset": [1], "final_sigmas_type": ["sigma_min"],
        "rescale_betas_zero_snr": [True], "use_dynamic_shifting": [True], "time_shift_type": ["linear"], "sigma_min": [0.1],
        "sigma_max": [0.9], "shift_terminal": [0, 0.1]},
    FlowMatchEulerDiscreteScheduler: {
        "num_train_timesteps": [500], "shift": [1.0, 8.0], "use_dynamic_shifting": [True], "base_shift": [0.4],
        "max_shift": [1.3], "base_image_seq_len": [128], "max_image_seq_len": [8192], "invert_sigmas": [True],
        "shift_terminal": [0, 0.1], "use_karras_sigmas": [True], "use_exponential_sigmas": [True],
        "use_beta_sigmas": [True], "time_shift_type": ["linear"], "stochastic_sampling": [True]},
}
READ = {"flow_shift", "shift", "solver_order"}  # wean computes with these


def sampled(kind, config):
    """The latents after six steps of a made-up model; None when diffusers itself refuses."""
    try:
        scheduler = kind(**config)
        scheduler.set_timesteps(6)
        x = torch.randn((1, 4, 2, 3, 5), generator=torch.Generator().manual_seed(3))
        for t in scheduler.timesteps:
            x = scheduler.step(torch.sin(3 * x) + x / 2 - float(t) / 1000, t, x, return_dict=False)[0]
        return x
    except Exception:
        return None


def read(config):
    """Exit status, parsed output, message of wean."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "scheduler_config.json"
        path.write_text(json.dumps(config))
        done = subprocess.run([TOOL, "scheduler", path], capture_output=True, text=True)
        return done.returncode, json.loads(done.stdout or "null"), done.stderr


class Fields(unittest.TestCase):
    def check(self, kind, base, name, value, baseline):
        config = {**base, name: value}
        code, found, message = read({"_class_name": kind.__name__, **config})
        result = sampled(kind, config)
        same = result is not None and torch.equal(result, baseline)
        if same:
            self.assertEqual(code, 0, message)
        elif name in READ and code == 0:
            self.assertIn(value, found.values())
        else:
            self.assertIn(code, (2, 3), message)
            self.assertRegex(message, rf"scheduler_config.json: {name} .*allowed")
            self.assertEqual(message.count("\n"), 1)
        return same

    def test_every_field(self):
        harmless = []
        for kind, base in ((UniPCMultistepScheduler, UNIPC), (FlowMatchEulerDiscreteScheduler, EULER)):
            self.assertEqual(set(CHANGES[kind]), set(inspect.signature(kind.__init__).parameters) - {"self"})
            baseline = sampled(kind, base)
            for name, values in CHANGES[kind].items():
                for value in values:
                    with self.subTest(scheduler=kind.__name__, field=name, value=value):
                        if self.check(kind, base, name, value, baseline):
                            harmless.append(name)
        print("without effect:", *sorted(set(harmless)))

    def test_defaults_as_saved(self):
        for kind, base in ((UniPCMultistepScheduler, UNIPC), (FlowMatchEulerDiscreteScheduler, EULER)):
            code, found, message = read(json.loads(kind(**base).to_json_string()))
            self.assertEqual((code, found and found["shift"]), (0, 3.0), message)


if __name__ == "__main__":
    unittest.main(verbosity=2)
