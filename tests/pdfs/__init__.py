"""PDFs for testing the reader and the audit, each with known ground truth.

`disclosure_pdf` lays a disclosure out as the Met does, in variants; `leak` plants one secret;
`lookalike` is clean but looks suspicious; `hostile` must be refused; `random_pages` are generated
at random. Positions are computed here, and output is deterministic. Pages are drawn by reportlab;
what it cannot express is written as raw objects.
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
