"""What a page's annotations, marks and pictures give away besides its text."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium
from pdfminer.pdftypes import resolve1

from ingest.pdf.hidden_text import DARK, Character, Visibility
from ingest.pdf.limits import Unreadable
from ingest.pdf.renderer import Renderer, mask
from ingest.records.audit_findings import AuditFinding, Box, Verdict

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


def replacements(renderer: Renderer) -> Iterator[AuditFinding]:
    """Texts to be read in place of what is drawn. ActualText is taken off the page in memory: pdfium
    would report its characters and not those that are drawn."""
    length = ctypes.c_ulong()
    for found, kind in renderer.objects:
        for at in range(max(0, pdfium.FPDFPageObj_CountMarks(found))):
            mark = pdfium.FPDFPageObj_GetMark(found, at)
            for key in (b"ActualText", b"Alt", b"E"):
                if pdfium.FPDFPageObjMark_GetParamValueType(mark, key) != pdfium.FPDF_OBJECT_STRING:
                    continue
                pdfium.FPDFPageObjMark_GetParamStringValue(mark, key, None, 0, length)
                if length.value > _EMPTY:
                    seen = renderer.seen(renderer.pixels(_bounds(found)))
                    yield AuditFinding("replacement-text", "pending", renderer.number, seen)
                if kind == pdfium.FPDF_PAGEOBJ_TEXT and key == b"ActualText":
                    pdfium.FPDFPageObjMark_RemoveParam(found, mark, key)


def of_annotations(renderer: Renderer, characters: Sequence[Character]) -> Iterator[AuditFinding]:
    """What the annotations are, and what lies below those that programs draw in different ways."""
    count = pdfium.FPDFPage_GetAnnotCount(renderer.page)
    if count > _MOST_ANNOTATIONS:
        raise Unreadable(
            f"{count:,} annotations",
            f"at most {_MOST_ANNOTATIONS:,} a page",
            "print the document anew",
            renderer.number,
        )
    for at in range(max(0, count)):
        found = pdfium.FPDFPage_GetAnnot(renderer.page, at)
        if found:
            try:
                yield from _annotation(renderer, found, characters)
            finally:
                pdfium.FPDFPage_CloseAnnot(found)


def _annotation(
    renderer: Renderer, found: Any, characters: Sequence[Character]
) -> Iterator[AuditFinding]:
    kind = pdfium.FPDFAnnot_GetSubtype(found)
    rect = pdfium.FS_RECTF()
    box: Box | None = None
    if pdfium.FPDFAnnot_GetRect(found, rect):
        xs, ys = sorted((rect.left, rect.right)), sorted((rect.bottom, rect.top))
        box = (xs[0], ys[0], xs[1], ys[1])
    seen = renderer.seen(renderer.pixels(box)) if box else None

    def has(key: bytes) -> bool:
        return bool(pdfium.FPDFAnnot_GetStringValue(found, key, None, 0) > _EMPTY)

    if kind == pdfium.FPDF_ANNOT_REDACT:
        yield AuditFinding("redact-annotation", "refuse", renderer.number, seen)
        return
    if any(
        pdfium.FPDFPageObj_GetType(pdfium.FPDFAnnot_GetObject(found, at))
        == pdfium.FPDF_PAGEOBJ_TEXT
        for at in range(max(0, pdfium.FPDFAnnot_GetObjectCount(found)))
    ):
        yield AuditFinding("annotation-text", "pending", renderer.number, seen)
    if kind == pdfium.FPDF_ANNOT_WIDGET:
        form = renderer.form
        filled = form and pdfium.FPDFAnnot_GetFormFieldValue(form, found, None, 0) > _EMPTY
        if filled or has(b"V"):
            yield AuditFinding("form-field", "pending", renderer.number, seen)
    elif has(b"Contents") or has(b"RC") or has(b"OverlayText"):
        yield AuditFinding("comment", "pending", renderer.number, seen)
    if kind in _FILES:
        yield AuditFinding("annotation-file", "pending", renderer.number, seen)
    if pdfium.FPDFAnnot_GetFlags(found) & (_HIDDEN | _NO_VIEW):
        yield AuditFinding("hidden-annotation", "pending", renderer.number, seen)
    below = sum(_within(one.box, box) for one in characters) if box else 0
    if below and kind in _COVERS:
        yield from _cover(renderer, found, kind, seen, below)


def redact_quadpoints(renderer: Renderer, references: Any) -> Iterator[AuditFinding]:
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
            place = renderer.seen(renderer.pixels((min(xs), min(ys), max(xs), max(ys))))
            yield AuditFinding("redact-annotation", "refuse", renderer.number, place)


def _cover(
    renderer: Renderer, found: Any, kind: int, seen: Box | None, below: int
) -> Iterator[AuditFinding]:
    """A dark annotation that brings no appearance of its own: pdfium draws it, or not, as others do."""
    normal = pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL
    undrawn = kind == pdfium.FPDF_ANNOT_WIDGET and not renderer.form
    if pdfium.FPDFAnnot_GetAP(found, normal, None, 0) > _EMPTY and not undrawn:
        return
    inside = pdfium.FPDFAnnot_HasKey(found, b"IC")
    if undrawn:
        yield AuditFinding("dark-annotation", "pending", renderer.number, seen, below)
    elif inside or (pdfium.FPDFAnnot_HasKey(found, b"C") and kind not in _FILLED_ALONE):
        red, green, blue, opacity = (ctypes.c_uint() for _ in range(4))
        part = (
            pdfium.FPDFANNOT_COLORTYPE_InteriorColor if inside else pdfium.FPDFANNOT_COLORTYPE_Color
        )
        known = pdfium.FPDFAnnot_GetColor(found, part, red, green, blue, opacity)
        grey = 0.299 * red.value + 0.587 * green.value + 0.114 * blue.value
        if known and grey < DARK:
            verdict: Verdict = "refuse" if inside or kind in _BY_COLOUR else "pending"
            yield AuditFinding("dark-annotation", verdict, renderer.number, seen, below)


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


def pictures_under_boxes(renderer: Renderer, visibility: Visibility) -> Iterator[AuditFinding]:
    """Scanned words below a dark area: patches all dark on the page and not so in a picture alone."""
    side = max(2, round(_PATCH * renderer.scale))
    across, down = max(1, renderer.size[0] // side), max(1, renderer.size[1] // side)

    def patches(picture: Any, least: int, most: int) -> bytes:
        cut = picture.crop((0, 0, across * side, down * side))
        reduced: bytes = mask(cut, least, most, 255).reduce(side).tobytes()
        return reduced

    seen = patches(visibility.bare, 60, 255)
    framed = [
        (found, frame)
        for found in renderer.of_kind(pdfium.FPDF_PAGEOBJ_IMAGE)
        if min((frame := renderer.pixels(_bounds(found)))[2] - frame[0], frame[3] - frame[1])
        >= 3 * side
    ]
    if more := len(framed[_MOST_PICTURES:]):
        yield AuditFinding("more-pictures", "pending", renderer.number, None, more)
    for found, frame in framed[:_MOST_PICTURES]:
        alone = renderer.alone(found).convert("L")
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
            verdict: Verdict = "refuse" if len(inner) >= 3 else "pending"
            seen_at = renderer.seen(place)
            yield AuditFinding("image-under-box", verdict, renderer.number, seen_at, len(inner))
