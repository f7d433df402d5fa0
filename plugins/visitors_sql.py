"""Never give a visitor's SQL, or a title made from it, as the site's own words.

Problem: anyone can share a link to this site with SQL of their own in it, and its page and its card
in a chat look like a statement by the site. What this does:

- Gives templates `visitors_title(sql)`: the text of the first `--` comment of the SQL that has any, for
  a page's title and card. Control and direction characters are removed, and long text is cut.
- Adds SQL conditions from the address (`_where`) to the description of a table's rows, as the
  visitor's. Datasette describes every other filter but leaves these out. Long ones are cut; the filter
  `with_whole_conditions(conditions)` makes them whole, for a citation.

The templates `query.html` and `_visitor.html` show the rest. Limits: SQL that a page of this site
links to, such as that of a table, counts as the visitor's once it is in the address.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from math import inf

from datasette import hookimpl
from datasette.filters import FilterArguments
from datasette.utils.asgi import Request
from jinja2 import Environment

NO_TITLE = "A visitor’s SQL query"
LONGEST = 100
"""Characters of a visitor's text to show."""

# Quoted text and block comments come first, because "--" starts no comment inside them.
TOKEN = re.compile(
    r"""'[^']*(?:'|$) | "[^"]*(?:"|$) | `[^`]*(?:`|$) | \[[^]]*(?:]|$) | /\*.*?(?:\*/|$)
    | --(?P<comment>[^\n]*)""",
    re.VERBOSE | re.DOTALL,
)


def readable(text: str, longest: float = LONGEST) -> str:
    """Return `text` on one line without control and direction characters, cut if it is long."""
    spaced = " ".join(text.split())
    shown = "".join(letter for letter in spaced if not unicodedata.category(letter).startswith("C"))
    shown = " ".join(shown.split())
    return shown if len(shown) <= longest else shown[: int(longest) - 1].rstrip() + "…"


def visitors_title(sql: str) -> str:
    """Return the text of the first comment of `sql` that has any, or else a title of our own."""
    comments = (readable(token["comment"] or "") for token in TOKEN.finditer(sql))
    return next(filter(None, comments), NO_TITLE)


def in_words(condition: str, longest: float = LONGEST) -> str:
    """Return what the description of a table's rows says about a visitor's SQL condition."""
    return f"the visitor’s condition: “{readable(condition, longest)}”"


def with_whole_conditions(description: str, conditions: Iterable[str]) -> str:
    """Return the description of a table's rows with each of the visitor's `conditions` whole."""
    for condition in conditions:
        description = description.replace(in_words(condition), in_words(condition, inf))
    return description


@hookimpl
def prepare_jinja2_environment(env: Environment) -> None:
    env.globals["visitors_title"] = visitors_title
    env.filters["with_whole_conditions"] = with_whole_conditions


@hookimpl
def filters_from_request(request: Request) -> Callable[[], FilterArguments]:
    def described() -> FilterArguments:
        words = [in_words(condition) for condition in request.args.getlist("_where")]
        return FilterArguments([], human_descriptions=words)

    return described
