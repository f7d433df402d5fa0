"""What a worker does: look at a file as a whole, or read some of its pages. Nothing else opens a PDF."""

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

from ingest.pdf import layout
from ingest.pdf.annotations import (
    of_annotations,
    pictures_under_boxes,
    redact_quadpoints,
    replacements,
)
from ingest.pdf.embedded import find_embedded
from ingest.pdf.hidden_text import audit_visibility, characters
from ingest.pdf.limits import Limits, Unreadable
from ingest.pdf.renderer import Renderer
from ingest.records.audit_findings import AuditFinding

# What these log may quote the document.
for _talker in ("pdfminer", "pdfplumber"):
    logging.getLogger(_talker).setLevel(logging.CRITICAL + 1)

_PR_SET_PDEATHSIG = 1
_nowhere: TextIO | None = None
"""Where the watchdog of a worker of ours writes; None in a worker of others, which it leaves alone."""


@dataclass(frozen=True)
class File:
    """A document as a whole, with what it carries along beside its pages."""

    sha256: str
    pages: int
    findings: tuple[AuditFinding, ...]


@dataclass(frozen=True)
class Read:
    """A page read and audited; or `failure`, which tells why it was not."""

    number: int
    page: layout.Page | None = None
    findings: tuple[AuditFinding, ...] = ()
    characters: int = 0
    failure: tuple[str, str, str] | None = None


@dataclass
class OpenDocument:
    """A document open in pypdfium2, with its forms if it has any."""

    data: bytes
    document: Any
    form: Any


def init_worker(limits: Limits) -> None:
    """Make a process a worker of ours: bound its memory, and let it be ended when it takes too long."""
    global _nowhere
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # Not to outlive who asked, however that ended.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    _nowhere = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the worker lives


@contextlib.contextmanager
def _timed(seconds: float) -> Iterator[None]:
    """End this worker, even within a parser written in C, when `seconds` are over."""
    if _nowhere:
        faulthandler.dump_traceback_later(seconds, exit=True, file=_nowhere)
    try:
        yield
    finally:
        if _nowhere:
            faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def _sanitise_errors(page: int | None) -> Iterator[None]:
    """Raise what goes wrong within as Unreadable, in words of ours: a parser's may quote the document."""
    try:
        yield
    except (Unreadable, OSError):
        raise
    except MemoryError:
        raise _unreadable("more memory needed than a worker may take", page) from None
    except RecursionError:
        raise _unreadable("objects that hold each other without end", page) from None
    except Exception as error:
        raise _unreadable(f"something that the parser cannot make out ({type(error).__name__})", page) from None  # fmt: skip


def _unreadable(found: str, page: int | None) -> Unreadable:
    fix = "open it in a PDF reader; if that can, print it to a new PDF, and audit that"
    return Unreadable(found, "a PDF that can be read", fix, page)


@contextlib.contextmanager
def opened(path: Path, limits: Limits) -> Iterator[OpenDocument]:
    """The document at `path`. Raises Unreadable where it is none, is locked or too large."""
    size = path.stat().st_size
    if size > limits.file:
        raise Unreadable(
            f"a file of {size:,} bytes", f"at most {limits.file:,} bytes", "split the document"
        )
    data = path.read_bytes()
    if b"%PDF-" not in data[:1024]:
        found = "no PDF" if data else "an empty file"
        raise Unreadable(found, "a PDF", "see whether a page of the web was saved in its place")
    if b"%%EOF" not in data[-2048:]:
        raise Unreadable(
            "a file cut short", "a PDF with its end", "fetch it anew from the publisher"
        )
    try:
        document = PdfDocument(data)
    except PdfiumError:
        if b"/Encrypt" in data:
            raise _encrypted() from None
        raise _unreadable("objects in no order that could be followed", None) from None
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
        "a document that anybody can open and copy",
        "ask the publisher for one; to break a lock is not for this project",
    )


def inspect(path: Path, limits: Limits) -> File:
    """The document as a whole. Raises Unreadable."""
    with _timed(limits.seconds), _sanitise_errors(None), opened(path, limits) as found:
        count = pdfium.FPDF_GetPageCount(found.document)
        if not 0 < count <= limits.pages:
            raise Unreadable(
                f"{count:,} pages", f"at least one page and at most {limits.pages:,}", "split it"
            )
        return File(
            hashlib.sha256(found.data).hexdigest(),
            count,
            tuple(find_embedded(found.document, found.data, limits)),
        )


def read_pages(path: Path, numbers: Sequence[int], limits: Limits) -> list[Read]:
    """Those pages, counted from 1, read and audited; what goes wrong with one is told in its place."""
    read: list[Read] = []
    try:
        with _sanitise_errors(numbers[0]), opened(path, limits) as found:
            with _timed(limits.seconds):
                plumber = pdfplumber.open(path, pages=list(numbers))
                of_plumber = {page.page_number: page for page in plumber.pages}
            with plumber:
                for number in numbers:
                    page = _read_page(found, of_plumber.get(number), number, limits)
                    read.append(page)
    except Unreadable as error:
        done = {one.number for one in read}
        failure = (error.found, error.expected, error.fix)
        read += [Read(number, failure=failure) for number in numbers if number not in done]
    return read


def picture(path: Path, number: int, limits: Limits) -> tuple[float, Image.Image]:
    """A picture of the page as it is seen, and its pixels a point. Raises Unreadable."""
    with (
        _timed(limits.seconds),
        _sanitise_errors(number),
        opened(path, limits) as found,
        _page(found, number) as page,
        Renderer(page, found.form, number, limits) as renderer,
    ):
        return renderer.scale, renderer.draw()


def _read_page(found: OpenDocument, of_plumber: Any, number: int, limits: Limits) -> Read:
    try:
        with _timed(limits.seconds), _sanitise_errors(number), _page(found, number) as page:
            if of_plumber is None:
                raise _unreadable("a page that one parser finds and another does not", number)
            with Renderer(page, found.form, number, limits) as renderer:
                findings = list(replacements(renderer))
                of_page = characters(page, number, limits)
                findings += of_annotations(renderer, of_page)
                findings += redact_quadpoints(renderer, of_plumber.page_obj.annots)
                visibility = audit_visibility(renderer, of_page)
                findings += [*visibility.findings, *pictures_under_boxes(renderer, visibility)]
                content = layout.parse_page(of_plumber, visibility, renderer.scale, number)
            of_plumber.close()
            return Read(number, content, (*findings, *content.findings), len(of_page))
    except Unreadable as error:
        return Read(number, failure=(error.found, error.expected, error.fix))


@contextlib.contextmanager
def _page(found: OpenDocument, number: int) -> Iterator[Any]:
    page = pdfium.FPDF_LoadPage(found.document, number - 1)
    if not page:
        raise _unreadable("a page that cannot be loaded", number)
    if found.form:
        pdfium.FORM_OnAfterLoadPage(page, found.form)
    try:
        yield page
    finally:
        if found.form:
            pdfium.FORM_OnBeforeClosePage(page, found.form)
        pdfium.FPDF_ClosePage(page)
