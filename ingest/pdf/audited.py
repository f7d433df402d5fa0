"""What an audit found: kinds, verdicts and places, and never a word."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
"""Left, top, right, bottom: points from the top left corner of the page as it is seen."""
Verdict = Literal["refuse", "hold"]

KINDS: dict[str, str] = {
    "hidden-over-dark": "characters that are there but cannot be seen, on a dark ground",
    "faint-over-dark": "characters that hardly stand out from a dark ground",
    "redact-annotation": "Redact annotations that were never applied",
    "dark-annotation": "characters below a dark annotation that programs draw in different ways",
    "image-under-box": "parts of a picture below a dark area",
    "more-pictures": "pictures beyond the number that is looked at one by one on a page",
    "hidden-over-light": "characters that are there but cannot be seen, on a light ground",
    "partly-covered": "characters covered in part",
    "under-translucent": "characters below a dark area that lets them through",
    "overlapping": "pieces of text that lie on others, too many to be told apart",
    "unaudited": "characters that the reader gets and that are not drawn, which are not read",
    "unread": "characters that are drawn and that the reader does not get",
    "off-page": "characters outside the page",
    "cropped": "characters outside the part of the page that is shown",
    "text-in-box": "characters in a dark box, taken for the reason and left out of what is read",
    "dark-cell": "cells that are dark as a whole",
    "hidden-annotation": "annotations that are not shown",
    "annotation-file": "annotations that carry a file, a sound or a film",
    "annotation-text": "annotations whose appearance holds text, which is not read",
    "comment": "annotations with a comment",
    "form-field": "form fields with a value",
    "replacement-text": "text given to be read in place of what is drawn (ActualText, Alt, E)",
    "attachment": "attached files",
    "earlier-revision": "earlier states of the document",
    "hidden-layer": "layers that are switched off",
    "script": "scripts and actions",
    "author": "names and history in the metadata",
    "outline": "entries of an outline",
    "thumbnail": "thumbnails, which may show an earlier state",
    "program-data": "data that a program keeps for itself",
}
"""Each kind of finding, in words. The first five are refused, where they are plain; the rest is held
for a decision."""


@dataclass(frozen=True)
class Audited:
    """One finding. `page` counts from 1 and is 0 for the file; `count` is what KINDS counts."""

    kind: str
    verdict: Verdict
    page: int = 0
    box: Box | None = None
    count: int = 1

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind
