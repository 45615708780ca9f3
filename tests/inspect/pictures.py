"""Reads the pictures of wean-inspect back: where their maps are, what colours they have, what text stands where."""
import pathlib
import re

import numpy as np
from PIL import Image

WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (150, 150, 150)
FONT = pathlib.Path(__file__).resolve().parents[2] / "inspect/plot/font.cc"
CELL, TEXT_ROWS = 6, 9


def glyphs():
    """{bitmap of 9 x 5 dots: letter} from the font's source."""
    letters = {}
    for letter, rows, drop in re.findall(r"Glyph\{'(.|\\0)', \{([^}]*)\}(?:, (\d))?\}", FONT.read_text()):
        dots = np.zeros((TEXT_ROWS, CELL - 1), bool)
        for i, row in enumerate(re.findall(r'"([.#]{5})"', rows)):
            dots[i + int(drop or 0)] = [dot == "#" for dot in row]
        letters[dots.tobytes()] = letter
    return letters


def runs(line):
    """(first, past the last) of the runs of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
    return list(zip(edges[::2], edges[1::2]))


class Picture:
    def __init__(self, path):
        with Image.open(path) as image:
            assert (image.format, image.mode) == ("PNG", "RGB"), (image.format, image.mode)
            assert image.info.keys() <= {"srgb"}, image.info  # no times, no texts
            self.pixels = np.asarray(image)
        self.height, self.width = self.pixels.shape[:2]

    def is_colour(self, colour):
        return (self.pixels == colour).all(2)

    def maps(self, least=28):
        """(left, top, width, height) of each framed map in reading order; narrower frames are colour bars."""
        grey, found = self.is_colour(GREY), []
        for y in range(self.height):
            for left, right in runs(grey[y]):
                if right - left < least + 2 or any(x - 1 <= left and top - 1 <= y <= top + h for x, top, w, h in found if left < x + w):
                    continue
                bottom = y
                while bottom < self.height and grey[bottom, left] and grey[bottom, right - 1]:
                    bottom += 1
                found.append((int(left) + 1, y + 1, int(right - left) - 2, bottom - y - 2))
        return found

    def centres(self, box, shape):
        """Colours [rows, cols, 3] in the middle of each block of a map."""
        left, top, width, height = box
        y = top + ((np.arange(shape[0]) + 0.5) * height / shape[0]).astype(int)
        x = left + ((np.arange(shape[1]) + 0.5) * width / shape[1]).astype(int)
        return self.pixels[np.ix_(y, x)]

    def text(self, x, y, colour=BLACK):
        """The text whose first cell begins at (x, y); it ends where two cells in a row are empty."""
        letters, text, ink = glyphs(), "", self.is_colour(colour)
        while x + CELL - 1 <= self.width and not text.endswith("  "):
            text += letters.get(ink[y:y + TEXT_ROWS, x:x + CELL - 1].tobytes(), "?")
            x += CELL
        return text.rstrip()

    def below(self, box):
        """Pixels of the ticks under a map, from its left edge."""
        left, top, width, height = box
        return np.flatnonzero(self.is_colour(GREY)[top + height + 3, left - 1:left + width]) - 1

    def beside(self, box):
        left, top, width, height = box
        return np.flatnonzero(self.is_colour(GREY)[top - 1:top + height, left - 4]) - 1

    def margin_is_white(self):
        white = self.is_colour(WHITE)
        return white[0].all() and white[-1].all() and white[:, 0].all() and white[:, -1].all()
