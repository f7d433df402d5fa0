"""Audit what a page contains besides its visible text: annotations, replacement text and covered
images."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from typing import Any

import pypdfium2.raw as pdfium
from pdfminer.pdftypes import resolve1
from PIL import Image

from ingest.pdf.hidden_text import DARK, Character, Visibility
from ingest.pdf.limits import Unreadable
from ingest.pdf.renderer import Renderer, mask
from ingest.records.audit_findings import AuditFinding, Box, Verdict

_WITH_FILES = {
    pdfium.FPDF_ANNOT_FILEATTACHMENT,
    pdfium.FPDF_ANNOT_SOUND,
    pdfium.FPDF_ANNOT_MOVIE,
    pdfium.FPDF_ANNOT_RICHMEDIA,
    pdfium.FPDF_ANNOT_SCREEN,
}
_COVERING = {
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
_FILLED_BY_INTERIOR_COLOUR = {
    pdfium.FPDF_ANNOT_SQUARE,
    pdfium.FPDF_ANNOT_CIRCLE,
    pdfium.FPDF_ANNOT_POLYGON,
}
_FILLED_BY_COLOUR = {pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_HIGHLIGHT}
_FLAG_HIDDEN, _FLAG_NO_VIEW = 2, 32
"""Annotation flags (ISO 32000-1, table 165)."""
_EMPTY = 2
"""Bytes of an empty string from pdfium: a UTF-16 terminator."""
_PATCH = 3.0
"""Points per side of the square patches in which an image is compared with the page."""
_MIN_PAPER, _MIN_INK = 26, 4
"""A patch with larger shares than these (out of 255) of light and of dark pixels may show part of a
word."""
_MAX_ANNOTATIONS = 20_000
_MAX_IMAGES = 60


def strip_replacement_text(renderer: Renderer) -> Iterator[AuditFinding]:
    """Yield a finding for each replacement text: ActualText, Alt or E in marked content.

    Removes ActualText from the page in memory, because pdfium would report its characters instead of
    those that are drawn.
    """
    length = ctypes.c_ulong()
    for obj, kind in renderer.objects:
        for index in range(max(0, pdfium.FPDFPageObj_CountMarks(obj))):
            mark = pdfium.FPDFPageObj_GetMark(obj, index)
            for key in (b"ActualText", b"Alt", b"E"):
                if pdfium.FPDFPageObjMark_GetParamValueType(mark, key) != pdfium.FPDF_OBJECT_STRING:
                    continue
                pdfium.FPDFPageObjMark_GetParamStringValue(mark, key, None, 0, length)
                if length.value > _EMPTY:
                    box = renderer.to_points(renderer.to_pixels(_bounds(obj)))
                    yield AuditFinding("replacement-text", "pending", renderer.number, box)
                if kind == pdfium.FPDF_PAGEOBJ_TEXT and key == b"ActualText":
                    pdfium.FPDFPageObjMark_RemoveParam(obj, mark, key)


def audit_annotations(
    renderer: Renderer, characters: Sequence[Character]
) -> Iterator[AuditFinding]:
    """Yield findings on every annotation of the page, and on the characters under dark ones.

    Raise Unreadable if there are too many annotations.
    """
    count = pdfium.FPDFPage_GetAnnotCount(renderer.page)
    if count > _MAX_ANNOTATIONS:
        raise Unreadable(
            f"{count:,} annotations on a page",
            f"at most {_MAX_ANNOTATIONS:,}",
            "print the document to a new PDF",
            renderer.number,
        )
    for index in range(max(0, count)):
        annotation = pdfium.FPDFPage_GetAnnot(renderer.page, index)
        if annotation:
            try:
                yield from _audit_annotation(renderer, annotation, characters)
            finally:
                pdfium.FPDFPage_CloseAnnot(annotation)


def _audit_annotation(
    renderer: Renderer, annotation: Any, characters: Sequence[Character]
) -> Iterator[AuditFinding]:
    subtype = pdfium.FPDFAnnot_GetSubtype(annotation)
    rect = _rect(annotation)
    box = renderer.to_points(renderer.to_pixels(rect)) if rect else None
    if subtype == pdfium.FPDF_ANNOT_REDACT:
        yield AuditFinding("redact-annotation", "refuse", renderer.number, box)
        return
    for kind in _content_kinds(renderer, annotation, subtype):
        yield AuditFinding(kind, "pending", renderer.number, box)
    covered = sum(_is_within(one.box, rect) for one in characters) if rect else 0
    if covered and subtype in _COVERING:
        yield from _audit_cover(renderer, annotation, subtype, box, covered)


def _rect(annotation: Any) -> Box | None:
    """Return an annotation's rectangle in PDF user space, or None."""
    rect = pdfium.FS_RECTF()
    if not pdfium.FPDFAnnot_GetRect(annotation, rect):
        return None
    xs, ys = sorted((rect.left, rect.right)), sorted((rect.bottom, rect.top))
    return xs[0], ys[0], xs[1], ys[1]


def _content_kinds(renderer: Renderer, annotation: Any, subtype: int) -> Iterator[str]:
    """Yield the kind of each finding about an annotation's content."""

    def has(key: bytes) -> bool:
        return bool(pdfium.FPDFAnnot_GetStringValue(annotation, key, None, 0) > _EMPTY)

    if any(
        pdfium.FPDFPageObj_GetType(pdfium.FPDFAnnot_GetObject(annotation, index))
        == pdfium.FPDF_PAGEOBJ_TEXT
        for index in range(max(0, pdfium.FPDFAnnot_GetObjectCount(annotation)))
    ):
        yield "annotation-text"
    if subtype == pdfium.FPDF_ANNOT_WIDGET:
        form = renderer.form
        has_value = form and (
            pdfium.FPDFAnnot_GetFormFieldValue(form, annotation, None, 0) > _EMPTY
        )
        if has_value or has(b"V"):
            yield "form-field"
    elif has(b"Contents") or has(b"RC") or has(b"OverlayText"):
        yield "comment"
    if subtype in _WITH_FILES:
        yield "annotation-file"
    if pdfium.FPDFAnnot_GetFlags(annotation) & (_FLAG_HIDDEN | _FLAG_NO_VIEW):
        yield "hidden-annotation"


def _audit_cover(
    renderer: Renderer, annotation: Any, subtype: int, box: Box | None, covered: int
) -> Iterator[AuditFinding]:
    """Yield a finding if a dark annotation without an appearance stream is over `covered`
    characters.

    PDF viewers differ in how, and whether, they draw such an annotation. A form field that was not
    drawn is always reported.
    """
    normal = pdfium.FPDF_ANNOT_APPEARANCEMODE_NORMAL
    not_drawn = subtype == pdfium.FPDF_ANNOT_WIDGET and not renderer.form
    if pdfium.FPDFAnnot_GetAP(annotation, normal, None, 0) > _EMPTY and not not_drawn:
        return
    interior = pdfium.FPDFAnnot_HasKey(annotation, b"IC")
    if not_drawn:
        yield AuditFinding("dark-annotation", "pending", renderer.number, box, covered)
    elif interior or (
        pdfium.FPDFAnnot_HasKey(annotation, b"C") and subtype not in _FILLED_BY_INTERIOR_COLOUR
    ):
        red, green, blue, opacity = (ctypes.c_uint() for _ in range(4))
        which = (
            pdfium.FPDFANNOT_COLORTYPE_InteriorColor
            if interior
            else pdfium.FPDFANNOT_COLORTYPE_Color
        )
        known = pdfium.FPDFAnnot_GetColor(annotation, which, red, green, blue, opacity)
        luma = 0.299 * red.value + 0.587 * green.value + 0.114 * blue.value  # ITU-R BT.601
        if known and luma < DARK:
            filled = interior or subtype in _FILLED_BY_COLOUR
            verdict: Verdict = "refuse" if filled else "pending"
            yield AuditFinding("dark-annotation", verdict, renderer.number, box, covered)


def find_redact_quadpoints(renderer: Renderer, annotations: Any) -> Iterator[AuditFinding]:
    """Yield a finding for each area that a Redact annotation marks by QuadPoints, which may lie outside its
    rectangle.

    pdfium does not report them, so `annotations` is the page's annotation array from pdfminer. Only the
    annotations' own entries are read, because they may refer to each other in cycles.
    """
    references = resolve1(annotations)
    for reference in (references if isinstance(references, list) else [])[:_MAX_ANNOTATIONS]:
        annotation = resolve1(reference)
        if not isinstance(annotation, dict):
            continue
        if getattr(annotation.get("Subtype"), "name", "") != "Redact":
            continue
        corners = resolve1(annotation.get("QuadPoints"))
        numbers = [number for number in corners or () if isinstance(number, (int, float))]
        for start in range(0, len(numbers) - 7, 8):
            xs, ys = numbers[start : start + 8 : 2], numbers[start + 1 : start + 8 : 2]
            box = renderer.to_points(renderer.to_pixels((min(xs), min(ys), max(xs), max(ys))))
            yield AuditFinding("redact-annotation", "refuse", renderer.number, box)


def audit_covered_images(renderer: Renderer, visibility: Visibility) -> Iterator[AuditFinding]:
    """Yield a finding for each image with scanned words under a dark area.

    Counts the patches that are dark throughout on the page but show both paper and ink in the image alone.
    """
    side = max(2, round(_PATCH * renderer.scale))
    page_is_light = _patches(visibility.background, side, 60, 255)
    images = [
        (obj, frame)
        for obj in renderer.of_kind(pdfium.FPDF_PAGEOBJ_IMAGE)
        if min((frame := renderer.to_pixels(_bounds(obj)))[2] - frame[0], frame[3] - frame[1])
        >= 3 * side
    ]
    if unexamined := len(images[_MAX_IMAGES:]):
        yield AuditFinding("more-pictures", "pending", renderer.number, None, unexamined)
    for obj, frame in images[:_MAX_IMAGES]:
        patches = _covered_patches(renderer, obj, frame, side, page_is_light)
        if patches:
            xs, ys = zip(*patches, strict=True)
            box = (min(xs) * side, min(ys) * side, (max(xs) + 1) * side, (max(ys) + 1) * side)
            verdict: Verdict = "refuse" if len(patches) >= 3 else "pending"
            place = renderer.to_points(box)
            yield AuditFinding("image-under-box", verdict, renderer.number, place, len(patches))


def _covered_patches(
    renderer: Renderer, obj: Any, frame: Box, side: int, page_is_light: bytes
) -> list[tuple[int, int]]:
    """Return (column, row) of each patch where an image has paper and ink but the page is dark."""
    columns, rows = _grid(renderer.size, side)
    alone = renderer.render_alone(obj).convert("L")
    paper, ink = _patches(alone, side, DARK, 255), _patches(alone, side, 0, DARK - 1)
    return [
        (index % columns, index // columns)
        for index in range(columns, columns * (rows - 1))
        if 0 < index % columns < columns - 1
        and paper[index] > _MIN_PAPER and ink[index] > _MIN_INK
        and not any(page_is_light[index + step] for step in (0, -1, 1, -columns, columns))
        and _is_interior(frame, index % columns * side, index // columns * side, side)
    ]  # fmt: skip


def _grid(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return how many columns and rows of patches an image has."""
    return max(1, size[0] // side), max(1, size[1] // side)


def _patches(image: Image.Image, side: int, lowest: int, highest: int) -> bytes:
    """Return a byte per patch, row by row: 255 times the share of its pixels with a grey level in
    the range."""
    columns, rows = _grid(image.size, side)
    cropped = image.crop((0, 0, columns * side, rows * side))
    return mask(cropped, lowest, highest, 255).reduce(side).tobytes()


def _is_interior(frame: Box, x: float, y: float, side: float) -> bool:
    """Return whether a patch is at least one patch away from the edges of its image, because edges
    look like ink."""
    return (
        frame[0] + side <= x
        and frame[1] + side <= y
        and x + 2 * side <= frame[2]
        and y + 2 * side <= frame[3]
    )


def _bounds(obj: Any) -> Box:
    """Return the bounding box of a page object in PDF user space."""
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    pdfium.FPDFPageObj_GetBounds(obj, left, bottom, right, top)
    return left.value, bottom.value, right.value, top.value


def _is_within(box: Box, frame: Box) -> bool:
    """Return whether the centre of `box` is in `frame`."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]
