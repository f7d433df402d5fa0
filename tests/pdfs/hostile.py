"""Files that the reader must refuse, or that could exhaust it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

from reportlab.lib.pdfencrypt import StandardEncryption

from tests.pdfs.disclosures import draw, long_pdf, made_up
from tests.pdfs.drawing import Pages
from tests.pdfs.raw import CATALOG, FONT, ONE_PAGE, WORD_SHOWN, file_of, page_of, reindexed, stream
from tests.pdfs.style import Style


def _deep_tree(levels: int) -> bytes:
    nodes = [
        b"<< /Type /Pages /Kids [%d 0 R] /Count 1 %s >>"
        % (at + 3, b"/Parent %d 0 R" % (at + 1) if at else b"")
        for at in range(levels)
    ]
    leaf = b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 9 9] >>" % (levels + 1)
    return file_of(CATALOG, *nodes, leaf)


def _deep_forms(levels: int) -> bytes:
    def form(at: int) -> bytes:
        inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (at + 6) if at + 1 < levels else b""
        keys = b"/Type /XObject /Subtype /Form /BBox [0 0 900 900] " + inner
        return stream(b"/X Do" if inner else b"0 g", keys)

    forms = map(form, range(levels))
    return page_of(WORD_SHOWN + b" /X Do", *forms, resources=b"/XObject << /X 5 0 R >>")


def _doubled_forms(levels: int) -> bytes:
    """Return a page whose Form XObjects each draw the next one twice: minutes of work on any
    machine."""

    def form(at: int) -> bytes:
        keys = b"/Type /XObject /Subtype /Form /BBox [0 0 900 900] "
        if at + 1 == levels:
            return stream(b"q Q " * 5_000 + WORD_SHOWN, keys + b"/Resources << %s >>" % FONT)
        inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (at + 6)
        return stream(b"/X Do /X Do", keys + inner)

    forms = map(form, range(levels))
    return page_of(WORD_SHOWN + b" /X Do", *forms, resources=b"/XObject << /X 5 0 R >>")


def _form_calls_itself() -> bytes:
    keys = b"/Type /XObject /Subtype /Form /BBox [0 0 900 900] "
    form = stream(b"/X Do", keys + b"/Resources << /XObject << /X 5 0 R >> >>")
    return page_of(WORD_SHOWN + b" /X Do", form, resources=b"/XObject << /X 5 0 R >>")


def _picture() -> bytes:
    """Return a page with a single image: dark bars on white, like lines of words."""
    rows = b"".join(bytes([255 if y % 12 < 6 else 60]) * 842 for y in range(595))
    keys = b"/Type /XObject /Subtype /Image /Width 842 /Height 595 /ColorSpace /DeviceGray "
    image = stream(zlib.compress(rows), keys + b"/BitsPerComponent 8 /Filter /FlateDecode")
    return page_of(b"842 0 0 595 0 0 cm /I Do", image, resources=b"/XObject << /I 5 0 R >>")


def _crowded(characters: int) -> bytes:
    """Lines of 500 characters, each with its number: pdfium drops text printed twice in the same
    position."""
    lines = [
        b"BT /F 2 Tf 1 0 0 1 36 %.2f Tm (%06d%s) Tj ET"
        % (560 - 4.5 * at, at, b" word" * 98 + b"end.")
        for at in range(characters // 500)
    ]
    return page_of(b"\n".join(lines))


def _many_pages(claimed: int, kids: int) -> bytes:
    tree = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * kids, claimed)
    return page_of(WORD_SHOWN).replace(ONE_PAGE, tree)


def _annotation_ring() -> bytes:
    """A form field that is its own ancestor; without /Type, pdfplumber follows /Parent."""
    child = b"<< /Subtype /Widget /Rect [9 9 99 29] /FT /Tx /T (a) /Parent 6 0 R >>"
    parent = b"<< /T (b) /Kids [5 0 R] /Parent 5 0 R >>"
    return page_of(WORD_SHOWN, child, parent, keys=b"/Annots [5 0 R]")


def _annotation_doubled(levels: int) -> bytes:
    """Return an annotation whose objects each refer to the next twice: no cycle, but 2 ** levels
    paths."""
    first = b"<< /Type /Annot /Subtype /Text /Rect [9 9 29 29] /A 6 0 R >>"
    chain = [b"[%d 0 R %d 0 R]" % (at + 7, at + 7) for at in range(levels)]
    return page_of(WORD_SHOWN, first, *chain, b"0", keys=b"/Annots [5 0 R]")


def _bomb(size: int) -> bytes:
    """Return a few kilobytes that decompress to `size` bytes of whitespace."""
    packer = zlib.compressobj(9)
    block = b" " * 1_000_000
    packed = b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.flush()
    page = page_of(WORD_SHOWN)
    return reindexed(page.replace(stream(WORD_SHOWN), stream(packed, b"/Filter /FlateDecode")))


def _looping_xref() -> bytes:
    data = page_of(WORD_SHOWN)
    start = data.rindex(b"xref\n0 ")
    return data.replace(b"/Root 1 0 R", b"/Root 1 0 R /Prev %d" % start)


def _encrypted(path: Path, user: str) -> None:
    pages = Pages(path, Style(), encrypt=StandardEncryption(user, "owner", canCopy=0, strength=128))
    draw(pages, made_up(4))
    pages.save()


def _bytes_of_a_disclosure(path: Path) -> bytes:
    long_pdf(path, 3)
    return path.read_bytes()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "not a PDF": lambda: b"<!DOCTYPE html><title>Not found</title>",
    "only a header": lambda: b"%PDF-1.7\n",
    "no pages": lambda: file_of(CATALOG, b"<< /Type /Pages /Kids [] /Count 0 >>"),
    "no catalog": lambda: file_of(b"<< >>"),
    "image only": _picture,
    "page tree in a ring": lambda: file_of(
        CATALOG, b"<< /Type /Pages /Kids [2 0 R] /Parent 2 0 R /Count 1 >>"
    ),
    "deep page tree": lambda: _deep_tree(5_000),
    "deep arrays": lambda: page_of(WORD_SHOWN, keys=b"/Z " + b"[" * 50_000 + b"]" * 50_000),
    "deep arrays in content": lambda: page_of(b"[" * 50_000 + b"]" * 50_000 + WORD_SHOWN),
    "form calls itself": _form_calls_itself,
    "deep forms": lambda: _deep_forms(3_000),
    "annotations in a ring": _annotation_ring,
    "annotations doubled": lambda: _annotation_doubled(60),
    "looping xref": _looping_xref,
    "claims many pages": lambda: reindexed(_many_pages(2_000_000_000, 1)),
    "one page many times": lambda: reindexed(_many_pages(100_000, 100_000)),
    "slow page": lambda: _doubled_forms(17),
    "crowded page": lambda: _crowded(57_000),
    "giant page": lambda: page_of(WORD_SHOWN, box=b"0 0 1000000000 1000000000"),
    "large page": lambda: page_of(WORD_SHOWN, box=b"0 0 14400 14400"),
    "empty MediaBox": lambda: page_of(WORD_SHOWN, box=b"0 0 0 0"),
    "bomb": lambda: _bomb(300_000_000),
}
"""The files that are made of bytes; `hostile` makes three more."""
SPOILT = ("needs a password", "restricted", "truncated")


def hostile(path: Path, kind: str) -> None:
    """Return a file that must be refused quickly, with a clear error."""
    if kind in ("needs a password", "restricted"):
        _encrypted(path, "user" if kind == "needs a password" else "")
    elif kind == "truncated":
        data = _bytes_of_a_disclosure(path)
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(HOSTILE[kind]())
