"""Draw a page with pypdfium2, with and without parts of it, and find its way from points to pixels."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pypdfium2.raw as pdfium
from PIL import Image, ImageChops

from ingest.pdf.limits import Limits, Unreadable
from ingest.records.audit_findings import Box

SCALE = 2.0
"""Pixels a point: at 144 dots an inch, type of 6 points still has solid strokes."""
MOST_PIXELS = 12_000_000
_FINER = 64
_DEPTH = 24
"""Form XObjects within Form XObjects, beyond which they count as one object."""
_EVERYWHERE = (-20_000, -20_000, 20_000, 20_000)

Pixels = tuple[int, int, int, int]


class Renderer:
    """One bitmap, drawn on again and again. Use it as a context; it changes the page in memory.

    `media` and `crop` are in the page's own points; everything else that is handed out is in
    pixels from the top left of the page as it is seen, or, by `seen`, in points from there.
    """

    def __init__(self, page: Any, form: Any, number: int, limits: Limits) -> None:
        self.page, self.form, self.number = page, form, number
        self.crop = self._bounds()
        # A crop box beyond everything is cut to the media box, inherited or not.
        pdfium.FPDFPage_SetCropBox(page, *_EVERYWHERE)
        self.media = self._bounds()
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        if not (0 < width <= limits.side and 0 < height <= limits.side):
            raise Unreadable(
                f"a page of {width:,.0f} by {height:,.0f} points",
                f"pages of at most {limits.side:,.0f} points a side",
                "print the document to pages of a usual size",
                number,
            )
        self.scale = min(SCALE, (MOST_PIXELS / (width * height)) ** 0.5)
        self.size = max(1, round(width * self.scale)), max(1, round(height * self.scale))
        self._matrix = self._affine_matrix()
        self.objects = self._flatten_objects(limits)
        bitmap = pdfium.FPDFBitmap_CreateEx(*self.size, pdfium.FPDFBitmap_BGRx, None, 0)
        if not bitmap:
            raise MemoryError
        self._bitmap = bitmap

    def __enter__(self) -> Renderer:
        return self

    def __exit__(self, *_: object) -> None:
        pdfium.FPDFBitmap_Destroy(self._bitmap)

    def _bounds(self) -> Box:
        obj = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(self.page, obj)
        return obj.left, obj.bottom, obj.right, obj.top

    def _affine_matrix(self) -> tuple[float, float, float, float, float, float]:
        """The affine map from points to pixels. It is asked for in whole pixels of a larger canvas."""
        x, y = ctypes.c_int(), ctypes.c_int()
        obj = []
        for at in ((0, 0), (1000, 0), (0, 1000)):
            larger = [_FINER * side for side in self.size]
            pdfium.FPDF_PageToDevice(self.page, 0, 0, *larger, 0, *at, x, y)
            obj.append((x.value / _FINER, y.value / _FINER))
        (e, f), (ax, ay), (bx, by) = obj
        return (ax - e) / 1000, (ay - f) / 1000, (bx - e) / 1000, (by - f) / 1000, e, f

    def pixels(self, box: Box) -> Box:
        """A box of the page's own points, in pixels."""
        a, b, c, d, e, f = self._matrix
        corners = [(box[0], box[1]), (box[2], box[3])]
        xs = [a * x + c * y + e for x, y in corners]
        ys = [b * x + d * y + f for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def seen(self, pixels: Box) -> Box:
        """A box of pixels in points from the top left of the page as it is seen."""
        left, top, right, bottom = (side / self.scale for side in pixels)
        return left, top, right, bottom

    def cut(self, pixels: Box) -> Pixels:
        """The whole pixels that a box touches, at least one."""
        width, height = self.size
        left, top = (
            min(max(0, int(side)), most - 1) for side, most in zip(pixels, self.size, strict=False)
        )
        right = min(width, max(left + 1, int(pixels[2] + 0.999)))
        return left, top, right, min(height, max(top + 1, int(pixels[3] + 0.999)))

    def _flatten_objects(self, limits: Limits) -> list[tuple[Any, int]]:
        """The page's objects with their types, those within Form XObjects in place of these."""
        leaves: list[tuple[Any, int]] = []
        count = pdfium.FPDFPage_CountObjects(self.page)
        waiting = [(pdfium.FPDFPage_GetObject(self.page, at), 0) for at in range(count)]
        while waiting:
            obj, depth = waiting.pop()
            kind = pdfium.FPDFPageObj_GetType(obj)
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _DEPTH:
                within = range(pdfium.FPDFFormObj_CountObjects(obj))
                waiting += [(pdfium.FPDFFormObj_GetObject(obj, at), depth + 1) for at in within]
            else:
                leaves.append((obj, kind))
            if len(leaves) + len(waiting) > limits.objects:
                raise Unreadable(
                    f"more than {limits.objects:,} objects",
                    "a page that a person can read",
                    "print the document anew",
                    self.number,
                )
        return leaves

    def of_kind(self, kind: int) -> list[Any]:
        return [obj for obj, its in self.objects if its == kind]

    def draw(self, annotations: bool = True) -> Image.Image:
        """The page as it stands, in colour, on white."""
        flags = pdfium.FPDF_ANNOT if annotations else 0
        frame = (0, 0, *self.size)
        pdfium.FPDFBitmap_FillRect(self._bitmap, *frame, 0xFFFFFFFF)
        pdfium.FPDF_RenderPageBitmap(self._bitmap, self.page, *frame, 0, flags)
        if annotations and self.form:
            pdfium.FPDF_FFLDraw(self.form, self._bitmap, self.page, *frame, 0, flags)
        stride = pdfium.FPDFBitmap_GetStride(self._bitmap)
        data = ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(self._bitmap), stride * self.size[1])
        return Image.frombytes("RGB", self.size, data, "raw", "BGRX", stride)

    @contextmanager
    def only(self, kind: int, shown: bool = True) -> Iterator[None]:
        """While it lasts, only objects of that kind are drawn; or, not `shown`, all but these."""
        for obj, its in self.objects:
            pdfium.FPDFPageObj_SetIsActive(obj, (its == kind) == shown)
        yield
        for obj, _ in self.objects:
            pdfium.FPDFPageObj_SetIsActive(obj, True)

    def without(self, obj: Any) -> Image.Image:
        """The page without that object."""
        pdfium.FPDFPageObj_SetIsActive(obj, False)
        drawn = self.draw()
        pdfium.FPDFPageObj_SetIsActive(obj, True)
        return drawn

    def alone(self, obj: Any) -> Image.Image:
        """That object and nothing else of the page."""
        for other, _ in self.objects:
            pdfium.FPDFPageObj_SetIsActive(other, other is obj)
        drawn = self.draw(annotations=False)
        for other, _ in self.objects:
            pdfium.FPDFPageObj_SetIsActive(other, True)
        return drawn

    def paint_text(self, grey: int) -> None:
        """Give all text that colour, opaque, for good."""
        for obj in self.of_kind(pdfium.FPDF_PAGEOBJ_TEXT):
            pdfium.FPDFTextObj_SetTextRenderMode(obj, pdfium.FPDF_TEXTRENDERMODE_FILL)
            pdfium.FPDFPageObj_SetFillColor(obj, grey, grey, grey, 255)


def difference(one: Image.Image, other: Image.Image) -> Image.Image:
    """How far two pictures differ at each pixel, from 0 to 255."""
    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def mask(picture: Image.Image, least: int, most: int = 255, value: int = 1) -> Image.Image:
    """`value` where the grey lies between `least` and `most`, else 0."""
    return picture.point([value if least <= grey <= most else 0 for grey in range(256)])


def share(of: Image.Image, pixels: Pixels) -> float:
    """The share of a mask's 1 in a box."""
    area = (pixels[2] - pixels[0]) * (pixels[3] - pixels[1])
    return of.crop(pixels).histogram()[1] / max(1, area)
