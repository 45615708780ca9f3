"""Token ids equal to transformers' AutoTokenizer on folders trained here and on a given one.
usage: tokenizer_test.py DUMP_TEXT [FOLDER]..."""
import json
import os
import pathlib
import shutil
import sys
import tempfile

os.environ["TRANSFORMERS_VERBOSITY"] = "error"
import sentencepiece  # noqa: E402
from transformers import AutoTokenizer  # noqa: E402

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import odd_prompts  # noqa: E402
import text_tool  # noqa: E402

CORPUS = ["a red ball moves left to right", "two blue squares rotate slowly", "the quick brown fox jumps over the lazy dog", "ein großer Hund läuft über die Straße",
          "привет мир как дела", "你好世界 视频 生成", "héllo naïve café", "one two three four five six seven eight nine ten", "zoom in, pan out; fast-moving (textured) shapes!"] * 40


def train(folder, **options):
    folder.mkdir()
    corpus = folder / "corpus.txt"
    corpus.write_text("\n".join(CORPUS))
    sentencepiece.SentencePieceTrainer.train(input=str(corpus), model_prefix=str(folder / "spiece"), model_type="unigram", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
                                             hard_vocab_limit=False, character_coverage=1.0, minloglevel=2, **options)
    corpus.unlink()
    (folder / "spiece.vocab").unlink()
    return folder


def config(folder, **fields):
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer", **fields}))
    return folder


def saved(folder, source, keep_model):
    """The folder as transformers 5 writes it, with or without spiece.model copied beside."""
    AutoTokenizer.from_pretrained(source).save_pretrained(folder)
    if keep_model:
        shutil.copy(source / "spiece.model", folder)
    return folder


def make_folders(root):
    plain = config(train(root / "plain", vocab_size=300))
    yield plain
    yield config(train(root / "bytes", vocab_size=500, byte_fallback=True), extra_ids=0)
    yield config(train(root / "identity", vocab_size=250, normalization_rule_name="identity"), extra_ids=3, tokenizer_class="T5TokenizerFast")
    yield config(train(root / "symbols", vocab_size=300, user_defined_symbols=["<cut>", "zoom"], control_symbols=["<ctrl>"]))
    # As google/umt5: byte fallback, 256 byte pieces and the sentinels in the model itself, listed again as special tokens.
    sentinels = [f"<extra_id_{i}>" for i in range(299, -1, -1)]
    umt5 = train(root / "umt5", vocab_size=900, byte_fallback=True, user_defined_symbols=sentinels)
    yield config(umt5, extra_ids=300, additional_special_tokens=sentinels[::-1], eos_token="</s>", pad_token="<pad>", unk_token="<unk>",
                 model_max_length=512, tokenizer_class="T5Tokenizer")
    yield saved(root / "umt5-saved", umt5, True)
    yield saved(root / "saved", plain, True)
    yield saved(root / "json-only", plain, False)
    stripping = saved(root / "stripping", plain, False)
    text = json.loads((stripping / "tokenizer_config.json").read_text())
    text["added_tokens_decoder"] = {str(i): {"content": c, "lstrip": True, "rstrip": True, "normalized": False, "single_word": False, "special": True}
                                    for i, c in ((0, "<pad>"), (1, "</s>"), (2, "<unk>"))}
    (stripping / "tokenizer_config.json").write_text(json.dumps(text))
    yield stripping


def compare(tool, folder, prompts, length):
    expected = AutoTokenizer.from_pretrained(folder)(prompts, max_length=length, truncation=True, add_special_tokens=True).input_ids
    found = text_tool.tokens(tool, folder, length, prompts)
    bad = [(p, e, f) for p, e, f in zip(prompts, expected, found) if e != f]
    for prompt, want, got in bad[:8]:
        print(f"  {prompt[:80]!r}\n    AutoTokenizer {want[:40]}\n    wean          {got[:40]}")
    print(f"{folder.name}: {len(prompts) - len(bad)} of {len(prompts)} equal at length {length}")
    return len(bad)


def main():
    prompts = odd_prompts.prompts()
    failures = 0
    with tempfile.TemporaryDirectory() as temporary:
        folders = [*make_folders(pathlib.Path(temporary)), *(pathlib.Path(f) for f in sys.argv[2:])]
        for folder in folders:
            failures += sum(compare(sys.argv[1], folder, prompts, length) for length in (512, 16))
    assert failures == 0, f"{failures} prompts differ"


if __name__ == "__main__":
    main()
