"""Search boxes that take whatever a visitor types.

Problem: Datasette escapes a search for SQLite's full-text engine with `escape_fts`, which lets
some input through that the engine refuses: a lone quotation mark, nothing at all, a NUL, a line
break inside quotes. The visitor then gets an error page. And the bars `█` that stand for redacted
words in the index could be searched for, though they are no words.

What this does: registers its own `escape_fts` over the stock one, for searches in table pages and
in SQL alike; and drops blank `_search` arguments from the address, so that an empty box is no
filter. Limits: `_searchmode=raw` bypasses all escaping, as Datasette means it to.
"""

from __future__ import annotations

import re
import sqlite3
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.utils import escape_fts as stock_escape_fts

NO_WORDS = '""'
"""A full-text query that is valid and finds nothing."""

TERM = re.compile(r'"[^"]*"')
WORD = re.compile(r"[^\W_]+")

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def folded(text: str) -> str:
    """`text` in small letters and without diacritics, as the index has it."""
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(part for part in parts if not unicodedata.combining(part))


def escape_fts(query: object) -> str:
    """A full-text query, always valid, for what a visitor typed: words, and "phrases" in quotes.

    A word typed twice is asked for once: to rank rows by thousands of words takes too long.
    """
    typed = "" if query is None else str(query).replace("█", " ").replace("\0", " ")
    terms: dict[tuple[str, ...], str] = {}
    for term in TERM.findall(stock_escape_fts(" ".join(typed.split()))):
        terms.setdefault(tuple(WORD.findall(folded(term))), term)
    return " ".join(terms.values()) or NO_WORDS


def without_blank_searches(query_string: bytes) -> bytes:
    """`query_string` less its `_search` and `_search_COLUMN` arguments that say nothing."""
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
