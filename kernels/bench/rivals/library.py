"""libwean_bench.so through ctypes."""
from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int64, c_uint64, c_void_p

import torch


class Call(ctypes.Structure):
    """wean_bench_call of kernels/bench/cuda_library.cc"""

    _fields_ = [
        *((name, c_void_p) for name in ("bits", "q", "k", "v", "o", "log_sum_exp")),
        *((name, c_int64) for name in ("heads", "q_tokens", "k_tokens", "q_block", "k_block", "head_dim", "type", "stride_token", "stride_head")),
    ]


class Library:
    def __init__(self, path: str) -> None:
        self.functions = ctypes.CDLL(path)
        self.functions.wean_bench_failure.restype = c_char_p
        for name, arguments in (("bytes", [POINTER(c_uint64), POINTER(c_uint64)]), ("plan", [c_void_p, c_void_p]),
                                ("run", [c_void_p] * 3), ("run_sm80", [c_void_p] * 3)):
            function = getattr(self.functions, f"wean_bench_{name}")
            function.restype, function.argtypes = c_int, [POINTER(Call), *arguments]

    def __call__(self, name: str, *arguments: object) -> None:
        if getattr(self.functions, f"wean_bench_{name}")(*arguments) != 0:
            raise RuntimeError(self.functions.wean_bench_failure().decode())


class Attention:
    """One mask on one set of tensors [1, tokens, heads, dim] of equal strides; planned by the constructor."""

    def __init__(self, library: Library, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, words: torch.Tensor, block: tuple[int, int],
                 variant: str = "run") -> None:
        self.library, self.variant = library, variant
        self.out = torch.empty_like(q)
        self.kept = (q, k, v, words)  # alive as long as their addresses are used
        assert q.stride() == k.stride() == v.stride() == self.out.stride() and q.stride(3) == 1 and q.shape[0] == 1
        self.call = Call(words.data_ptr(), q.data_ptr(), k.data_ptr(), v.data_ptr(), self.out.data_ptr(), None, q.shape[2], q.shape[1], k.shape[1],
                         *block, q.shape[3], 1 if q.dtype == torch.bfloat16 else 2, q.stride(1), q.stride(2))
        plan, run = c_uint64(), c_uint64()
        library("bytes", self.call, plan, run)
        self.plan = torch.empty(max(plan.value, 1), dtype=torch.uint8, device=q.device)
        self.workspace = torch.zeros(max(run.value, 1), dtype=torch.uint8, device=q.device)
        self.make_plan()

    def make_plan(self) -> None:
        self.library("plan", self.call, self.plan.data_ptr(), torch.cuda.current_stream().cuda_stream)

    def __call__(self) -> torch.Tensor:
        self.library(self.variant, self.call, self.plan.data_ptr(), self.workspace.data_ptr(), torch.cuda.current_stream().cuda_stream)
        return self.out
