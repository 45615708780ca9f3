"""Prompt cleaning against diffusers' own function (html, ftfy, white space), and how often mojibake is repaired alike.
usage: clean_test.py DUMP_TEXT PROMPT_FILE..."""
import html.entities
import pathlib
import random
import sys
import unicodedata

from diffusers.pipelines.wan.pipeline_wan import prompt_clean

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import odd_prompts  # noqa: E402
import text_tool  # noqa: E402

SENTENCES = ["Der große Hund läuft über die Brücke", "Le garçon mange une crêpe à l’été", "El niño pequeño soñó con el mañana", "Привет, мир! Как дела?", "Καλημέρα κόσμε",
             "你好世界,视频生成", "こんにちは世界", "안녕하세요 세계", "مرحبا بالعالم", "שלום עולם", "नमस्ते दुनिया", "“Quoted” – it’s a dash…", "50 € for 3 m² ± 2°", "emoji 😀 here",
             "São Paulo – açaí", "Zażółć gęślą jaźń", "Příliš žluťoučký kůň", "naïve façade", "Ørsted på Ærø", "İstanbul’da çay"]


def mojibake(text, encoding):
    try:
        return text.encode("utf-8").decode(encoding)
    except UnicodeDecodeError:
        return None


def entity_prompts():
    names = sorted(html.entities.html5)
    yield from (f"x&{name} y" for name in names)
    yield from (f"x&{name.upper()} y" for name in names if name.endswith(";"))
    yield from (f"<i>&{name}z" for name in names[::3])
    yield from (f"&#{n};|&#x{n:x};|&#{n}z" for n in [*range(0x0, 0x200), 0x2028, 0xD7FF, 0xD800, 0xDFFF, 0xFFFE, 0xFDD0, 0x1FFFF, 0x10FFFF, 0x110000, 99999999999])


def normalisation_prompts():
    rng = random.Random(11)
    marks = [chr(c) for c in range(0x110000) if unicodedata.combining(chr(c))]
    composed = [chr(c) for c in range(0x110000) if unicodedata.decomposition(chr(c)) and not unicodedata.decomposition(chr(c)).startswith("<")]
    yield from composed
    yield from (unicodedata.normalize("NFD", c) for c in composed)
    for _ in range(3000):
        yield "x" + "".join(rng.choice(marks + composed + list("aeiou가각ᄒ")) for _ in range(rng.randint(2, 6)))


def every_character():
    return ("".join(f"{chr(c)}-" for c in range(start, start + 64) if not 0xD800 <= c <= 0xDFFF and not 0x80 <= c <= 0x9F and unicodedata.category(chr(c)) != "Cn")
            for start in range(0, 0x30000, 64))


def differences(tool, texts):
    texts = list(texts)
    found = text_tool.clean(tool, texts)
    return [(t, prompt_clean(t), f) for t, f in zip(texts, found) if prompt_clean(t) != f], len(texts)


def must_agree(tool, name, texts):
    bad, count = differences(tool, texts)
    for text, want, got in bad[:8]:
        print(f"  {text[:60]!r}\n    diffusers {want[:60]!r}\n    wean      {got[:60]!r}")
    print(f"{name}: {count - len(bad)} of {count} equal")
    return len(bad)


def mojibake_rate(tool):
    """Sentences of 20 scripts, read in the wrong encoding once or twice, whole or after a clean beginning."""
    texts = []
    for sentence in SENTENCES:
        for encoding in ("latin-1", "cp1252"):
            once = mojibake(sentence, encoding)
            texts += [t for t in (once, once and "A clean beginning: " + once, once and mojibake(once, encoding)) if t]
    bad, count = differences(tool, texts)
    for text, want, got in bad:
        print(f"  {text[:50]!r} -> diffusers {want[:50]!r}, wean {got[:50]!r}")
    rate = 1 - len(bad) / count
    print(f"mojibake of Latin-1 and Windows-1252: {count - len(bad)} of {count} equal ({100 * rate:.1f} %)")
    return rate


def salad_rate(tool):
    """Random mixtures of scripts, where ftfy's list of unlikely pairs sees mojibake now and then."""
    bad, count = differences(tool, odd_prompts.salads(1000))
    print(f"random mixtures of scripts: {count - len(bad)} of {count} equal")
    return 1 - len(bad) / count


def main():
    tool, files = sys.argv[1], sys.argv[2:]
    prompts = [line for f in files for line in pathlib.Path(f).read_text().splitlines()]
    failures = must_agree(tool, "prompt files", prompts)
    failures += must_agree(tool, "odd prompts", odd_prompts.BASE)
    failures += must_agree(tool, "clean sentences", SENTENCES)
    failures += must_agree(tool, "HTML references", entity_prompts())
    failures += must_agree(tool, "normal form C", normalisation_prompts())
    failures += must_agree(tool, "every assigned character", every_character())
    assert failures == 0, f"{failures} texts differ"
    assert mojibake_rate(tool) >= 0.9
    assert salad_rate(tool) >= 0.95


if __name__ == "__main__":
    main()
