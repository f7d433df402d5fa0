"""Functions that add other things than words and boxes to a page or its document."""

from __future__ import annotations

import re

from tests.pdfs.drawing import Pages, Raw, Rect
from tests.pdfs.style import PLAIN


def text(pages: Pages, rect: Rect, baseline: float, words: str, grey: float = 0) -> None:
    """Write words at the left of `rect`, in a shade from 0, black, to 1, white."""
    pages.canvas.setFont(PLAIN, pages.style.size)
    pages.canvas.setFillGray(grey)
    pages.canvas.drawString(rect[0] + 3, baseline, words)
    pages.canvas.setFillGray(0)


def fill(pages: Pages, rect: Rect, grey: float = 0) -> None:
    """Fill a rectangle with a shade from 0, black, to 1, white."""
    pages.canvas.setFillGray(grey)
    pages.canvas.rect(*rect, stroke=0, fill=1)
    pages.canvas.setFillGray(0)


def to_catalog(pages: Pages, key: str, value: Raw) -> None:
    """Put an object under `key` of the document's catalogue."""
    catalog = pages.canvas._doc.Catalog
    catalog.__NoDefault__ = catalog.__Refs__ = [*catalog.__NoDefault__, key]
    setattr(catalog, key, value)


def unmapped(pages: Pages, x: float, y: float) -> None:
    """Draw two letters in a font without a Unicode mapping."""
    family = "/Type /Font /BaseFont /Unmapped"
    system = "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
    glyphs = Raw(f"<< {family} /Subtype /CIDFontType2 {system} /DW 600 >>")
    text = f"<< {family} /Subtype /Type0 /Encoding /Identity-H /DescendantFonts [{{glyphs}}] >>"
    document = pages.canvas._doc
    fonts = document.idToObject["BasicFonts"].dict
    fonts["Unmapped"] = document.Reference(Raw(text, glyphs=glyphs))
    pages.raw(f"BT /Unmapped 9 Tf 1 0 0 1 {x:.2f} {y:.2f} Tm <00030004> Tj ET")


def literal(text: str) -> str:
    """Write `text` as a string of a content stream."""
    return "(" + re.sub(r"([\\()])", r"\\\1", text) + ")"


def annotation(pages: Pages, rect: Rect, subtype: str, keys: str, look: bool) -> None:
    """An annotation over `rect`, with an appearance of a black rectangle or with none."""
    x, y, width, height = rect
    form = Raw(
        f"<< /Type /XObject /Subtype /Form /BBox [0 0 {width:.2f} {height:.2f}] >>",
        f"0 g 0 0 {width:.2f} {height:.2f} re f".encode(),
    )
    corners = f"{x:.2f} {y:.2f} {x + width:.2f} {y + height:.2f}"
    quad = f"{x:.2f} {y + height:.2f} {x + width:.2f} {y + height:.2f} "
    quad += f"{x:.2f} {y:.2f} {x + width:.2f} {y:.2f}"
    shown = "/AP << /N {form} >>" if look else ""
    text = f"<< /Type /Annot /Subtype /{subtype} /F 4 /Rect [{corners}] {keys} {shown} >>"
    text = text.replace("QUAD", quad).replace("MIDDLE", f"{y + height / 2:.2f}")
    text = text.replace("LEFT", f"{x:.2f}").replace("RIGHT", f"{x + width:.2f}")
    text = text.replace("HEIGHT", f"{height:.2f}")
    pages.canvas._addAnnotation(Raw(text, **({"form": form} if look else {})))
