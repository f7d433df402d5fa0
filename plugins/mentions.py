"""Say which mentions a text names, by the patterns that find them in summaries.

Problem: a reader who searches for "racism" finds one summary, although our patterns find fifteen that
mention it in other words. What this does: templates get the filter `mentions_named`, which returns
the mentions that a text names, so that pages can show both counts:

    {{ "racist jokes"|mentions_named(api_rows("/foi/mention_patterns")) }}        ["racism"]

A text names a mention if it is the name of the mention, or if one of its patterns matches.
Limitations: patterns are Python's regular expressions, and those of this site are read by nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from datasette import hookimpl
from jinja2 import Environment

LONGEST = 1000
"""How many characters of a text are looked at: more than any search that a person types."""


def mentions_named(text: str, patterns: Iterable[Mapping[str, str]]) -> list[str]:
    """Return the mentions that `text` names, in the order of `patterns`, each once.

    `patterns` are rows of the table `mention_patterns`.
    """
    words = " ".join(text[:LONGEST].replace("*", " ").split()).strip('"“”')
    named = [
        row["mention"]
        for row in patterns
        if words.casefold() == row["mention"].casefold()
        or re.search(row["pattern"], words, re.IGNORECASE)
    ]
    return list(dict.fromkeys(named))


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    env.filters["mentions_named"] = mentions_named
