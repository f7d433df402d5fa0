"""What a page's annotations, marks and pictures give away besides its text."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium
from pdfminer.pdftypes import resolve1

from ingest.pdf.audited import Audited, Box, Verdict
from ingest.pdf.canvas import Canvas, mask
from ingest.pdf.hidden import DARK, Character, Sight
from ingest.pdf.limits import Unreadable

_FILES = {
    pdfium.FPDF_ANNOT_FILEATTACHMENT,
    pdfium.FPDF_ANNOT_SOUND,
    pdfium.FPDF_ANNOT_MOVIE,
    pdfium.FPDF_ANNOT_RICHMEDIA,
    pdfium.FPDF_ANNOT_SCREEN,
}
_COVERS = {
    pdfium.FPDF_ANNOT_SQUARE,
    pdfium.FPDF_ANNOT_CIRCLE,
    pdfium.FPDF_ANNOT_POLYGON,
    pdfium.FPDF_ANNOT_FREETEXT,
    pdfium.FPDF_ANNOT_STAMP,
    pdfium.FPDF_ANNOT_HIGHLIGHT,
    pdfium.FPDF_ANNOT_INK,
    pdfium.FPDF_ANNOT_LINE,
    pdfium.FPDF_ANNOT_POLYLINE,
    pdfium.FPDF_ANNOT_WIDGET,
}
_FILLED_ALONE = {pdfium.FPDF_ANNOT_SQUARE, pdfium.FPDF_ANNOT_CIRCLE, pdfium.FPDF_ANNOT_POLYGON}
_BY_COLOUR = {pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_HIGHLIGHT}
_HIDDEN, _NO_VIEW = 2, 32
_EMPTY = 2
"""Bytes of an empty string of pdfium's: its end alone."""
_PATCH = 3.0
"""Points a side of the patches in which pictures are compared with the page."""
_MOST_ANNOTATIONS = 20_000
_MOST_PICTURES = 60


def replacements(canvas: Canvas) -> Iterator[Audited]:
    """Texts to be read in place of what is drawn. ActualText is taken off the page in memory: pdfium
    would report its characters and not those that are drawn."""
    length = ctypes.c_ulong()
    for found, kind in canvas.objects:
        for at in range(max(0, pdfium.FPDFPageObj_CountMarks(found))):
            mark = pdfium.FPDFPageObj_GetMark(found, at)
            for key in (b"ActualText", b"Alt", b"E"):
                if pdfium.FPDFPageObjMark_GetParamValueType(mark, key) != pdfium.FPDF_OBJECT_STRING:
                    continue
                pdfium.FPDFPageObjMark_GetParamStringValue(mark, key, None, 0, length)
                if length.value > _EMPTY:
                    seen = canvas.seen(canvas.pixels(_bounds(found)))
                    yield Audited("replacement-text", "hold", canvas.number, seen)
                if kind == pdfium.FPDF_PAGEOBJ_TEXT and key == b"ActualText":
                    pdfium.FPDFPageObjMark_RemoveParam(found, mark, key)


def of_annotations(canvas: Canvas, characters: Sequence[Character]) -> Iterator[Audited]:
    """What the annotations are, and what lies below those that programs draw in different ways."""
    count = pdfium.FPDFPage_GetAnnotCount(canvas.page)
    if count > _MOST_ANNOTATIONS:
        raise Unreadable(
            f"{count:,} annotations",
            f"at most {_MOST_ANNOTATIONS:,} a page",
            "print the document anew",
            canvas.number,
        )
    for at in range(max(0, count)):
        found = pdfium.FPDFPage_GetAnnot(canvas.page, at)
        if found:
            try:
                yield from _annotation(canvas, found, characters)
            finally:
                pdfium.FPDFPage_CloseAnnot(found)


def _annotation(canvas: Canvas, found: Any, characters: Sequence[Character]) -> Iterator[Audited]:
    kind = pdfium.FPDFAnnot_GetSubtype(found)
    rect = pdfium.FS_RECTF()
    box: Box | None = None
    if pdfium.FPDFAnnot_GetRect(found, rect):
        xs, ys = sorted((rect.left, rect.right)), sorted((rect.bottom, rect.top))
        box = (xs[0], ys[0], xs[1], ys[1])
    seen = canvas.seen(canvas.pixels(box)) if box else None

    def has(key: bytes) -> bool:
        return bool(pdfium.FPDFAnnot_GetStringValue(found, key, None, 0) > _EMPTY)

    if kind == pdfium.FPDF_ANNOT_REDACT:
        yield Audited("redact-annotation", "refuse", canvas.number, seen)
        return
    if any(
        pdfium.FPDFPageObj_GetType(pdfium.FPDFAnnot_GetObject(found, at))
        == pdfium.FPDF_PAGEOBJ_TEXT
        for at in range(max(0, pdfium.FPDFAnnot_GetObjectCount(found)))
    ):
        yield Audited("annotation-text", "hold", canvas.number, seen)
    if kind == pdfium.FPDF_ANNOT_WIDGET:
        form = canvas.form
        filled = form and pdfium.FPDFAnnot_GetFormFieldValue(form, found, None, 0) > _EMPTY
        if filled or has(b"V"):
            yield Audited("form-field", "hold", canvas.number, seen)
    elif has(b"Contents") or has(b"RC") or has(b"OverlayText"):
        yield Audited("comment", "hold", canvas.number, seen)
    if kind in _FILES:
        yield Audited("annotation-file", "hold", canvas.number, seen)
    if pdfium.FPDFAnnot_GetFlags(found) & (_HIDDEN | _NO_VIEW):
        yield Audited("hidden-annotation", "hold", canvas.number, seen)
    below = sum(_within(one.box, box) for one in characters) if box else 0
    if below and kind in _COVERS:
        yield from _cover(canvas, found, kind, seen, below)


def marked(canvas: Canvas, references: Any) -> Iterator[Audited]:
    """The places that Redact annotations mark by their corners, which may lie outside their rectangles.

    pdfium does not tell them; `references` are the page's annotations as pdfminer has them. Only
    what they hold themselves is looked at, for they may refer to each other without end.
    """
    listed = resolve1(references)
    for reference in (listed if isinstance(listed, list) else [])[:_MOST_ANNOTATIONS]:
        found = resolve1(reference)
        if not isinstance(found, dict) or getattr(found.get("Subtype"), "name", "") != "Redact":
            continue
        corners = resolve1(found.get("QuadPoints"))
        numbers = [side for side in corners or () if isinstance(side, (int, float))]
        for at in range(0, len(numbers) - 7, 8):
            xs, ys = numbers[at : at + 8 : 2], numbers[at + 1 : at + 8 : 2]
            place = canvas.seen(canvas.pixels((min(xs), min(ys), max(xs), max(ys))))
            yield Audited("redact-annotation", "refuse", canvas.number, place)


def _cover(
    canvas: Canvas, found: Any, kind: int, seen: Box | None, below: int
) -> Iterator[Audited]:
    """A dark annotation that brings no appearance of its own: pdfium draws it, or not, as others do."""
    normal = pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL
    undrawn = kind == pdfium.FPDF_ANNOT_WIDGET and not canvas.form
    if pdfium.FPDFAnnot_GetAP(found, normal, None, 0) > _EMPTY and not undrawn:
        return
    inside = pdfium.FPDFAnnot_HasKey(found, b"IC")
    if undrawn:
        yield Audited("dark-annotation", "hold", canvas.number, seen, below)
    elif inside or (pdfium.FPDFAnnot_HasKey(found, b"C") and kind not in _FILLED_ALONE):
        red, green, blue, opacity = (ctypes.c_uint() for _ in range(4))
        part = (
            pdfium.FPDFANNOT_COLORTYPE_InteriorColor if inside else pdfium.FPDFANNOT_COLORTYPE_Color
        )
        told = pdfium.FPDFAnnot_GetColor(found, part, red, green, blue, opacity)
        grey = 0.299 * red.value + 0.587 * green.value + 0.114 * blue.value
        if told and grey < DARK:
            verdict: Verdict = "refuse" if inside or kind in _BY_COLOUR else "hold"
            yield Audited("dark-annotation", verdict, canvas.number, seen, below)


def _bounds(found: Any) -> Box:
    """The bounds of an object, in the page's own points."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(found, left, bottom, right, top)
    return left.value, bottom.value, right.value, top.value


def _frames(frame: Box, x: float, y: float, side: float) -> bool:
    """Whether a patch lies well within a picture, whose edges are no words."""
    return (
        frame[0] + side <= x
        and frame[1] + side <= y
        and x + 2 * side <= frame[2]
        and y + 2 * side <= frame[3]
    )


def _within(box: Box, frame: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]


def pictures_under_boxes(canvas: Canvas, sight: Sight) -> Iterator[Audited]:
    """Scanned words below a dark area: patches all dark on the page and not so in a picture alone."""
    side = max(2, round(_PATCH * canvas.scale))
    across, down = max(1, canvas.size[0] // side), max(1, canvas.size[1] // side)

    def patches(picture: Any, least: int, most: int) -> bytes:
        cut = picture.crop((0, 0, across * side, down * side))
        reduced: bytes = mask(cut, least, most, 255).reduce(side).tobytes()
        return reduced

    seen = patches(sight.bare, 60, 255)
    framed = [
        (found, frame)
        for found in canvas.of_kind(pdfium.FPDF_PAGEOBJ_IMAGE)
        if min((frame := canvas.pixels(_bounds(found)))[2] - frame[0], frame[3] - frame[1])
        >= 3 * side
    ]
    if more := len(framed[_MOST_PICTURES:]):
        yield Audited("more-pictures", "hold", canvas.number, None, more)
    for found, frame in framed[:_MOST_PICTURES]:
        alone = canvas.alone(found).convert("L")
        paper, ink = patches(alone, DARK, 255), patches(alone, 0, DARK - 1)
        inner = [
            at
            for at in range(across, across * (down - 1))
            if 0 < at % across < across - 1
            # The picture has both paper and ink here, the page and its neighbours neither.
            and paper[at] > 26 and ink[at] > 4
            and not any(seen[at + step] for step in (0, -1, 1, -across, across))
            and _frames(frame, at % across * side, at // across * side, side)
        ]  # fmt: skip
        if inner:
            xs, ys = [at % across for at in inner], [at // across for at in inner]
            place = (min(xs) * side, min(ys) * side, (max(xs) + 1) * side, (max(ys) + 1) * side)
            verdict: Verdict = "refuse" if len(inner) >= 3 else "hold"
            seen_at = canvas.seen(place)
            yield Audited("image-under-box", verdict, canvas.number, seen_at, len(inner))
