"""What an audit found: kinds, verdicts and places, but never a word of the document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in points from the top left corner of the page as it is shown."""
Verdict = Literal["refuse", "pending"]
"""Whether a finding rules out publication or needs a person's decision."""

KINDS: dict[str, str] = {
    "hidden-over-dark": "invisible characters on a dark background",
    "faint-over-dark": "barely visible characters on a dark background",
    "redact-annotation": "Redact annotations that were never applied",
    "dark-annotation": "characters under a dark annotation that PDF viewers render differently",
    "image-under-box": "parts of an image under a dark area",
    "more-pictures": "images over the limit for one page, which were not examined",
    "hidden-over-light": "invisible characters on a light background",
    "partly-covered": "partly covered characters",
    "under-translucent": "characters under a translucent dark area",
    "overlapping": "too many overlapping pieces of text to examine one by one",
    "unaudited": "characters that were extracted but are not drawn; they are left out",
    "unread": "characters that are drawn but were not extracted",
    "unknown-character": "drawn characters without a meaning of their own, published as \ufffd",
    "off-page": "characters outside the page",
    "cropped": "characters outside the visible part of the page",
    "text-in-box": "characters in a dark box, assumed to state the reason for the redaction and left out, "
    "except for the exemption if they name nothing else",
    "dark-cell": "cells that are dark almost throughout",
    "light-box": "boxes of another colour than black, or with an outline, and no words in them, read as redactions",
    "low-bar": "bars in cells that are lower than a line of text, and may be redactions",
    "filled-cell": "cells without words that are shaded as none with words in their row or column is",
    "hidden-annotation": "hidden annotations",
    "annotation-file": "annotations with a file, sound or video",
    "annotation-text": "annotations whose appearance contains text, which is not read",
    "comment": "comments",
    "form-field": "form fields with a value",
    "replacement-text": "replacement text (ActualText, Alt, E)",
    "attachment": "attached files",
    "earlier-revision": "earlier revisions of the document",
    "hidden-layer": "hidden layers",
    "script": "scripts and actions",
    "author": "names and history in the metadata",
    "outline": "outline entries",
    "thumbnail": "thumbnails, which may show an earlier revision",
    "program-data": "private data of the application that made the file",
    "cell-over-dark": "cells whose text has the colour of their dark fill",
    "cell-over-light": "cells whose text has the colour of their light fill",
    "format-of-nothing": "cells whose number format shows nothing",
    "merged-over": "cells with a value under merged cells",
    "hidden-sheet": "hidden sheets",
    "hidden-rows": "hidden rows with values",
    "hidden-columns": "cells with a value in hidden columns",
    "conditional-format": "conditional formats, which may hide cells",
    "scenario": "scenarios, which keep other values for cells",
    "defined-name": "names for cells, values or formulas",
    "external-data": "links to other files or databases, with copies of their values",
    "pivot-cache": "pivot tables with a copy of the data that they summarise",
    "chart": "charts, which keep a copy of their figures and are not read",
    "picture": "pictures, which are not read",
    "drawing": "shapes, which may cover cells and whose text is not read",
}
"""Each kind of finding, in words. A finding of the first five kinds and of cell-over-dark is refused if it
is certain, and "unaudited" if too many of the characters are on a dark background (layout.py); the others need a
decision."""


@dataclass(frozen=True)
class AuditFinding:
    """One finding. `page`, or the sheet of a workbook, counts from 1 and is 0 for the file; `count` is the
    number of items of that kind."""

    kind: str
    verdict: Verdict
    page: int = 0
    box: Box | None = None
    count: int = 1

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind


def count_by_kind(findings: Iterable[AuditFinding]) -> Counter[str]:
    """Return the total count of each kind of finding."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts[finding.kind] += finding.count
    return counts
