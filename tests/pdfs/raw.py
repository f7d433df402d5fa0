"""PDFs written object by object."""

from __future__ import annotations

import re


def file_of(*objects: bytes, root: int = 1) -> bytes:
    """Return a PDF with these objects, numbered from 1."""
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root %d 0 R >>\n" % (len(objects) + 1, root)
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def stream(data: bytes, keys: bytes = b"") -> bytes:
    """Return a stream object of `data`, with `keys` in its dictionary."""
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (keys, len(data), data)


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
ONE_PAGE = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
FONT = b"/Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >>"
WORD_SHOWN = b"BT /F 9 Tf 36 500 Td (Word) Tj ET"


def page_of(
    content: bytes, *more: bytes, keys: bytes = b"", resources: bytes = b"", box: bytes = b""
) -> bytes:
    """A PDF of one page: object 3 is the page, 4 its content, and `more` begins at 5."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << %s %s >> %s >>"
        % (box or b"0 0 842 595", FONT, resources, keys)
    )
    return file_of(CATALOG, ONE_PAGE, page, stream(content), *more)


def reindexed(data: bytes) -> bytes:
    """Return `data` with a new cross-reference table, after its objects were changed."""
    bodies = re.findall(rb"^\d+ 0 obj\n(.*?)\nendobj\n", data, re.DOTALL | re.MULTILINE)
    return file_of(*bodies)
