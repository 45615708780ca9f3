"""A SentencePiece unigram tokenizer of 512 pieces with UMT5's special ids (pad 0, eos 1, unk 2), saved as AutoTokenizer wants it."""

import inspect
import json
import pathlib
import random
import shutil
import string
import textwrap

import sentencepiece
from transformers import AutoTokenizer, T5Tokenizer

from scenes import random_scene

PIECES = 512


def corpus(seed: int) -> list[str]:
    """Captions, and some plain English (documentation that every Python has) so that pieces beyond the grammar's words exist."""
    rng = random.Random(seed)
    modules = [json, pathlib, random, string, textwrap, inspect]
    documented = modules + [value for module in modules for value in vars(module).values() if callable(value)]
    english = "\n".join(filter(None, map(inspect.getdoc, documented)))
    characters = [" ".join(string.printable[:94])] * 20
    return [random_scene(rng).prompt() for _ in range(20000)] + textwrap.wrap(english, 200) + characters


def build(folder: pathlib.Path, seed: int) -> None:
    """Trains spiece.model and writes the tokenizer folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus(seed)), model_prefix=str(folder / "spiece"), vocab_size=PIECES, model_type="unigram",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, pad_piece="<pad>", eos_piece="</s>", unk_piece="<unk>",
        character_coverage=1.0, normalization_rule_name="nmt_nfkc", num_threads=1, minloglevel=2)
    (folder / "spiece.vocab").unlink()
    model = (folder / "spiece.model").read_bytes()
    T5Tokenizer.from_pretrained(str(folder), extra_ids=0, model_max_length=512).save_pretrained(str(folder))
    special = {"eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n")
    (folder / "spiece.model").write_bytes(model)  # save_pretrained of transformers 5 writes only tokenizer.json


def load(folder: pathlib.Path):
    return AutoTokenizer.from_pretrained(str(folder))
