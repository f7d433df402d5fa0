"""Pages generated at random, half of which leak, to measure the audit's precision and recall.

No page occurs twice, and the thresholds were set before the pages were generated. Each holds words, boxes
with nothing under them and other dark things that are clean; a leaking page also has one word under
a cover, which varies in kind, shape, shade and paint order.
"""

from __future__ import annotations

import random
from pathlib import Path

from PIL import Image
from reportlab.lib.colors import Color
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = 595.0, 842.0
FONTS = ("Helvetica", "Times-Roman", "Courier", "Helvetica-Bold", "Times-Italic")
WORDS = [
    "officer",
    "posted",
    "alleged",
    "message",
    "picture",
    "account",
    "social",
    "media",
    "conduct",
    "complaint",
    "remarks",
    "off",
    "duty",
    "colleague",
    "group",
    "shared",
    "without",
    "further",
    "action",
    "recorded",
    "year",
    "rank",
    "under",
    "review",
    "of",
    "the",
    "by",
    "a",
    "to",
]
COVERS = ("rect", "round", "polygon", "strips", "picture", "stroke")

Rect = tuple[float, float, float, float]
"""x, y, width, height."""


class _Page:
    """One page being drawn."""

    def __init__(self, canvas: Canvas, chance: random.Random) -> None:
        self.canvas, self.chance = canvas, chance
        self.font, self.size = chance.choice(FONTS), chance.uniform(7, 14)
        self.leading = self.size * chance.uniform(1.25, 1.7)

    def dark(self) -> Color:
        """Return a colour that looks black or nearly black."""
        shade = self.chance.choice((0, 0, 0, 0.08, 0.15))
        red, green, blue = (shade + self.chance.choice((0, 0, 0, 0.12)) for _ in range(3))
        return Color(red, green, blue, alpha=self.chance.choice((1, 1, 1, 0.99)))

    def across(self, words: list[str]) -> float:
        """Return the width of a line of these words."""
        return float(
            sum(stringWidth(word, self.font, self.size) + self.size * 0.6 for word in words)
        )

    def words(self, x: float, y: float, text: str, grey: float = 0) -> None:
        self.canvas.setFillGray(grey)
        self.canvas.setFont(self.font, self.size)
        self.canvas.drawString(x, y, text)

    def box_around(self, x: float, y: float, width: float) -> Rect:
        """Return a box over words at `x` and `y`."""
        below = self.size * self.chance.uniform(0.25, 0.35)
        high = self.size * self.chance.uniform(1.1, 1.35)
        side = self.chance.uniform(0, 2)
        return x - side, y - below, width + 2 * side, high

    def cover(self, rect: Rect) -> None:
        """Draw a dark cover over `rect`."""
        x, y, width, height = rect
        canvas, kind = self.canvas, self.chance.choice(COVERS)
        canvas.saveState()
        colour = self.dark()
        canvas.setFillColor(colour)
        canvas.setStrokeColor(colour)
        if kind == "round":
            canvas.roundRect(x, y, width, height, self.size * 0.15, stroke=0, fill=1)
        elif kind == "polygon":
            path = canvas.beginPath()
            path.moveTo(x - 1, y)
            for corner in (
                (x + width + 1, y - 0.5),
                (x + width, y + height),
                (x, y + height + 0.5),
            ):
                path.lineTo(*corner)
            path.close()
            canvas.drawPath(path, stroke=0, fill=1)
        elif kind == "strips":
            count = self.chance.randint(2, 6)
            for at in range(count):
                canvas.rect(
                    x + at * width / count, y, width / count + 0.3, height, stroke=0, fill=1
                )
        elif kind == "picture":
            canvas.drawImage(BLACK, x, y, width, height)
        elif kind == "stroke":
            canvas.setLineWidth(height)
            canvas.line(x, y + height / 2, x + width, y + height / 2)
        else:
            canvas.rect(x, y, width, height, stroke=0, fill=1)
        canvas.restoreState()

    def draw(self, leaking: bool) -> None:
        chance, canvas = self.chance, self.canvas
        if chance.random() < 0.3:
            canvas.setFillGray(chance.uniform(0, 0.3))
            canvas.rect(0, HEIGHT - 50, WIDTH, 50, stroke=0, fill=1)
            self.words(40, HEIGHT - 35, "A heading on a dark ground", 1)
        lines = int((HEIGHT - 140) / self.leading)
        secret = chance.randrange(lines) if leaking else -1
        for line in range(lines):
            y = HEIGHT - 80 - line * self.leading
            if chance.random() < 0.15:
                canvas.setFillColorRGB(*(chance.uniform(0.75, 1) for _ in range(3)))
                canvas.rect(36, y - 0.3 * self.size, 500, self.leading, stroke=0, fill=1)
            self.line(y, line == secret)

    def line(self, y: float, leaking: bool) -> None:
        """Draw a line of words and boxes; if it leaks, leave one word under its box."""
        chance, x = self.chance, 40.0
        words = chance.choices(WORDS, k=chance.randint(4, 9))
        while self.across(words) > WIDTH - 160:
            words.pop()
        secret = chance.randrange(len(words)) if leaking else -1
        for number, word in enumerate(words):
            width = stringWidth(word, self.font, self.size)
            if number == secret:
                word = "".join(chance.choices("abdeghkmnopqsuwz", k=chance.randint(4, 12)))
                width = stringWidth(word, self.font, self.size)
                rect = self.box_around(x, y, width)
                if chance.random() < 0.3:
                    self.cover(rect)
                    self.words(x, y, word)
                else:
                    self.words(x, y, word)
                    self.cover(rect)
            elif chance.random() < 0.12:
                self.cover(self.box_around(x, y, width))
            elif chance.random() < 0.05:
                canvas = self.canvas
                canvas.saveState()
                canvas.setFillColor(Color(1, 0.9, 0.1, alpha=0.5))
                canvas.rect(*self.box_around(x, y, width), stroke=0, fill=1)
                canvas.restoreState()
                self.words(x, y, word)
            else:
                self.words(x, y, word, chance.choice((0, 0, 0, 0.2, 0.35)))
            x += width + self.size * 0.6


BLACK = ImageReader(Image.new("L", (4, 4), 0))


def filings(path: Path, pages: int, seed: int) -> list[bool]:
    """Draw `pages` pages into `path`, and return whether each leaks."""
    chance = random.Random(seed)
    canvas = Canvas(str(path), pagesize=(WIDTH, HEIGHT), invariant=1)
    leaking = [chance.random() < 0.5 for _ in range(pages)]
    for leaks in leaking:
        turned = chance.choice((0, 0, 0, 90, 180, 270))
        canvas.setPageRotation(turned)
        # Before rotation, the width of a page rotated by 90 degrees is its displayed height.
        canvas.setPageSize((HEIGHT, WIDTH) if turned in (90, 270) else (WIDTH, HEIGHT))
        _Page(canvas, chance).draw(leaks)
        canvas.showPage()
    canvas.save()
    return leaking
