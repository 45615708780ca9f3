"""Time, clock and power: kernels in turn A, B, C, A, B, C, each sample of at least a given time, after as long a lead-in.

A card at its power limit is faster after a kernel that needed little power and slower after one that needed much. Without the lead-in
a kernel is timed in the state that the one before it left: up to 7 % too fast or too slow on an H200.
"""
from __future__ import annotations

import bisect
import dataclasses
import statistics
import subprocess
import threading
import time
from collections.abc import Callable

import torch


def device_id() -> str:
    """What nvidia-smi calls torch's device: its numbers know nothing of CUDA_VISIBLE_DEVICES."""
    return f"GPU-{torch.cuda.get_device_properties(torch.cuda.current_device()).uuid}"


class Monitor:
    """SM clock (MHz) and power (W) from nvidia-smi, ten times a second; nothing where nvidia-smi is missing."""

    def __init__(self) -> None:
        self.samples: list[tuple[float, float, float]] = []
        try:
            self._process = subprocess.Popen(
                ["nvidia-smi", f"--id={device_id()}", "--query-gpu=clocks.sm,power.draw", "--format=csv,noheader,nounits", "-lms", "100"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        except OSError:
            self._process = None
            return
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            try:
                clock, power = map(float, line.split(","))
            except ValueError:
                continue
            self.samples.append((time.monotonic(), clock, power))

    def between(self, windows: list[tuple[float, float]]) -> tuple[float | None, float | None]:
        """Median clock and power of the samples within the windows."""
        times = [sample[0] for sample in self.samples]
        inside = [sample for begin, end in windows for sample in self.samples[bisect.bisect(times, begin):bisect.bisect(times, end)]]
        if not inside:
            return None, None
        return statistics.median(s[1] for s in inside), statistics.median(s[2] for s in inside)

    def close(self) -> None:
        if self._process is not None:
            self._process.terminate()


@dataclasses.dataclass
class Timing:
    samples: list[float] = dataclasses.field(default_factory=list)  #: milliseconds a call
    windows: list[tuple[float, float]] = dataclasses.field(default_factory=list)
    calls: int = 1  #: in a sample

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def spread(self) -> float:
        """(slowest - fastest) / median."""
        return (max(self.samples) - min(self.samples)) / self.median


def sample(run: Callable[[], object], calls: int) -> tuple[float, tuple[float, float]]:
    """Milliseconds a call, and when."""
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start = time.monotonic()
    begin.record()
    for _ in range(calls):
        run()
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / calls, (start, time.monotonic())


def measure(runs: dict[str, Callable[[], object]], rounds: int, sample_ms: float, warm_ms: float) -> dict[str, Timing]:
    """All `runs` in turn, `rounds` times, after `warm_ms` of work of them all. Each has run at least once before. A sample's work runs
    twice; the second time counts."""
    timings = {name: Timing() for name in runs}
    for name, run in runs.items():
        once, _ = sample(run, 1)
        if once < sample_ms / 4:
            once, _ = sample(run, 4)
        timings[name].calls = max(1, -(-int(1000 * sample_ms) // max(1, int(1000 * once))))
    until = time.monotonic() + warm_ms / 1000
    while time.monotonic() < until:
        for name, run in runs.items():
            sample(run, max(1, timings[name].calls // 2))
    for _ in range(rounds):
        for name, run in runs.items():
            sample(run, timings[name].calls)
            value, window = sample(run, timings[name].calls)
            timings[name].samples.append(value)
            timings[name].windows.append(window)
    return timings
