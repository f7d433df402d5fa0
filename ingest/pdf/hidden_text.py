"""Find the characters of a page that are there and cannot be seen.

The page is drawn as it is, and again without its text. A character whose place did not change is
hidden, whatever hides it: a box drawn before or after it, a picture, an annotation, its own colour.
Over a dark ground that is a bad redaction; over a light one it is mostly the text layer of a scan.
Paint order, opacity and clipping are the renderer's business, and no colour is believed. How much of
a character's own ink must change is told by a third drawing, of the text alone.

The thresholds were chosen by reasoning and tried on generated pages; tests hold them to known truth.
"""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.renderer import Pixels, Renderer, difference, mask, share
from ingest.records.audit_findings import AuditFinding, Box, Verdict

DARK = 128
"""A pixel below this grey is dark."""
_DIM = 170
"""Where much lies below this grey, something may cover the text that lets it through."""
_DARK_GROUND = 0.8
"""The share of dark pixels around a character that makes a dark ground."""
_INK, _CHANGED = 64, 4
"""What makes a pixel a part of a glyph, and what makes it changed, of 255."""
_HIDDEN, _IN_PART = 0.15, 0.5
"""Shares of a glyph's ink that changed: below the first it is hidden, below the second covered in part."""
_FAINT, _WEAK = 32, 64
"""Contrasts on a dark ground: below the first nobody reads it, below the second few do."""
_DARKER = 90
"""The same of words darker than their dark ground, which were hardly set for readers."""
_SHOWS_THROUGH = 0.8
"""The share of the text's own contrast below which something lies over it."""
_OWN = 0.3
"""The share of its seen ink that must be a character's own where it lies on others."""
_OVERLAP = 0.2
_MOST_OVERLAPS, _MOST_PAIRS = 100, 2_000_000
_CELL = 24.0
_BLANK = frozenset(
    chain(
        range(33), range(0x7F, 0xA1), range(0x2000, 0x2010), (0xAD, 0x1680, 0x2028, 0x2029, 0x202F),
        (0x205F, 0x2060, 0x3000, 0xFEFF, 0xFFFE, 0xFFFF, 0xF020),
    )
)  # fmt: skip
_NO_CODE = 0
_PALE = 40
"""The contrast on a light ground below which words are as good as hidden."""
_TINY = 3.0
"""Points: type that is smaller was not set for readers."""


@dataclass(frozen=True)
class Character:
    """One character that is no white space: its box in the page's own points, the size of its type
    there, and which text object it belongs to. What it is stays unknown."""

    box: Box
    size: float
    owner: int
    coded: bool


@dataclass(frozen=True)
class Visibility:
    """What is to be seen on a page: the findings; the boxes of the characters that can be seen and of
    those that cannot, as on the page; and, in grey, the page without its text.

    What is a finding cannot be seen, whatever a person may decide: it was not meant to be read.
    """

    findings: list[AuditFinding]
    seen: list[Box]
    unseen: list[Box]
    bare: Image.Image


def characters(page: Any, number: int, limits: Limits) -> list[Character]:
    """Every character of the page that is no white space."""
    text = pdfium.FPDFText_LoadPage(page)
    try:
        count = pdfium.FPDFText_CountChars(text)
        if count > limits.characters:
            raise Unreadable(
                f"{count:,} characters",
                f"at most {limits.characters:,} a page",
                "print the document to more pages",
                number,
            )
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        loose = pdfium.FS_RECTF()
        found = []
        for at in range(max(0, count)):
            code = pdfium.FPDFText_GetUnicode(text, at)
            if (
                (code in _BLANK and code != _NO_CODE)
                or pdfium.FPDFText_IsGenerated(text, at) == 1
                or not pdfium.FPDFText_GetCharBox(text, at, left, right, bottom, top)
            ):
                continue
            pdfium.FPDFText_GetLooseCharBox(text, at, loose)
            x0, x1 = sorted((left.value, right.value))
            y0, y1 = sorted((bottom.value, top.value))
            # The longer side, for on pages turned to their side letters lie.
            loosely = max(abs(loose.top - loose.bottom), abs(loose.right - loose.left))
            size = min(loosely, 3 * (y1 - y0) + 3 * (x1 - x0)) or 1.0
            owner = ctypes.cast(pdfium.FPDFText_GetTextObject(text, at), ctypes.c_void_p).value
            found.append(Character((x0, y0, x1, y1), size, owner or 0, code != _NO_CODE))
        return found
    finally:
        pdfium.FPDFText_ClosePage(text)


def audit_visibility(renderer: Renderer, found: Sequence[Character]) -> Visibility:
    """What can be seen of the page's characters."""
    full = renderer.draw()
    with renderer.only(pdfium.FPDF_PAGEOBJ_TEXT, shown=False):
        bare = renderer.draw()
    page_audit = _PageAudit(renderer, found, full, bare)
    kinds = page_audit.kinds()
    findings = list(_in_lines(renderer, found, kinds))
    places = [renderer.seen(box) for box in page_audit.pixels]
    seen = [place for place, kind in zip(places, kinds, strict=True) if not kind]
    unseen = [place for place, kind in zip(places, kinds, strict=True) if kind]
    return Visibility(findings, seen, unseen, page_audit.grey)


class _PageAudit:
    """The drawings of one page, and what they tell of a character."""

    def __init__(
        self, renderer: Renderer, found: Sequence[Character], full: Image.Image, bare: Image.Image
    ) -> None:
        self.renderer, self.found, self.changed = renderer, found, difference(full, bare)
        self.full, self.grey = full.convert("L"), bare.convert("L")
        self.dark = mask(self.grey, 0, DARK - 1)
        self.dark_with_text = mask(self.full, 0, DARK - 1)
        self.pixels = [renderer.pixels(one.box) for one in found]
        self.unresolved: set[int] = set()
        self.own = self._apart()
        self._through: Image.Image | None = None
        renderer.paint_text(0)
        with renderer.only(pdfium.FPDF_PAGEOBJ_TEXT):
            self.ink = ImageChops.invert(renderer.draw(annotations=False).convert("L"))
        # One picture of all three, so that one histogram of a box tells everything of it.
        self.combined = ImageChops.add(
            ImageChops.add(mask(self.ink, _INK), mask(self.changed, _CHANGED, value=2)),
            mask(self.grey, 0, _DIM - 1, value=4),
        )

    def kinds(self) -> list[str | None]:
        """Why each character is a finding, or None."""
        placed = [
            self._outside(at) or ("overlapping" if at in self.unresolved else None)
            for at in range(len(self.found))
        ]
        if self.found and all(kind == "off-page" for kind in placed):
            raise Unreadable(
                "characters, all of which fall off the page",
                "characters on the page",
                "print the document anew",
                self.renderer.number,
            )
        return [kind or self._kind(at) for at, kind in enumerate(placed)]

    def _outside(self, at: int) -> str | None:
        left, bottom, right, top = self.found[at].box
        x, y = (left + right) / 2, (bottom + top) / 2
        for frame, kind in ((self.renderer.media, "off-page"), (self.renderer.crop, "cropped")):
            if not (frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]):
                return kind
        return None

    def _kind(self, at: int) -> str | None:
        place = self.renderer.cut(self.pixels[at])
        area = (place[2] - place[0]) * (place[3] - place[1])
        counts = self.combined.crop(place).histogram()
        ink = counts[1] + counts[3] + counts[5] + counts[7]
        seen, dim = counts[3] + counts[7], sum(counts[4:8])
        if not ink:
            if self.found[at].coded or _most(self.ink, place) >= 8:
                # Thinner than a pixel: any change at all counts.
                ink, seen = 1, int(counts[2] + counts[3] + counts[6] + counts[7] > 0)
            else:
                return None
        ratio = seen / ink
        if at in self.own:
            own = mask(self.own[at], _CHANGED).histogram()[1]
            if own < _OWN * max(seen, 1):
                ratio = 0.0
        tiny = self.found[at].size < _TINY
        pale = _most(self.changed, place) < _PALE
        if ratio >= _IN_PART and dim < 0.4 * area and not tiny and not pale:
            return None
        dark = self._on_dark(at, place, area)
        if ratio < _HIDDEN or tiny or (pale and not dark):
            return "hidden-over-dark" if dark else "hidden-over-light"
        return self._dimmed(place, dark, ratio)

    def _on_dark(self, at: int, place: Pixels, area: int) -> bool:
        """Whether the ground is dark: around the character, for a dot of a scan is no box."""
        size = self.found[at].size * self.renderer.scale
        reach = max(0.3 * size, 1.5)
        left, top, right, bottom = self.pixels[at]
        x, y = (left + right) / 2, (top + bottom) / 2
        around = self.renderer.cut(
            (
                min(left, x - reach),
                min(top, y - reach),
                max(right, x + reach),
                max(bottom, y + reach),
            )
        )
        large = area > 0.12 * size**2
        if at in self.own and share(self.dark_with_text, around) >= _DARK_GROUND:
            return True  # what covers it is text as well
        return share(self.dark, around) >= _DARK_GROUND or (
            large and share(self.dark, place) >= 0.97
        )

    def _dimmed(self, place: Pixels, dark: bool, ratio: float) -> str | None:
        """Of a character that shows, at least in part: whether it may have been meant not to."""
        own = max(_INK, _most(self.ink, place))
        contrast = _most(self.changed, place) * 255 / own
        if dark and contrast < _DARKER and _mean(self.full, place) < _mean(self.grey, place):
            return "faint-over-dark"
        if dark and contrast < _WEAK:
            return "faint-over-dark" if contrast < _FAINT else "under-translucent"
        if ratio < _IN_PART:
            return "hidden-over-dark" if dark else "partly-covered"
        through = _most(self._shown_through(), place) / own
        # Nothing at all shows through where a glyph brings colours of its own.
        return "under-translucent" if 0.02 < through < _SHOWS_THROUGH else None

    def _shown_through(self) -> Image.Image:
        """How much of its own contrast each bit of text has below all that lies over it."""
        if self._through is None:
            black = self.renderer.draw()
            self.renderer.paint_text(255)
            self._through = difference(self.renderer.draw(), black)
        return self._through

    def _apart(self) -> dict[int, Image.Image]:
        """For each character that lies on another's: what changes there without its own object."""
        lying = _lying_on_others(self.found)
        if not lying:
            return {}
        whole = self.renderer.draw()
        handles = {
            ctypes.cast(one, ctypes.c_void_p).value: one
            for one in self.renderer.of_kind(pdfium.FPDF_PAGEOBJ_TEXT)
        }
        apart: dict[int, Image.Image] = {}
        for number, (owner, ats) in enumerate(lying.items()):
            if number >= _MOST_OVERLAPS or owner not in handles:
                self.unresolved |= set(ats)
                continue
            alone = difference(whole, self.renderer.without(handles[owner]))
            apart |= {at: alone.crop(self.renderer.cut(self.pixels[at])) for at in ats}
        return apart


def _mean(picture: Image.Image, place: Pixels) -> float:
    """The mean grey of a picture within a box."""
    counts = picture.crop(place).histogram()
    return sum(grey * count for grey, count in enumerate(counts)) / max(1, sum(counts))


def _most(picture: Image.Image, place: Pixels) -> int:
    """The brightest grey of a picture within a box."""
    return int(picture.crop(place).getextrema()[1])  # type: ignore[arg-type]


def _lying_on_others(found: Sequence[Character]) -> dict[int, list[int]]:
    """By text object, its characters that lie on characters of another one."""
    members: dict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(found):
        members[one.owner].append(at)
    bounds = {owner: _union(found[at].box for at in ats) for owner, ats in members.items()}
    cells: dict[tuple[int, int], list[int]] = defaultdict(list)
    for owner, (left, bottom, right, top) in bounds.items():
        for x in range(int(left // _CELL), int(right // _CELL) + 1):
            for y in range(int(bottom // _CELL), int(top // _CELL) + 1):
                cells[x, y].append(owner)
    pairs = {
        (upper, lower)
        for owners in cells.values()
        for upper in owners
        for lower in owners
        if upper != lower and _overlap(bounds[upper], bounds[lower]) > 0
    }
    lying: dict[int, list[int]] = {}
    tried = 0
    for upper, lower in sorted(pairs):
        for at in members[upper]:
            tried += len(members[lower])
            box = found[at].box
            least = _OVERLAP * (box[2] - box[0]) * (box[3] - box[1])
            if tried < _MOST_PAIRS and not any(
                _overlap(box, found[under].box) > least for under in members[lower]
            ):
                continue
            if at not in lying.setdefault(upper, []):
                lying[upper].append(at)
    return {owner: ats for owner, ats in lying.items() if ats}


def _overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def _union(boxes: Iterable[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _in_lines(
    renderer: Renderer, found: Sequence[Character], kinds: Sequence[str | None]
) -> Iterable[AuditFinding]:
    """The findings, neighbours of one kind on a line as one."""
    together: list[Box] = []
    last: str | None = None
    ends = [*zip(kinds, (one.box for one in found), strict=True), (None, (0.0, 0.0, 0.0, 0.0))]
    for kind, box in ends:
        near = (
            bool(together)
            and box[1] < together[-1][3] + 2
            and box[3] > together[-1][1] - 2
            and abs(box[0] - together[-1][2]) < 40
        )
        if last and (kind != last or not near):
            place = renderer.seen(renderer.pixels(_union(together)))
            dark = last in ("hidden-over-dark", "faint-over-dark")
            verdict: Verdict = "refuse" if dark else "pending"
            yield AuditFinding(last, verdict, renderer.number, place, len(together))
            together = []
        if kind:
            together.append(box)
        last = kind
