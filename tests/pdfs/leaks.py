"""Pages that hide one secret, each in a different way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reportlab.pdfbase.pdfmetrics import stringWidth

from tests.pdfs.disclosures import sheet
from tests.pdfs.drawing import Pages, Raw, Rect
from tests.pdfs.marks import annotation, fill, literal, text, to_catalog
from tests.pdfs.style import BLOCK, PLAIN, Drawn

Plant = Callable[[Pages, Rect, float, str], None]


def _after(cover: Callable[[Pages, Rect], None]) -> Plant:
    """The text, and then a cover over it."""

    def plant(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
        text(pages, rect, baseline, secret)
        cover(pages, rect)

    return plant


def _annotated(subtype: str, keys: str, look: bool) -> Plant:
    return _after(lambda pages, rect: annotation(pages, rect, subtype, keys, look))


def _box_before(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    text(pages, rect, baseline, secret)


def _white(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    text(pages, rect, baseline, secret, grey=1)


def _translucent(pages: Pages, rect: Rect) -> None:
    pages.canvas.saveState()
    pages.canvas.setFillAlpha(0.5)
    fill(pages, rect)
    pages.canvas.restoreState()


def _off_page(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    text(pages, (pages.width + 50, *rect[1:]), baseline, secret)


def _ocr(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    pages.image(rect, 235)
    pages.raw("3 Tr")
    text(pages, rect, baseline, secret)
    pages.raw("0 Tr")


def _invisible(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    pages.raw("3 Tr")
    text(pages, rect, baseline, secret)
    pages.raw("0 Tr")


def _clipped(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    pages.canvas.saveState()
    pages.raw("0 0 1 1 re W n")
    text(pages, rect, baseline, secret)
    pages.canvas.restoreState()


def _layer(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    group = Raw("<< /Type /OCG /Name (Draft) >>")
    show = f"BT /F 9 Tf 1 0 0 1 {rect[0] + 3:.2f} {baseline:.2f} Tm {literal(secret)} Tj ET"
    form = Raw(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 900 900] /OC {group} /Resources << /Font "
        "<< /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        show.encode(),
        group=group,
    )
    pages.form("Layer", form)
    pages.canvas.doForm("Layer")
    text = "<< /OCGs [{group}] /D << /OFF [{group}] /Order [{group}] >> >>"
    to_catalog(pages, "OCProperties", Raw(text, group=group))


def _actual_text(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    pages.raw(f"/Span << /ActualText {literal(secret)} >> BDC")
    fill(pages, rect)
    text(pages, rect, baseline, "s40", grey=1)
    pages.raw("EMC")


def _field(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    keys = f"/FT /Tx /T (name) /V {literal(secret)} /DA (/Helv 9 Tf 0 g) /MK << /BG [0] >>"
    annotation(pages, rect, "Widget", keys, look=True)
    widget = pages.canvas._annotationrefs[-1]
    to_catalog(pages, "AcroForm", Raw("<< /Fields [{widget}] >>", widget=widget))


def _attachment(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    file = Raw("<< /Type /EmbeddedFile >>", secret.encode())
    spec = Raw("<< /Type /Filespec /F (rows.csv) /UF (rows.csv) /EF << /F {file} >> >>", file=file)
    text = "<< /EmbeddedFiles << /Names [(rows.csv) {spec}] >> >>"
    to_catalog(pages, "Names", Raw(text, spec=spec))


def _script(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    code = literal(f"app.alert({secret!r})")
    to_catalog(pages, "OpenAction", Raw(f"<< /Type /Action /S /JavaScript /JS {code} >>"))


def _author(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    pages.canvas.setAuthor(secret)


def _xmp(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    fill(pages, rect)
    packet = (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        'rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator><rdf:Seq><rdf:li>'
        f"{secret}</rdf:li></rdf:Seq></dc:creator></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )
    to_catalog(pages, "Metadata", Raw("<< /Type /Metadata /Subtype /XML >>", packet.encode()))


_INK = "/C [0 0 0] /InkList [[LEFT MIDDLE RIGHT MIDDLE]] /BS << /W HEIGHT >>"
_MARKED = "/C [0 0 0] /QuadPoints [QUAD]"


def _under_blocks(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    """Draw the secret under a run of █ characters."""
    text(pages, rect, baseline, secret)
    count = int(rect[2] / (0.6 * pages.style.size)) + 1
    pages.raw(
        f"BT /Blocks {pages.style.size} Tf 1 0 0 1 {rect[0]:.2f} {baseline:.2f} Tm "
        f"({BLOCK * count}) Tj ET"
    )
    pages.block_font()


def _hatched(pages: Pages, rect: Rect) -> None:
    x, y, width, height = rect
    for step in range(int(height)):
        fill(pages, (x, y + step, width, 0.5))


def _pale(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
    text(pages, rect, baseline, secret, grey=0.95)


def _sized(size: float, scale: float = 1) -> Plant:
    """Draw the secret in type of this size, below a box."""

    def plant(pages: Pages, rect: Rect, baseline: float, secret: str) -> None:
        pages.canvas.setFont(PLAIN, pages.style.size)
        font = pages.canvas._doc.getInternalFontName(PLAIN).lstrip("/")
        pages.raw(
            f"q {scale} 0 0 {scale} {rect[0] + 3:.2f} {baseline:.2f} cm "
            f"BT /{font} {size} Tf 1 0 0 1 0 0 Tm {literal(secret)} Tj ET Q"
        )
        fill(pages, rect)

    return plant


LEAKS: dict[str, Plant] = {
    "box after": _after(fill),
    "box before": _box_before,
    "round": _after(lambda pages, rect: pages.canvas.roundRect(*rect, radius=3, stroke=0, fill=1)),
    "image": _after(lambda pages, rect: pages.image(rect)),
    "square": _annotated("Square", "/IC [0 0 0] /C [0 0 0]", look=False),
    "square with look": _annotated("Square", "/IC [0 0 0] /C [0 0 0]", look=True),
    "redact": _annotated("Redact", "/IC [0 0 0] /QuadPoints [QUAD]", look=False),
    "ink": _annotated("Ink", _INK, look=False),
    "ink with look": _annotated("Ink", _INK, look=True),
    "highlight": _annotated("Highlight", _MARKED, look=False),
    "highlight with look": _annotated("Highlight", _MARKED, look=True),
    "white": _white,
    "translucent": _after(_translucent),
    "off page": _off_page,
    "light": _after(lambda pages, rect: fill(pages, rect, 0.9)),
    "ocr": _ocr,
    "invisible": _invisible,
    "clipped": _clipped,
    "layer": _layer,
    "actual text": _actual_text,
    "field": _field,
    "attachment": _attachment,
    "script": _script,
    "author": _author,
    "xmp": _xmp,
    "revision": text,
    "under blocks": _under_blocks,
    "hatched": _after(_hatched),
    "pale": _pale,
    "size nought": _sized(0),
    "tiny matrix": _sized(9, 0.0001),
    "tiny type": _sized(0.6),
}
"""Each kind of leak, with the function that draws it in place of the page's first marker."""


def leak(path: Path, kind: str, secret: str, **variant: Any) -> Drawn:
    """Draw a page that hides `secret` badly, in one way. The first of `boxes` is its position.

    `variant` is a style, as for `disclosure_pdf`.
    """

    def planting(plant: Plant) -> Callable[[Pages], None]:
        def prepare(pages: Pages) -> None:
            pages.plant_width = stringWidth(secret, PLAIN, pages.style.size) + 6
            pages.plant = lambda pages, rect, baseline: plant(pages, rect, baseline, secret)

        return prepare

    drawn = sheet(path, planting(LEAKS[kind]), **variant)
    if kind == "revision":
        before = path.read_bytes()
        covered = planting(lambda pages, rect, *_: fill(pages, rect))
        drawn = sheet(path, covered, **variant)
        path.write_bytes(_revised(before, path.read_bytes()))
    return drawn


def _revised(before: bytes, after: bytes) -> bytes:
    """Return `before` with an incremental update that replaces its objects with those of
    `after`."""
    pattern = re.compile(rb"^(\d+) 0 obj\b.*?^endobj\n?", re.DOTALL | re.MULTILINE)
    old = {match[1]: match.group() for match in pattern.finditer(before)}
    out, places = before, []
    for match in pattern.finditer(after):
        if old[match[1]] != match.group():
            places.append((int(match[1]), len(out)))
            out += match.group()
    start = len(out)
    out += b"xref\n"
    for number, place in places:
        out += b"%d 1\n%010d 00000 n \n" % (number, place)
    trailer = after[after.rindex(b"trailer") : after.rindex(b"startxref")]
    previous = before[before.rindex(b"startxref") :].split()[1]
    trailer = trailer[: trailer.rindex(b">>")] + b"/Prev " + previous + b"\n>>\n"
    return out + trailer + b"startxref\n%d\n%%%%EOF\n" % start
