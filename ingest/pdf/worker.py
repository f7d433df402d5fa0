"""What a worker process does: inspect a file as a whole, or read some of its pages.

Nothing else opens a PDF.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import hashlib
import logging
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pdfplumber
import pypdfium2.raw as pdfium
from PIL import Image
from pypdfium2 import PdfDocument, PdfiumError

from ingest.config.files import OutOfBounds, read_regular
from ingest.pdf import layout
from ingest.pdf.annotations import (
    audit_annotations,
    audit_covered_images,
    find_redact_quadpoints,
    strip_replacement_text,
)
from ingest.pdf.embedded import find_embedded
from ingest.pdf.hidden_text import audit_visibility, locate_characters
from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.renderer import Renderer
from ingest.records.audit_findings import AuditFinding

# Their log messages may quote the document.
for _logger in ("pdfminer", "pdfplumber", "pikepdf"):
    logging.getLogger(_logger).setLevel(logging.CRITICAL + 1)

_PR_SET_PDEATHSIG = 1
_devnull: TextIO | None = None
"""Where the watchdog's traceback is discarded. None in a worker that this project did not start,
which has no watchdog."""


@dataclass(frozen=True)
class FileAudit:
    """A file as a whole: its SHA-256, its number of pages, and the findings that belong to no page."""

    sha256: str
    pages: int
    findings: tuple[AuditFinding, ...]


@dataclass(frozen=True)
class PageResult:
    """A page, read and audited; or a `failure`: what was found, what was expected, how to fix it.

    `number` counts from 1; `characters` counts all but whitespace.
    """

    number: int
    page: layout.Page | None = None
    findings: tuple[AuditFinding, ...] = ()
    characters: int = 0
    failure: tuple[str, str, str] | None = None


@dataclass
class OpenDocument:
    """A document opened in pypdfium2, and the environment of its forms if it has any."""

    data: bytes
    document: Any
    form: Any


def init_worker(limits: Limits) -> None:
    """Set up a worker process: limit its memory, and let the watchdog end it if it takes too long."""
    global _devnull
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    if sys.platform == "linux":
        # Die with the parent process, even if it is killed.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _devnull = Path(os.devnull).open("w")  # noqa: SIM115 - open for as long as the worker lives


@contextlib.contextmanager
def _time_limit(limits: Limits) -> Iterator[None]:
    """End this process once it has used its processor time, or waited far longer than that, even while it
    runs a parser written in C."""
    if _devnull:
        # The default action of SIGPROF ends the process. A busy machine does not bring it nearer.
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        faulthandler.dump_traceback_later(limits.wall, exit=True, file=_devnull)
    try:
        yield
    finally:
        if _devnull:
            signal.setitimer(signal.ITIMER_PROF, 0)
            faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def _sanitise_errors(page: int | None) -> Iterator[None]:
    """Convert exceptions to Unreadable with a fixed message, because a parser's message may quote
    the document."""
    try:
        yield
    except (Unreadable, OSError):
        raise
    except Exception as error:
        # A parser may wrap the exception that says what is wrong.
        behind = [error, error.__cause__ or error.__context__]
        if any(isinstance(one, MemoryError) for one in behind):
            found = "a document that needs more memory than a worker may use"
        elif any(isinstance(one, RecursionError) for one in behind):
            found = "objects that contain each other"
        else:
            found = f"content that the parser cannot read ({type(error).__name__})"
        raise _unreadable(found, page) from None


def _unreadable(found: str, page: int | None) -> Unreadable:
    fix = "open it in a PDF reader; if that works, print it to a new PDF and audit that"
    return Unreadable(found, "a readable PDF", fix, page)


@contextlib.contextmanager
def open_document(path: Path, limits: Limits) -> Iterator[OpenDocument]:
    """Open the document at `path`. Raise Unreadable if it is not a PDF, or is encrypted or too large."""
    try:
        data = read_regular(path, limits.file)
    except OutOfBounds as error:
        found, expected = error.strerror or "", f"a file of at most {limits.file:,} bytes"
        raise Unreadable(found, expected, "split the document, or save it as a file") from None
    if b"%PDF-" not in data[:1024]:
        found = "not a PDF" if data else "an empty file"
        raise Unreadable(found, "a PDF", "check whether a web page was saved instead")
    if b"%%EOF" not in data[-2048:]:
        raise Unreadable(
            "a truncated file",
            "a PDF with an end-of-file marker",
            "download it again from the publisher",
        )
    try:
        document = PdfDocument(data)
    except PdfiumError:
        if b"/Encrypt" in data:
            raise _encrypted() from None
        raise _unreadable("a damaged PDF, whose pages cannot be found", None) from None
    try:
        if pdfium.FPDF_GetSecurityHandlerRevision(document) != -1:
            raise _encrypted()
        document.init_forms()
        yield OpenDocument(data, document, document.formenv and document.formenv.raw)
    finally:
        document.close()


def _encrypted() -> Unreadable:
    return Unreadable(
        "an encrypted document",
        "a document that anyone can open and copy from",
        "ask the publisher for one; do not remove the encryption",
    )


def inspect(path: Path, limits: Limits) -> FileAudit:
    """Audit the file at `path` as a whole. Raise Unreadable if it cannot be read or is over a limit."""
    with _time_limit(limits), _sanitise_errors(None), open_document(path, limits) as opened:
        count = pdfium.FPDF_GetPageCount(opened.document)
        if not 0 < count <= limits.pages:
            raise Unreadable(
                f"{count:,} pages", f"1 to {limits.pages:,} pages", "split the document"
            )
        return FileAudit(
            hashlib.sha256(opened.data).hexdigest(),
            count,
            tuple(find_embedded(opened.document, opened.data, limits)),
        )


def read_pages(path: Path, numbers: Sequence[int], limits: Limits) -> list[PageResult]:
    """Read and audit the pages `numbers`, counted from 1. The result of a page that fails is its
    failure."""
    results: list[PageResult] = []
    try:
        with _sanitise_errors(numbers[0]), open_document(path, limits) as opened:
            with _time_limit(limits):
                plumber = pdfplumber.open(path, pages=list(numbers))
                plumber_pages = {page.page_number: page for page in plumber.pages}
            with plumber:
                for number in numbers:
                    result = _read_page(opened, plumber_pages.get(number), number, limits)
                    results.append(result)
    except Unreadable as error:
        done = {result.number for result in results}
        failure = (error.found, error.expected, error.fix)
        results += [PageResult(number, failure=failure) for number in numbers if number not in done]
    return results


def render_page(path: Path, number: int, limits: Limits) -> tuple[float, Image.Image]:
    """Return the scale in pixels per point, and an image of the page as displayed.

    Raise Unreadable if it cannot be rendered.
    """
    with (
        _time_limit(limits),
        _sanitise_errors(number),
        open_document(path, limits) as opened,
        _load_page(opened, number) as page,
        Renderer(page, opened.form, number, limits) as renderer,
    ):
        return renderer.scale, renderer.render()


def _read_page(opened: OpenDocument, plumber_page: Any, number: int, limits: Limits) -> PageResult:
    """Read and audit one page. `plumber_page` is the same page in pdfplumber, or None."""
    try:
        with (
            _time_limit(limits),
            _sanitise_errors(number),
            _load_page(opened, number) as page,
        ):
            if plumber_page is None:
                raise _unreadable("a page that only one of two parsers finds", number)
            with Renderer(page, opened.form, number, limits) as renderer:
                # Do this first, because it changes which characters pdfium reports.
                findings = list(strip_replacement_text(renderer))
                characters = locate_characters(page, number, limits)
                findings += audit_annotations(renderer, characters)
                findings += find_redact_quadpoints(renderer, plumber_page.page_obj.annots)
                visibility = audit_visibility(renderer, characters)
                findings += [*visibility.findings, *audit_covered_images(renderer, visibility)]
                content = layout.parse_page(plumber_page, visibility, renderer.scale, number)
            plumber_page.close()
            return PageResult(number, content, (*findings, *content.findings), len(characters))
    except Unreadable as error:
        return PageResult(number, failure=(error.found, error.expected, error.fix))


@contextlib.contextmanager
def _load_page(opened: OpenDocument, number: int) -> Iterator[Any]:
    page = pdfium.FPDF_LoadPage(opened.document, number - 1)
    if not page:
        raise _unreadable("a page that cannot be loaded", number)
    if opened.form:
        pdfium.FORM_OnAfterLoadPage(page, opened.form)
    try:
        yield page
    finally:
        if opened.form:
            pdfium.FORM_OnBeforeClosePage(page, opened.form)
        pdfium.FPDF_ClosePage(page)
