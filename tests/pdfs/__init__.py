"""PDFs to test a reader and a leak detector on, each with its truth known.

`disclosure_pdf` lays a disclosure out as the Met does, in variants; `leak` plants one secret;
`lookalike` is clean though it looks odd; `hostile` is what a reader must refuse; `filings` are pages
drawn at random. Every position is computed here and every output is the same at every run. Pages are
drawn by reportlab; what it cannot express is written as raw objects.
"""

from tests.pdfs.disclosures import disclosure_pdf, long_pdf
from tests.pdfs.filings import filings
from tests.pdfs.hostile import HOSTILE, SPOILT, hostile
from tests.pdfs.leaks import LEAKS, leak
from tests.pdfs.lookalikes import LOOKALIKES, lookalike
from tests.pdfs.style import PLAIN

__all__ = [
    "HOSTILE",
    "LEAKS",
    "LOOKALIKES",
    "PLAIN",
    "SPOILT",
    "disclosure_pdf",
    "filings",
    "hostile",
    "leak",
    "long_pdf",
    "lookalike",
]
