#!/usr/bin/env python3
"""Writes models/text/tables/*.inc from Python's own tables (html.entities, unicodedata). Run it to see or renew them:
    python3 models/text/generate_tables.py [FOLDER]
The tables are committed; tests/models/text compares their effect with the reference implementations."""
import html
import html.entities
import pathlib
import sys
import unicodedata

FOLDER = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "tables")
EVERYTHING = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]


def literal(text):
    """A C string of octal escapes where needed: they never run into what follows."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def write(name, what, items):
    lines, line = [], ""
    for item in items:
        if len(line) + len(item) > 116:
            lines.append(line.rstrip())
            line = ""
        line += item + ", "
    lines.append(line.rstrip())
    head = f"// {what} Written by generate_tables.py (Unicode {unicodedata.unidata_version}).\n"
    (FOLDER / name).write_text(head + "\n".join(lines) + "\n")


def entities():
    pairs = sorted((name.encode(), value) for name, value in html.entities.html5.items())
    return [f"{{{literal(name.decode())}, {literal(value)}}}" for name, value in pairs]


def upper_entities():
    """Names in capitals that mean nothing in HTML, for lower-case entities: &EACUTE; is taken for a capital &eacute;."""
    out = []
    for name, value in html.entities.html5.items():
        upper = name.upper()
        if name.endswith(";") and name == name.lower() and html.unescape("&" + upper) == "&" + upper:
            out.append((upper.encode(), value.upper()))
    return [f"{{{literal(name.decode())}, {literal(value)}}}" for name, value in sorted(out)]


def widths():
    pairs = [(0x3000, " ")] + [(c, unicodedata.normalize("NFKC", chr(c))) for c in range(0xFF01, 0xFFF0)]
    return [f"{{0x{c:04X}, 0x{ord(to):04X}}}" for c, to in pairs if chr(c) != to and len(to) == 1]


def decompositions():
    """{character, first, second, whether the pair composes back}; Hangul is computed."""
    out = []
    for c in EVERYTHING:
        parts = unicodedata.decomposition(chr(c)).split()
        if not parts or parts[0].startswith("<"):
            continue
        first, second = int(parts[0], 16), int(parts[1], 16) if len(parts) == 2 else 0
        composes = second != 0 and unicodedata.normalize("NFC", chr(c)) == chr(c)
        out.append(f"{{0x{c:X}, 0x{first:X}, 0x{second:X}, {int(composes)}}}")
    return out


def ranges(value_of):
    """Maximal ranges [first, last, value] of characters with the same value above 0."""
    out = []
    for c in EVERYTHING:
        value = value_of(c)
        if not value:
            continue
        if out and out[-1][1] == c - 1 and out[-1][2] == value:
            out[-1][1] = c
        else:
            out.append([c, c, value])
    return out


def extends(c):
    """Joins the character before it in a grapheme cluster (marks, joiners, emoji modifiers, tags)."""
    return unicodedata.category(chr(c)) in ("Mn", "Me", "Mc") or c in (0x200C, 0x200D, 0x0E33, 0x0EB3, 0xFF9E, 0xFF9F) \
        or 0x1F3FB <= c <= 0x1F3FF or 0xE0020 <= c <= 0xE007F


def main():
    FOLDER.mkdir(exist_ok=True)
    write("html_entities.inc", "HTML5 named character references.", entities())
    write("html_upper_entities.inc", "Names in capitals of lower-case references.", upper_entities())
    write("widths.inc", "Fullwidth and halfwidth forms and what they stand for.", widths())
    write("decompositions.inc", "Canonical decompositions.", decompositions())
    classes = ranges(lambda c: unicodedata.combining(chr(c)))
    write("combining_classes.inc", "Canonical combining classes above 0.", [f"{{0x{a:X}, 0x{b:X}, {v}}}" for a, b, v in classes])
    write("grapheme_extend.inc", "Characters that continue a grapheme cluster.", [f"{{0x{a:X}, 0x{b:X}}}" for a, b, _ in ranges(extends)])


if __name__ == "__main__":
    main()
