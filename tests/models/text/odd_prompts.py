"""Prompts that tokenizers and cleaners trip over: 140 of them, the same in every run."""
import random

BASE = [
    "", " ", "\t\n", "a", "A red ball rolls left to right.", "two  spaces   and\ttabs\nand lines\r\nand more\r",
    "trailing space ", " leading space", "</s>", "<pad>", "<unk>", "<s>", "<extra_id_0>", "<extra_id_99>", "<extra_id_100>", "a</s>b", "a </s> b", "<pad><pad> x",
    "x<extra_id_0>y<extra_id_1> z", " <extra_id_5> ", "</s></s>", "<unk> and <UNK>", "< pad >", "<extra_id_", "</s", "\u2581", "a\u2581b", "\u2581\u2581a\u2581", "_under_score_",
    "a\u0085b", "\u0085", "a\u00a0b", "a\u200bb", "a\u2003b\u3000c", "a\u2028b\u2029c", "\ufeffstart", "zero\u200d\u200cwidth", "soft\u00adhyphen",
    "naïve café", "cafe\u0301", "e\u0301\u0301", "\u0301alone", "A\u030a\u0327", "Ａｂｃ１２３", "Ａ\u0301", "ﬁne ﬂuﬀy", "½ ² ™ № ㎏", "①②③", "ǆ Ǆ ǅ",
    "Привет, мир!", "你好,世界。", "视频生成:一只猫", "こんにちは世界", "ｶﾞｷﾞ", "안녕하세요", "\u1112\u1161\u11ab", "مرحبا بالعالم", "שלום", "नमस्ते दुनिया", "สวัสดี น้ำ", "ກຳ",
    "emoji 😀 👩‍👩‍👧 🏳️‍🌈 👍🏽 end", "🇩🇪🇫🇷", "a🏽b", "math 𝒜𝔅 ∑∫", "\U0010ffff", "\ud7ff\ue000", "\x01\x02control\x7f", "null\x00byte", "bell\x07", "esc \x1b[31mred\x1b[0m",
    "&amp; &lt;b&gt; &quot;q&quot;", "&amp;amp;", "&#65;&#x42;", "&eacute;&EACUTE;", "<b>&amp;</b>", "&notit;", "&copy 2020", "&#0;&#128;&#xD800;&#1114112;", "&nosuch;", "&&&", "&;", "&#;", "&#x;", "&am p;",
    "“curly” ‘quotes’ ‚low‘ „low“", "it’s", "5 o′clock ″", "…ellipsis", "en–dash em—dash", "\u02bcmod", "¿Qué? ¡Sí!", "100% §1 ¶2 ©®", "Ünïcödé ÀÉÎ", "Straße ẞ", "İstanbul ı",
    "1234567890", "3.14159e-10", "C:\\path\\file", "https://example.org/a?b=c&d=e", "def f(x): return x**2", "a" * 200, "word " * 700, "日本語" * 300, "ab\u0301" * 50, "<extra_id_1>" * 40, "!?" * 60,
    "aAbBcC", "don't stop-it (now) [or] {never}", "ALL CAPS PROMPT", "ß→ss", "\u00ff\u0100\u017f", "ſt ﬆ", "ŉ", "ĳ Ĳ", "\u1e9b\u0323", "\u212b \u2126", "\uf8ff private", "\u0600\u0661", "\u0e33", "x\u0e33y",
]


def salads(count):
    """Random mixtures of letters, marks, ideographs, punctuation and emoji."""
    rng = random.Random(3)
    pool = [chr(c) for r in ((0x20, 0x7f), (0xa0, 0x250), (0x300, 0x330), (0x370, 0x500), (0x4e00, 0x4e40), (0x2000, 0x2040), (0x1f600, 0x1f620)) for c in range(*r)]
    return ["".join(rng.choice(pool) + rng.choice(["", " "]) for _ in range(rng.randint(1, 60))) for _ in range(count)]


def prompts():
    return BASE + salads(140 - len(BASE))
