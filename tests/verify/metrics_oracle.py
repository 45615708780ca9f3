"""Clip metrics by their definitions in numpy: the oracle of verify/clip_metrics.

Usage: metrics_oracle.py FRAMES HEIGHT WIDTH < two float32 clips, raw. Prints PSNR, SSIM, flicker, PSNR of the blurred
reference and of the reference held still.
"""
import sys

import numpy as np


def psnr(a, b):
    return -10 * np.log10(np.mean((a - b) ** 2))


def ssim(a, b):
    taps = np.exp(-np.arange(-5, 6) ** 2 / (2 * 1.5**2))
    window = np.outer(taps, taps) / np.outer(taps, taps).sum()

    def smooth(x):
        view = np.lib.stride_tricks.sliding_window_view(x, (11, 11), axis=(1, 2))
        return np.einsum("fhwij,ij->fhw", view, window)

    x, y = (c @ np.array([0.299, 0.587, 0.114]) for c in (a, b))
    mx, my = smooth(x), smooth(y)
    vx, vy, cov = smooth(x * x) - mx**2, smooth(y * y) - my**2, smooth(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    return np.mean((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))


def flicker(a, b):
    return np.abs(np.diff(a - b, axis=0)).mean() / np.abs(np.diff(b, axis=0)).mean()


def blurred(x):
    padded = np.pad(x, ((2, 1), (8, 7), (8, 7), (0, 0)), mode="edge")
    view = np.lib.stride_tricks.sliding_window_view(padded, (4, 16, 16), axis=(0, 1, 2))
    return view.mean(axis=(-1, -2, -3))


def held_still(x):
    return np.broadcast_to(np.sort(x, axis=0)[(len(x) - 1) // 2], x.shape)


def main():
    shape = tuple(int(n) for n in sys.argv[1:4]) + (3,)
    raw = np.frombuffer(sys.stdin.buffer.read(), dtype="<f4").astype(np.float64)
    a, b = raw.reshape((2,) + shape)
    for value in (psnr(a, b), ssim(a, b), flicker(a, b), psnr(blurred(b), b), psnr(held_still(b), b)):
        print(repr(float(value)))


if __name__ == "__main__":
    main()
