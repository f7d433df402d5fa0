"""Caveats: what a reader must know before using the figures of a family of documents, or of one document."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ingest.config.yaml_model import Model, Text


class Caveat(Model):
    """A caveat. `sentence` is shown beside the figures, and `text`, if there is more to say, on request.

    `applies_to` names tables of the shape, or columns; without it, the caveat applies to all tables.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    sentence: Text
    text: Text | None = None
    applies_to: list[Text] = Field(default_factory=list)
