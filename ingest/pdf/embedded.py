"""Find what a PDF contains besides its pages: attachments, revisions, layers, scripts and metadata."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2.raw as pdfium

from ingest.pdf.limits import Limits, Unreadable
from ingest.records.audit_findings import AuditFinding

_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")
_LINEARIZED = re.compile(rb"/Linearized\b")
_AUTHOR_KEYS = (b"dc:creator", b"pdf:Author", b"xmpMM:History", b"photoshop:", b"xmp:Author")
_MAX_METADATA = 5_000_000
"""The largest metadata stream that is searched, in bytes. A larger stream is treated as naming an
author."""
_ACTIONS = ("Launch", "SubmitForm", "ImportData", "JavaScript", "GoToE")


def find_embedded(document: Any, data: bytes, limits: Limits) -> Iterator[AuditFinding]:
    """Yield a finding for each kind of embedded content. All are pending except Redact annotations,
    which are refused.

    `document` is pdfium's; `data` is the file's bytes. Raise Unreadable if it has too many objects.
    """
    counts = _count_in_objects(data, limits)
    counts["attachment"] = max(counts["attachment"], pdfium.FPDFDoc_GetAttachmentCount(document))
    counts["script"] = max(counts["script"], pdfium.FPDFDoc_GetJavaScriptActionCount(document))
    for key in (b"Author", b"Subject", b"Keywords"):
        counts["author"] += pdfium.FPDF_GetMetaText(document, key, None, 0) > 2
    counts["earlier-revision"] = _count_revisions(data)
    for kind, count in sorted(counts.items()):
        if count > 0 and kind == "redact-annotation":
            yield AuditFinding(kind, "refuse", 0, None, count)
        elif count > 0:
            yield AuditFinding(kind, "pending", 0, None, count)


def _count_revisions(data: bytes) -> int:
    """Count the incremental updates: parts after the first end-of-file marker that contain objects.

    Some programs append an update without objects, and the first part of a linearised file is not a
    revision.
    """
    parts = data.split(b"%%EOF")
    updates = sum(bool(_OBJECT.search(part)) for part in parts[1:])
    linearized = _LINEARIZED.search(data[:2048]) and len(parts) > 2
    return max(0, updates - 1) if linearized else updates


def _count_in_objects(data: bytes, limits: Limits) -> Counter[str]:
    """Count findings in all objects. References are not followed, because they may form cycles."""
    counts: Counter[str] = Counter()
    with pikepdf.Pdf.open(io.BytesIO(data), inherit_page_attributes=False) as document:
        if len(document.objects) > limits.objects:
            raise Unreadable(
                f"{len(document.objects):,} objects",
                f"a file of at most {limits.objects:,} objects",
                "split the document, or print it to a new PDF",
            )
        for one in document.objects:
            stack: list[Any] = [one]
            while stack:
                value = stack.pop()
                if isinstance(value, pikepdf.Stream):
                    counts["author"] += _names_author(value)
                    value = value.stream_dict
                if isinstance(value, pikepdf.Dictionary):
                    entries = dict(value.items())
                    _count_in_dictionary(entries, counts)
                    stack += map(_direct, entries.values())
                elif isinstance(value, pikepdf.Array):
                    stack += map(_direct, value)
    return counts


def _direct(value: Any) -> Any:
    """Return a value that is written in place; None for a reference, whose object is looked at by itself."""
    return None if isinstance(value, pikepdf.Object) and value.is_indirect else value


def _count_in_dictionary(value: dict[str, Any], counts: Counter[str]) -> None:
    kind, subtype, action = (_name(value.get(key)) for key in ("/Type", "/Subtype", "/S"))
    counts["attachment"] += kind in ("EmbeddedFile", "Filespec") or "/EF" in value
    counts["script"] += "/JS" in value or action in _ACTIONS or "/AA" in value
    off = value.get("/OFF")
    counts["hidden-layer"] += (isinstance(off, pikepdf.Array) and len(off) > 0) or _name(
        value.get("/BaseState")
    ) == "OFF"
    counts["outline"] += (
        "/Title" in value and "/Parent" in value and ("/Dest" in value or "/A" in value)
    )
    counts["thumbnail"] += "/Thumb" in value
    counts["program-data"] += "/PieceInfo" in value
    counts["form-field"] += "/XFA" in value
    counts["redact-annotation"] += subtype == "Redact"
    if kind == "StructElem" or ("/P" in value and "/K" in value and action):
        replacements = (value.get(key) for key in ("/ActualText", "/Alt", "/E"))
        counts["replacement-text"] += any(
            isinstance(text, pikepdf.String) and bytes(text).strip() for text in replacements
        )


def _names_author(stream: pikepdf.Stream) -> bool:
    """Return whether an XMP metadata stream names people or lists the document's history."""
    if _name(stream.stream_dict.get("/Type")) != "Metadata":
        return False
    if len(stream.read_raw_bytes()) > _MAX_METADATA:
        return True
    xmp = stream.read_bytes()
    return any(key in xmp for key in _AUTHOR_KEYS)


def _name(value: Any) -> str | None:
    """Return the text of a PDF name object, or None."""
    return str(value)[1:] if isinstance(value, pikepdf.Name) else None
