"""Accept any input in search boxes.

Problem: Datasette escapes searches for SQLite's full-text search with `escape_fts`, but SQLite
still rejects some of its output: a lone quotation mark, an empty string, a NUL, or a line break
inside quotes. The visitor then gets an error page; thousands of words keep SQLite busy. Also, in this
project's index the `█` characters that replace redacted words could be searched for, although they
are not words.

What this does: replaces the stock `escape_fts`, both for table pages and in SQL, and removes blank
`_search` parameters from the URL, so that an empty search box does not filter anything. The time that
this takes grows with the length of the search; more than MOST_WORDS are an error. (The plugin
arguments refuses them before, with a message.) Limitations: `_searchmode=raw` bypasses all escaping,
as Datasette intends.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.app import Datasette

from ingest.text.redaction import BAR, LETTERS

NO_WORDS = '""'
"""A valid full-text query that matches nothing."""

QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
TERM = re.compile(r'"[^"]*"?|[^\s"]+')
WORD = re.compile(r"[^\W_]+")
TYPED_WORD = re.compile(LETTERS)
MOST_WORDS = 1000
"""The most words in a search, however it is made."""
OR = "OR"

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def folded(text: str) -> str:
    """Return `text` in lower case without diacritics, as the index stores it."""
    # Letter by letter: to sort a run of n diacritics takes n² steps.
    parts = (part for letter in text.lower() for part in unicodedata.normalize("NFD", letter))
    return "".join(part for part in parts if not unicodedata.combining(part))


def escape_fts(query: object) -> str:
    """Return a valid full-text query for what a visitor typed.

    Words and "phrases" must all be found; `OR` between two of them asks for either, and `*` after a
    word for all words that begin with it. Repeated terms are searched for once, because ranking
    rows by thousands of words takes too long. Raise OverflowError, which SQLite reports as "string or
    blob too big", if there are more than MOST_WORDS.
    """
    typed = "" if query is None else str(query).translate(QUOTES)
    if sum(1 for _ in islice(TYPED_WORD.finditer(typed), MOST_WORDS + 1)) > MOST_WORDS:
        raise OverflowError(f"more than {MOST_WORDS} words to search for")
    groups: list[dict[str, str]] = []
    either = False
    for term in TERM.findall(typed.replace(BAR, " ").replace("\0", " ")):
        words = WORD.findall(folded(term))
        if term == OR:
            either = bool(groups)
        elif words:
            text = " ".join(term.strip('"*').split())
            begins = "*" if term[0] != '"' and term.endswith("*") else ""
            if not either:
                groups.append({})
            groups[-1].setdefault(" ".join(words) + begins, f'"{text}"{begins}')
            either = False
    unique = {frozenset(group): " OR ".join(group.values()) for group in groups}
    return " AND ".join(f"({terms})" for terms in unique.values()) or NO_WORDS


def without_blank_searches(query_string: bytes) -> bytes:
    """Return `query_string` without blank `_search` and `_search_COLUMN` parameters."""
    if b"_search" not in query_string:
        return query_string
    arguments = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    kept = [
        (name, value)
        for name, value in arguments
        if value.strip() or not (name == "_search" or name.startswith("_search_"))
    ]
    return query_string if len(kept) == len(arguments) else urlencode(kept).encode("latin-1")


@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection) -> None:
    conn.create_function("escape_fts", 1, escape_fts, deterministic=True)


@hookimpl
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                query_string = without_blank_searches(scope["query_string"])
                scope = {**scope, "query_string": query_string}
            await app(scope, receive, send)

        return wrapped

    return wrap
