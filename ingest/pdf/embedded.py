"""What a PDF carries along beside its pages: attachments, earlier states, layers, scripts, names."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pdfminer.pdftypes import PDFObjRef, PDFStream
from pdfminer.psparser import PSLiteral

from ingest.pdf.limits import Limits, Unreadable
from ingest.records.audit_findings import AuditFinding

_OBJECT = re.compile(rb"\d\s+\d+\s+obj\b")
_LINEAR = re.compile(rb"/Linearized\b")
_PEOPLE = (b"dc:creator", b"pdf:Author", b"xmpMM:History", b"photoshop:", b"xmp:Author")
_MOST_METADATA = 5_000_000
_ACTIONS = ("Launch", "SubmitForm", "ImportData", "JavaScript", "GoToE")


def find_embedded(document: Any, data: bytes, limits: Limits) -> Iterator[AuditFinding]:
    """All of it, held for a decision; and Redact annotations that no page shows, which are refused.

    `document` is pdfium's and `data` the file's bytes.
    """
    found = _in_objects(data, limits)
    found["attachment"] = max(found["attachment"], pdfium.FPDFDoc_GetAttachmentCount(document))
    found["script"] = max(found["script"], pdfium.FPDFDoc_GetJavaScriptActionCount(document))
    for key in (b"Author", b"Subject", b"Keywords"):
        found["author"] += pdfium.FPDF_GetMetaText(document, key, None, 0) > 2
    found["earlier-revision"] = _revisions(data)
    for kind, count in sorted(found.items()):
        if count > 0 and kind == "redact-annotation":
            yield AuditFinding(kind, "refuse", 0, None, count)
        elif count > 0:
            yield AuditFinding(kind, "pending", 0, None, count)


def _revisions(data: bytes) -> int:
    """Parts of the file behind its first end that bring objects. Some programs add an empty one, and
    a file made for reading while it loads has a first part of its own."""
    parts = data.split(b"%%EOF")
    more = sum(bool(_OBJECT.search(part)) for part in parts[1:])
    return max(0, more - 1) if _LINEAR.search(data[:2048]) and len(parts) > 2 else more


def _in_objects(data: bytes, limits: Limits) -> Counter[str]:
    """Counts over all objects. References are not followed, so that none can lead in circles."""
    document = PDFDocument(PDFParser(io.BytesIO(data)), fallback=True)
    ids = {id for table in document.xrefs for id in table.get_objids()}
    if len(ids) > limits.objects:
        raise Unreadable(
            f"{len(ids):,} objects",
            f"a file of at most {limits.objects:,}",
            "split the document, or print it anew",
        )
    counts: Counter[str] = Counter()
    for id in sorted(ids):
        try:
            waiting: list[Any] = [document.getobj(id)]
        except (RecursionError, MemoryError):
            raise
        except Exception:  # an object that is free or broken carries nothing
            continue
        while waiting:
            value = waiting.pop()
            if isinstance(value, PDFStream):
                counts["author"] += _names_people(value)
                value = value.attrs
            if isinstance(value, dict):
                _count(value, counts)
                waiting += value.values()
            elif isinstance(value, list):
                waiting += [part for part in value if not isinstance(part, PDFObjRef)]
    return counts


def _count(value: dict[str, Any], counts: Counter[str]) -> None:
    kind, subtype, action = (_name(value.get(key)) for key in ("Type", "Subtype", "S"))
    counts["attachment"] += kind in ("EmbeddedFile", "Filespec") or "EF" in value
    counts["script"] += "JS" in value or action in _ACTIONS or "AA" in value
    counts["hidden-layer"] += bool(value.get("OFF")) or _name(value.get("BaseState")) == "OFF"
    counts["outline"] += (
        "Title" in value and "Parent" in value and ("Dest" in value or "A" in value)
    )
    counts["thumbnail"] += "Thumb" in value
    counts["program-data"] += "PieceInfo" in value
    counts["form-field"] += "XFA" in value
    counts["redact-annotation"] += subtype == "Redact"
    if kind == "StructElem" or ("P" in value and "K" in value and action):
        replaced = (value.get(key) for key in ("ActualText", "Alt", "E"))
        counts["replacement-text"] += any(
            isinstance(text, bytes) and text.strip() for text in replaced
        )


def _names_people(stream: PDFStream) -> bool:
    if _name(stream.attrs.get("Type")) != "Metadata":
        return False
    if len(stream.rawdata or b"") > _MOST_METADATA:
        return True
    said = stream.get_data()
    return any(mark in said for mark in _PEOPLE)


def _name(value: Any) -> Any:
    return value.name if isinstance(value, PSLiteral) else None
