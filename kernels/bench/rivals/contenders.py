"""The kernels: each makes a function of no arguments from a case, or says why it cannot run."""
from __future__ import annotations

import dataclasses
import functools
import importlib
import importlib.metadata
from collections.abc import Callable

import torch

from library import Attention, Library
from masks import Shape, lists, words

Run = Callable[[], torch.Tensor]  # -> [1, tokens, heads, dim], maybe padded


class NotRun(Exception):
    """Why a kernel does not take part in a cell."""


@dataclasses.dataclass
class Case:
    shape: Shape
    kept: torch.Tensor  #: bool [heads, rows, cols]
    q: torch.Tensor  #: [1, tokens, heads, dim]
    k: torch.Tensor
    v: torch.Tensor

    @functools.cached_property
    def dense(self) -> bool:
        return bool(self.kept.all())

    @functools.cached_property
    def lists(self) -> tuple[torch.Tensor, torch.Tensor]:
        return lists(self.kept)

    def by_head(self) -> list[torch.Tensor]:
        """q, k, v as [1, heads, tokens, dim], views."""
        return [x.transpose(1, 2) for x in (self.q, self.k, self.v)]


def _module(name: str) -> object:
    try:
        return importlib.import_module(name)
    except Exception as error:  # a rival's import may fail in any way of its own
        raise NotRun(f"{name}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from error


def _dense_only(case: Case) -> None:
    if not case.dense:
        raise NotRun("takes no block mask")


def wean(case: Case, library: Library, variant: str = "run") -> Run:
    return Attention(library, case.q, case.k, case.v, words(case.kept), case.shape.block, variant)


def fa3(case: Case) -> Run:
    _dense_only(case)
    function = _module("fa3_fwd_interface").flash_attn_func

    def run() -> torch.Tensor:
        out = function(case.q, case.k, case.v)
        return out[0] if isinstance(out, tuple) else out
    return run


def fa4(case: Case) -> Run:
    _dense_only(case)
    function = _module("flash_attn.cute.interface").flash_attn_func
    return lambda: _first(function(case.q, case.k, case.v))


def fa4_sparse(case: Case) -> Run:
    module = _module("flash_attn.cute.interface")
    tensors = getattr(module, "BlockSparseTensorsTorch", None) or _module("flash_attn.cute.block_sparsity").BlockSparseTensorsTorch
    counts, indices = case.lists
    sparse = tensors(mask_block_cnt=torch.zeros_like(counts), mask_block_idx=torch.zeros_like(indices), full_block_cnt=counts,
                     full_block_idx=indices, block_size=case.shape.block)
    return lambda: _first(module.flash_attn_func(case.q, case.k, case.v, block_sparse_tensors=sparse))


def _first(out: object) -> torch.Tensor:
    return out[0] if isinstance(out, (tuple, list)) else out


def cudnn(case: Case) -> Run:
    _dense_only(case)
    q, k, v = case.by_head()

    def run() -> torch.Tensor:
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.CUDNN_ATTENTION):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2)
    return run


def cudnn_bsa(case: Case) -> Run:
    """Padded to whole blocks outside the timing; the padding is credited to nobody."""
    if case.shape.block[0] != case.shape.block[1]:
        raise NotRun("takes square blocks")
    attention = _module("cudnn").BSA
    padding = -case.shape.tokens % case.shape.block[0]
    q, k, v = (torch.nn.functional.pad(x, (0, 0, 0, padding)).contiguous() for x in case.by_head())
    counts, indices = case.lists
    return lambda: attention.block_sparse_attention_forward(
        q, k, v, indices, q2k_block_nums=counts, sparse_block_size=case.shape.block[0])["o_tensor"].transpose(1, 2)


@functools.cache
def _compiled_flex() -> Callable[..., torch.Tensor]:
    from torch.nn.attention.flex_attention import flex_attention
    return torch.compile(flex_attention, dynamic=False)


def flex(case: Case) -> Run:
    from torch.nn.attention.flex_attention import BlockMask
    counts, indices = case.lists
    full = torch.zeros((*indices.shape[:-1], case.shape.blocks[1]), dtype=torch.int32, device="cuda")
    full[..., :indices.shape[-1]] = indices
    mask = BlockMask.from_kv_blocks(torch.zeros_like(counts), torch.zeros_like(full), counts, full, BLOCK_SIZE=case.shape.block,
                                    seq_lengths=(case.shape.tokens, case.shape.tokens))
    q, k, v = case.by_head()
    return lambda: _compiled_flex()(q, k, v, block_mask=mask).transpose(1, 2)


def contenders(library_path: str) -> dict[str, Callable[[Case], Run]]:
    library = functools.cache(lambda: Library(library_path))
    return {
        "wean": lambda case: wean(case, library()),
        "wean-sm80": lambda case: wean(case, library(), "run_sm80"),
        "fa3": fa3, "fa4": fa4, "fa4-sparse": fa4_sparse, "cudnn": cudnn, "cudnn-bsa": cudnn_bsa, "flex": flex,
    }


def versions() -> dict[str, str]:
    """Of the packages that take part, "" where one is missing."""
    found = {"torch": torch.__version__, "cuda": torch.version.cuda or "", "cudnn": str(torch.backends.cudnn.version())}
    for package in ("fa3-fwd", "flash-attn-4", "quack-kernels", "nvidia-cutlass-dsl", "nvidia-cudnn-frontend", "triton"):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = ""
    return found
