"""What an audit found: kinds, verdicts and places, but never a word of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in points from the top left corner of the page as it is shown."""
Verdict = Literal["refuse", "pending"]
"""Whether a finding rules out publication or needs a person's decision."""

KINDS: dict[str, str] = {
    "hidden-over-dark": "invisible characters on a dark background",
    "faint-over-dark": "characters that barely show on a dark background",
    "redact-annotation": "Redact annotations that were never applied",
    "dark-annotation": "characters under a dark annotation that viewers draw differently",
    "image-under-box": "parts of an image under a dark area",
    "more-pictures": "images beyond the number that are examined on one page",
    "hidden-over-light": "invisible characters on a light background",
    "partly-covered": "partly covered characters",
    "under-translucent": "characters under a translucent dark area",
    "overlapping": "overlapping pieces of text, too many to examine one by one",
    "unaudited": "characters that the reader finds but that are not drawn; they are not read",
    "unread": "characters that are drawn but that the reader does not find",
    "off-page": "characters outside the page",
    "cropped": "characters outside the visible part of the page",
    "text-in-box": "characters in a dark box, taken for the reason given and not read",
    "dark-cell": "cells that are dark all over",
    "hidden-annotation": "hidden annotations",
    "annotation-file": "annotations with a file, sound or video",
    "annotation-text": "annotations whose appearance contains text, which is not read",
    "comment": "annotations with a comment",
    "form-field": "form fields with a value",
    "replacement-text": "text that replaces what is drawn (ActualText, Alt, E)",
    "attachment": "attached files",
    "earlier-revision": "earlier revisions of the document",
    "hidden-layer": "hidden layers",
    "script": "scripts and actions",
    "author": "names and history in the metadata",
    "outline": "outline entries",
    "thumbnail": "thumbnails, which may show an earlier revision",
    "program-data": "private data of the program that made the file",
}
"""Each kind of finding, in words. The first five are refused where they are plain; the others are
pending a decision."""


@dataclass(frozen=True)
class AuditFinding:
    """One finding. `page` counts from 1 and is 0 for the file; `count` counts what KINDS names."""

    kind: str
    verdict: Verdict
    page: int = 0
    box: Box | None = None
    count: int = 1

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind
