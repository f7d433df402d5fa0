"""Find characters that are on a page but cannot be seen.

The page is rendered as it is, and again without its text. A character where nothing changed is
hidden, whatever hides it: a box drawn before or after it, an image, an annotation, or its own
colour. On a dark background that is a failed redaction; on a light one it is usually the text layer
of a scan. Paint order, opacity and clipping are left to the renderer, and the colours stated in the
file are not trusted. A third rendering, of the text alone, shows each glyph's ink, so that the
share of it that changed can be measured.

The thresholds were chosen by reasoning and tried on generated pages; the tests check them against pages
whose hidden text is known.
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
from ingest.pdf.renderer import PixelBox, Renderer, difference, mask, share
from ingest.records.audit_findings import AuditFinding, Box, Verdict

DARK = 128
"""Grey level below which a pixel is dark."""
_DIM = 170
"""Grey level below which a pixel is dim. Many dim pixels mean that text may show through a
translucent cover."""
_MAX_DIM_SHARE = 0.4
"""Share of dim pixels at or above which a character is examined for a translucent cover."""
_DARK_BACKGROUND = 0.8
"""Share of dark pixels around a character that makes its background dark."""
_DARK_PLACE = 0.97
"""Share of dark pixels within a large character's own box that makes its background dark."""
_INK, _CHANGED = 64, 4
"""Minimum grey levels (0 to 255) of a pixel that is part of a glyph, and of one that changed."""
_HIDDEN, _PARTLY_HIDDEN = 0.15, 0.5
"""Shares of a glyph's ink that changed. Below the first it is hidden, below the second partly covered."""
_FAINT, _WEAK = 32, 64
"""Contrasts on a dark background. Below the first, text cannot be read; below the second, few
people can read it."""
_DARKER = 90
"""Contrast below which text darker than its dark background counts as faint: it was probably not meant
to be read."""
_SHOWS_THROUGH = 0.8
"""Share of the text's own contrast below which something covers it."""
_OWN_COLOURS = 0.02
"""Share of the text's own contrast at or below which nothing covers the glyph: the low contrast
comes from its own colours."""
_MIN_OWN_INK = 0.3
"""Minimum share of the visible ink that must belong to a character where it overlaps others."""
_MIN_OVERLAP = 0.2
"""Minimum share of a character's box that must be shared with another for them to overlap."""
_MAX_OVERLAPS, _MAX_PAIRS = 100, 2_000_000
"""Maximum numbers of text objects and of pairs of characters examined for overlaps on one page."""
_CELL = 24.0
"""Points per side of the grid cells in which overlaps are searched for."""
_BLANK = frozenset(
    chain(
        range(33), range(0x7F, 0xA1), range(0x2000, 0x2010), (0x1680, 0x2028, 0x2029, 0x202F),
        (0x205F, 0x2060, 0x3000, 0xFEFF, 0xFFFE, 0xFFFF, 0xF020),
    )
)  # fmt: skip
_NO_CODE = 0
"""What pdfium reports for a glyph without a Unicode mapping."""
_SOFT_HYPHEN = 0xAD
"""May be drawn, as a hyphen, or not."""
_PALE = 40
"""Contrast on a light background below which text counts as hidden."""
_TINY = 3.0
"""Type size, in points, below which text was not meant to be read."""


@dataclass(frozen=True)
class Character:
    """A character other than whitespace. The audit does not decode it.

    `box` is in PDF user space, and `size` its type size in points. `owner` is the memory address of
    its text object. `coded` says whether it has a Unicode mapping.
    """

    box: Box
    size: float
    owner: int
    coded: bool


@dataclass(frozen=True)
class Visibility:
    """What can be seen on a page.

    `visible` and `hidden` are the boxes of characters, in points from the top left of the page as
    displayed; `background` is a grey rendering of the page without its text. A character in a
    finding stays hidden even if a person accepts the finding, because it was not meant to be read.
    """

    findings: list[AuditFinding]
    visible: list[Box]
    hidden: list[Box]
    background: Image.Image


def locate_characters(page: Any, number: int, limits: Limits) -> list[Character]:
    """Return every character of a page that is not whitespace. Raise Unreadable if there are too many."""
    text = pdfium.FPDFText_LoadPage(page)
    try:
        count = pdfium.FPDFText_CountChars(text)
        if count > limits.characters:
            raise Unreadable(
                f"{count:,} characters on a page",
                f"at most {limits.characters:,}",
                "print the document to a new PDF with more pages",
                number,
            )
        return [
            character
            for index in range(max(0, count))
            if (character := _locate_character(text, index))
        ]
    finally:
        pdfium.FPDFText_ClosePage(text)


def _locate_character(text: Any, index: int) -> Character | None:
    """Return a character of a pdfium text page, or None for whitespace and anything without a place."""
    code = pdfium.FPDFText_GetUnicode(text, index)
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    if (
        (code in _BLANK and code != _NO_CODE)
        or pdfium.FPDFText_IsGenerated(text, index) == 1
        or not pdfium.FPDFText_GetCharBox(text, index, left, right, bottom, top)
    ):
        return None
    loose = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(text, index, loose)
    x0, x1 = sorted((left.value, right.value))
    y0, y1 = sorted((bottom.value, top.value))
    # The longer side, because characters lie on their sides on a rotated page.
    longer = max(abs(loose.top - loose.bottom), abs(loose.right - loose.left))
    size = min(longer, 3 * (y1 - y0) + 3 * (x1 - x0)) or 1.0
    owner = ctypes.cast(pdfium.FPDFText_GetTextObject(text, index), ctypes.c_void_p).value
    return Character((x0, y0, x1, y1), size, owner or 0, code not in (_NO_CODE, _SOFT_HYPHEN))


def audit_visibility(renderer: Renderer, characters: Sequence[Character]) -> Visibility:
    """Return which of a page's characters can be seen, with findings for the others.

    Changes the colour of the page's text in memory. Raise Unreadable if all are outside the page.
    """
    full = renderer.render()
    with renderer.only(pdfium.FPDF_PAGEOBJ_TEXT, shown=False):
        without_text = renderer.render()
    page_audit = _PageAudit(renderer, characters, full, without_text)
    kinds = page_audit.kinds()
    findings = list(_group_by_line(renderer, characters, kinds))
    boxes = [renderer.to_points(box) for box in page_audit.pixels]
    visible = [box for box, kind in zip(boxes, kinds, strict=True) if not kind]
    hidden = [box for box, kind in zip(boxes, kinds, strict=True) if kind]
    return Visibility(findings, visible, hidden, page_audit.background)


class _PageAudit:
    """The renderings of one page, and what they show about each character."""

    def __init__(
        self,
        renderer: Renderer,
        characters: Sequence[Character],
        full: Image.Image,
        without_text: Image.Image,
    ) -> None:
        self.renderer, self.characters = renderer, characters
        self.changed = difference(full, without_text)
        self.full, self.background = full.convert("L"), without_text.convert("L")
        self.dark = mask(self.background, 0, DARK - 1)
        self.dark_with_text = mask(self.full, 0, DARK - 1)
        self.pixels = [renderer.to_pixels(one.box) for one in characters]
        self.unresolved: set[int] = set()
        self.own_changes = self._own_changes()
        self._through: Image.Image | None = None
        renderer.paint_text(0)
        with renderer.only(pdfium.FPDF_PAGEOBJ_TEXT):
            self.ink = ImageChops.invert(renderer.render(annotations=False).convert("L"))
        # Three masks as the bits of one image, so that a single histogram of a box counts them all.
        self.combined = ImageChops.add(
            ImageChops.add(mask(self.ink, _INK), mask(self.changed, _CHANGED, value=2)),
            mask(self.background, 0, _DIM - 1, value=4),
        )

    def kinds(self) -> list[str | None]:
        """Return the kind of finding for each character, or None if it can be seen."""
        kinds = [
            self._outside(index) or ("overlapping" if index in self.unresolved else None)
            for index in range(len(self.characters))
        ]
        if self.characters and all(kind == "off-page" for kind in kinds):
            raise Unreadable(
                "characters, but all outside the page",
                "characters on the page",
                "print the document to a new PDF",
                self.renderer.number,
            )
        return [kind or self._kind(index) for index, kind in enumerate(kinds)]

    def _outside(self, index: int) -> str | None:
        left, bottom, right, top = self.characters[index].box
        x, y = (left + right) / 2, (bottom + top) / 2
        for frame, kind in ((self.renderer.media, "off-page"), (self.renderer.crop, "cropped")):
            if not (frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]):
                return kind
        return None

    def _kind(self, index: int) -> str | None:
        box = self.renderer.clip_to_pixels(self.pixels[index])
        area = (box[2] - box[0]) * (box[3] - box[1])
        counts = self.combined.crop(box).histogram()
        dim = sum(counts[4:8])
        ratio = self._share_seen(index, box, counts)
        if ratio is None:
            return None
        tiny = self.characters[index].size < _TINY
        pale = _max(self.changed, box) < _PALE
        if ratio >= _PARTLY_HIDDEN and dim < _MAX_DIM_SHARE * area and not tiny and not pale:
            return None
        dark = self._is_on_dark(index, box, area)
        if ratio < _HIDDEN or tiny or (pale and not dark):
            return "hidden-over-dark" if dark else "hidden-over-light"
        return self._kind_of_visible(box, dark, ratio)

    def _share_seen(self, index: int, box: PixelBox, counts: Sequence[int]) -> float | None:
        """Return the share of a glyph's ink that changed, or None for a glyph that draws nothing.

        `counts` is the histogram of `combined` in its box.
        """
        ink = counts[1] + counts[3] + counts[5] + counts[7]
        seen = counts[3] + counts[7]
        if not ink:
            if not self.characters[index].coded and _max(self.ink, box) < 8:
                return None
            # The glyph is thinner than a pixel: any change at all counts.
            ink, seen = 1, int(counts[2] + counts[3] + counts[6] + counts[7] > 0)
        if index in self.own_changes:
            own = mask(self.own_changes[index], _CHANGED).histogram()[1]
            if own < _MIN_OWN_INK * max(seen, 1):
                return 0.0
        return seen / ink

    def _is_on_dark(self, index: int, box: PixelBox, area: int) -> bool:
        """Return whether a character's background is dark.

        Its surroundings count too, because a speck on a scan is not a box.
        """
        size = self.characters[index].size * self.renderer.scale
        reach = max(0.3 * size, 1.5)
        left, top, right, bottom = self.pixels[index]
        x, y = (left + right) / 2, (top + bottom) / 2
        around = self.renderer.clip_to_pixels(
            (
                min(left, x - reach),
                min(top, y - reach),
                max(right, x + reach),
                max(bottom, y + reach),
            )
        )
        large = area > 0.12 * size**2
        if index in self.own_changes and share(self.dark_with_text, around) >= _DARK_BACKGROUND:
            return True  # it is covered by other text
        return share(self.dark, around) >= _DARK_BACKGROUND or (
            large and share(self.dark, box) >= _DARK_PLACE
        )

    def _kind_of_visible(self, box: PixelBox, dark: bool, ratio: float) -> str | None:
        """Return the kind of finding if a character that shows, at least in part, may be covered."""
        own = max(_INK, _max(self.ink, box))
        contrast = _max(self.changed, box) * 255 / own
        if dark and contrast < _DARKER and _mean(self.full, box) < _mean(self.background, box):
            return "faint-over-dark"
        if dark and contrast < _WEAK:
            return "faint-over-dark" if contrast < _FAINT else "under-translucent"
        if ratio < _PARTLY_HIDDEN:
            return "hidden-over-dark" if dark else "partly-covered"
        through = _max(self._shown_through(), box) / own
        return "under-translucent" if _OWN_COLOURS < through < _SHOWS_THROUGH else None

    def _shown_through(self) -> Image.Image:
        """Return, per pixel, the contrast of the text that shows through everything drawn over it."""
        if self._through is None:
            black = self.renderer.render()
            self.renderer.paint_text(255)
            self._through = difference(self.renderer.render(), black)
        return self._through

    def _own_changes(self) -> dict[int, Image.Image]:
        """Return, for each character that overlaps another, what changes there without its text object."""
        overlaps = _find_overlaps(self.characters)
        if not overlaps:
            return {}
        whole = self.renderer.render()
        text_objects = {
            ctypes.cast(obj, ctypes.c_void_p).value: obj
            for obj in self.renderer.of_kind(pdfium.FPDF_PAGEOBJ_TEXT)
        }
        changes: dict[int, Image.Image] = {}
        for number, (owner, indices) in enumerate(overlaps.items()):
            if number >= _MAX_OVERLAPS or owner not in text_objects:
                self.unresolved |= set(indices)
                continue
            changed = difference(whole, self.renderer.render_without(text_objects[owner]))
            changes |= {
                index: changed.crop(self.renderer.clip_to_pixels(self.pixels[index]))
                for index in indices
            }
        return changes


def _mean(image: Image.Image, box: PixelBox) -> float:
    """Return the mean grey of an image within a box."""
    counts = image.crop(box).histogram()
    return sum(grey * count for grey, count in enumerate(counts)) / max(1, sum(counts))


def _max(image: Image.Image, box: PixelBox) -> int:
    """Return the lightest grey of an image within a box."""
    return int(image.crop(box).getextrema()[1])  # type: ignore[arg-type]


def _find_overlaps(characters: Sequence[Character]) -> dict[int, list[int]]:
    """Return, by text object, the indices of its characters that overlap those of another.

    Beyond `_MAX_PAIRS` comparisons, every character of the text objects concerned counts as overlapping.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for index, one in enumerate(characters):
        members[one.owner].append(index)
    overlaps: dict[int, list[int]] = {}
    compared = 0
    for owner, other in _overlapping_objects(characters, members):
        for index in members[owner]:
            compared += len(members[other])
            box = characters[index].box
            least = _MIN_OVERLAP * (box[2] - box[0]) * (box[3] - box[1])
            if compared < _MAX_PAIRS and not any(
                _overlap(box, characters[below].box) > least for below in members[other]
            ):
                continue
            if index not in overlaps.setdefault(owner, []):
                overlaps[owner].append(index)
    return {owner: indices for owner, indices in overlaps.items() if indices}


def _overlapping_objects(
    characters: Sequence[Character], members: dict[int, list[int]]
) -> list[tuple[int, int]]:
    """Return the ordered pairs of text objects whose bounding boxes overlap, both ways round."""
    bounds = {
        owner: _union(characters[index].box for index in indices)
        for owner, indices in members.items()
    }
    grid: dict[tuple[int, int], list[int]] = defaultdict(list)
    for owner, (left, bottom, right, top) in bounds.items():
        for x in range(int(left // _CELL), int(right // _CELL) + 1):
            for y in range(int(bottom // _CELL), int(top // _CELL) + 1):
                grid[x, y].append(owner)
    return sorted(
        {
            (one, other)
            for owners in grid.values()
            for one in owners
            for other in owners
            if one != other and _overlap(bounds[one], bounds[other]) > 0
        }
    )


def _overlap(one: Box, other: Box) -> float:
    """Return the area that two boxes share."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return width * height if width > 0 and height > 0 else 0.0


def _union(boxes: Iterable[Box]) -> Box:
    """Return the bounding box of boxes."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _group_by_line(
    renderer: Renderer, characters: Sequence[Character], kinds: Sequence[str | None]
) -> Iterable[AuditFinding]:
    """Yield one finding for each run of neighbouring characters on a line that have the same kind."""
    run: list[Box] = []
    last: str | None = None
    end = (None, (0.0, 0.0, 0.0, 0.0))
    for kind, box in [*zip(kinds, (one.box for one in characters), strict=True), end]:
        near = (
            bool(run)
            and box[1] < run[-1][3] + 2
            and box[3] > run[-1][1] - 2
            and abs(box[0] - run[-1][2]) < 40
        )
        if last and (kind != last or not near):
            place = renderer.to_points(renderer.to_pixels(_union(run)))
            dark = last in ("hidden-over-dark", "faint-over-dark")
            verdict: Verdict = "refuse" if dark else "pending"
            yield AuditFinding(last, verdict, renderer.number, place, len(run))
            run = []
        if kind:
            run.append(box)
        last = kind
