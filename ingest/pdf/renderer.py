"""Render a page with pypdfium2, with or without some of its objects, and map points to pixels."""

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
"""Pixels per point. At 144 dpi, 6-point type still has solid strokes."""
MAX_PIXELS = 12_000_000
"""Maximum pixels in a rendering. Larger pages are rendered at a lower scale."""
_SUBPIXELS = 64
"""Steps per pixel in which the affine matrix is measured, because pdfium returns whole numbers."""
_MAX_FORM_DEPTH = 24
"""Maximum depth of nested Form XObjects. Deeper ones count as one object."""
_EVERYWHERE = (-20_000, -20_000, 20_000, 20_000)

PixelBox = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are exclusive."""


class Renderer:
    """A context manager that renders one page repeatedly into one bitmap, and changes the page in
    memory.

    `media` and `crop` are the MediaBox and CropBox in PDF user space (points). `size` is in pixels,
    and `scale` in pixels per point. Pixel coordinates start at the top left of the page as displayed.
    Raise Unreadable if the page is too large or has too many objects, or MemoryError if there is no
    room for the bitmap.
    """

    def __init__(self, page: Any, form: Any, number: int, limits: Limits) -> None:
        self.page, self.form, self.number = page, form, number
        self.crop = self._page_bounds()
        # pdfium clips this to the MediaBox, inherited or not, so the whole page is rendered.
        pdfium.FPDFPage_SetCropBox(page, *_EVERYWHERE)
        self.media = self._page_bounds()
        width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
        if not (0 < width <= limits.side and 0 < height <= limits.side):
            raise Unreadable(
                f"a page of {width:,.0f} by {height:,.0f} points",
                f"pages of at most {limits.side:,.0f} points per side",
                "print the document at a standard page size",
                number,
            )
        self.scale = min(SCALE, (MAX_PIXELS / (width * height)) ** 0.5)
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

    def _page_bounds(self) -> Box:
        rect = pdfium.FS_RECTF()
        pdfium.FPDF_GetPageBoundingBox(self.page, rect)
        return rect.left, rect.bottom, rect.right, rect.top

    def _affine_matrix(self) -> tuple[float, float, float, float, float, float]:
        """Return (a, b, c, d, e, f), which maps user space to pixels: x' = ax + cy + e, y' = bx + dy + f.

        The images of three points determine it.
        """
        x, y = ctypes.c_int(), ctypes.c_int()
        images = []
        for point in ((0, 0), (1000, 0), (0, 1000)):
            enlarged = [_SUBPIXELS * side for side in self.size]
            pdfium.FPDF_PageToDevice(self.page, 0, 0, *enlarged, 0, *point, x, y)
            images.append((x.value / _SUBPIXELS, y.value / _SUBPIXELS))
        (e, f), (ax, ay), (bx, by) = images
        return (ax - e) / 1000, (ay - f) / 1000, (bx - e) / 1000, (by - f) / 1000, e, f

    def to_pixels(self, box: Box) -> Box:
        """Map a box from PDF user space to pixels. The result is not rounded."""
        a, b, c, d, e, f = self._matrix
        corners = [(box[0], box[1]), (box[2], box[3])]
        xs = [a * x + c * y + e for x, y in corners]
        ys = [b * x + d * y + f for x, y in corners]
        return min(xs), min(ys), max(xs), max(ys)

    def to_points(self, pixels: Box) -> Box:
        """Map a box from pixels to points from the top left of the page as displayed."""
        left, top, right, bottom = (side / self.scale for side in pixels)
        return left, top, right, bottom

    def clip_to_pixels(self, pixels: Box) -> PixelBox:
        """Round a box outwards to whole pixels of the page; the result contains at least one."""
        width, height = self.size
        left, top = (
            min(max(0, int(side)), most - 1) for side, most in zip(pixels, self.size, strict=False)
        )
        right = min(width, max(left + 1, int(pixels[2] + 0.999)))
        return left, top, right, min(height, max(top + 1, int(pixels[3] + 0.999)))

    def _flatten_objects(self, limits: Limits) -> list[tuple[Any, int]]:
        """Return (object, type) pairs for the page, Form XObjects replaced by their contents."""
        leaves: list[tuple[Any, int]] = []
        count = pdfium.FPDFPage_CountObjects(self.page)
        stack = [(pdfium.FPDFPage_GetObject(self.page, index), 0) for index in range(count)]
        while stack:
            obj, depth = stack.pop()
            kind = pdfium.FPDFPageObj_GetType(obj)
            if kind == pdfium.FPDF_PAGEOBJ_FORM and depth < _MAX_FORM_DEPTH:
                children = range(pdfium.FPDFFormObj_CountObjects(obj))
                stack += [(pdfium.FPDFFormObj_GetObject(obj, i), depth + 1) for i in children]
            else:
                leaves.append((obj, kind))
            if len(leaves) + len(stack) > limits.objects:
                raise Unreadable(
                    f"more than {limits.objects:,} objects on a page",
                    f"at most {limits.objects:,}",
                    "print the document to a new PDF",
                    self.number,
                )
        return leaves

    def of_kind(self, kind: int) -> list[Any]:
        """Return the page's objects of one pdfium type (FPDF_PAGEOBJ_…)."""
        return [obj for obj, obj_kind in self.objects if obj_kind == kind]

    def render(self, annotations: bool = True) -> Image.Image:
        """Return the page in RGB on white, with or without its annotations and form fields."""
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
        """Within the context, render only objects of `kind`; if not `shown`, all but those."""
        for obj, obj_kind in self.objects:
            pdfium.FPDFPageObj_SetIsActive(obj, (obj_kind == kind) == shown)
        yield
        for obj, _ in self.objects:
            pdfium.FPDFPageObj_SetIsActive(obj, True)

    def render_without(self, obj: Any) -> Image.Image:
        """Return the page without `obj`."""
        pdfium.FPDFPageObj_SetIsActive(obj, False)
        image = self.render()
        pdfium.FPDFPageObj_SetIsActive(obj, True)
        return image

    def render_alone(self, obj: Any) -> Image.Image:
        """Return an image of `obj` and nothing else on the page."""
        for other, _ in self.objects:
            pdfium.FPDFPageObj_SetIsActive(other, other is obj)
        image = self.render(annotations=False)
        for other, _ in self.objects:
            pdfium.FPDFPageObj_SetIsActive(other, True)
        return image

    def paint_text(self, grey: int) -> None:
        """Fill all text with an opaque grey (0 to 255), in memory, for the rest of the audit."""
        for obj in self.of_kind(pdfium.FPDF_PAGEOBJ_TEXT):
            pdfium.FPDFTextObj_SetTextRenderMode(obj, pdfium.FPDF_TEXTRENDERMODE_FILL)
            pdfium.FPDFPageObj_SetFillColor(obj, grey, grey, grey, 255)


def difference(one: Image.Image, other: Image.Image) -> Image.Image:
    """Return, per pixel, the largest difference of the three channels (0 to 255) of two RGB images."""
    red, green, blue = ImageChops.difference(one, other).split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def mask(image: Image.Image, lowest: int, highest: int = 255, value: int = 1) -> Image.Image:
    """Return `value` for each pixel whose grey level is from `lowest` to `highest`, inclusive, else
    0."""
    return image.point([value if lowest <= grey <= highest else 0 for grey in range(256)])


def share(mask: Image.Image, box: PixelBox) -> float:
    """Return the share (0 to 1) of a box's pixels that are 1 in `mask`."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    return mask.crop(box).histogram()[1] / max(1, area)
