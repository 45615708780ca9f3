"""Puts the passes of a mask file into a pipeline and takes them out again, whatever was changed in between."""
from __future__ import annotations

import contextlib
import functools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .passes import Passes
from .processor import BlockSparseProcessor

NAME = "wean"  #: of the submodule that an applied mask file adds to the transformer
CLIP, PASS = "prepare_latents", "cache_context"  #: methods of pipeline and transformer that get an ear


def install(pipe: Any, transformer: Any, passes: Passes) -> None:
    """Adds `passes`, the processors of self-attention, the pre-hook, and ears in cache_context and prepare_latents, which
    run before a pass and before a clip and outside what torch.compile traces."""
    begin_pass, begin_clip = getattr(transformer, PASS), getattr(pipe, CLIP)

    @contextlib.contextmanager
    def cache_context(name: str, **where: Any) -> Iterator[None]:
        with passes.of_context(name, where.get("sigma")) if passes.applied else contextlib.nullcontext(), begin_pass(name, **where):
            yield

    @functools.wraps(begin_clip)
    def prepare_latents(*args: Any, **kwargs: Any) -> Any:
        made = begin_clip(*args, **kwargs)
        if passes.applied:
            passes.before_clip(made[0] if isinstance(made, tuple) else made)
        return made

    transformer.add_module(NAME, passes)
    passes.applied, passes.home = True, weakref.ref(transformer)
    passes.hook = transformer.register_forward_pre_hook(passes.before_forward, with_kwargs=True)
    _set_ear(transformer, PASS, cache_context, passes)
    _set_ear(pipe, CLIP, prepare_latents, passes)
    for layer, block in enumerate(transformer.blocks):
        block.attn1.set_processor(BlockSparseProcessor(block.attn1.processor, passes, layer))


def installed(pipe: Any, transformer: Any) -> list[Passes]:
    """What `install` put into `transformer`, through `pipe` or another pipeline that shares it, and what it put into
    `pipe` with a transformer that has been replaced since."""
    found = transformer._modules.get(NAME), getattr(vars(pipe).get(CLIP), "passes", None)
    return [passes for passes in dict.fromkeys(found) if passes is not None]


def uninstall(passes: Passes) -> None:
    """Undoes `install`, except where its work was replaced since: what others put there stays."""
    passes.applied = False  # an ear that somebody wrapped stays where it is, and is deaf from now on
    passes.hook.remove()
    transformer = passes.home()
    _drop_ear(passes.pipe, CLIP, passes)
    _drop_ear(transformer, PASS, passes)
    for block in () if transformer is None else transformer.blocks:
        processor = block.attn1.processor
        if isinstance(processor, BlockSparseProcessor) and processor.passes is passes:
            block.attn1.set_processor(processor.dense)
    if transformer is not None and transformer._modules.get(NAME) is passes:
        del transformer._modules[NAME]


def _set_ear(owner: Any, name: str, ear: Callable[..., Any], passes: Passes) -> None:
    """Makes `ear` the method `name` of this one object. It knows whose it is and what it replaced; the passes do not know
    it, for it holds `owner`, which they must not keep alive."""
    vars(ear).update(passes=passes, replaced=vars(owner).get(name))
    setattr(owner, name, ear)


def _drop_ear(owner: Any | None, name: str, passes: Passes) -> None:
    ear = None if owner is None else vars(owner).get(name)
    if getattr(ear, "passes", None) is not passes:
        return
    if ear.replaced is None:
        del vars(owner)[name]
    else:
        setattr(owner, name, ear.replaced)
