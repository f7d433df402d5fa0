"""Every question as defined in its file, and helpers to run it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml
from datasette.app import Datasette

from tests.serving import ROOT, a_plugin

Row = dict[str, Any]
Question = Any
"""A Question of the plugin query_files: name, header, sql."""

query_files = a_plugin("query_files")
QUESTIONS: dict[str, Question] = {
    path.stem: query_files.read_query_file(path)
    for path in sorted((ROOT / "canned_queries").iterdir())
}
"""Every question, as its file says."""
PROMISED: dict[str, list[str]] = {
    name: columns.split()
    for name, columns in yaml.safe_load(
        Path(__file__).with_name("questions.yml").read_text("utf-8")
    ).items()
}
"""The questions and columns that others rely on, each row's key first."""
BREAKDOWNS = [name for name, columns in PROMISED.items() if columns[0] == "disclosure_id"]
LONG = [name for name in BREAKDOWNS if "status" in PROMISED[name]]
FIRST = "01-FOI-22-026570"
SECOND = "01-FOI-23-000001"


def arguments(question: Question) -> dict[str, str]:
    """Return the arguments for a question, from the examples in its header."""
    parameters = question.header.parameters.items()
    return {name: parameter.example for name, parameter in parameters if parameter.example}


def address(question: Question) -> str:
    return f"/foi/{question.name}?{urlencode(arguments(question))}"


async def answer(site: Datasette, name: str, **asked: str) -> list[Row]:
    known = arguments(QUESTIONS[name]) if name in QUESTIONS else {}
    given = urlencode({**known, "_shape": "array", **asked})
    response = await site.client.get(f"/foi/{name}.json?{given}")
    assert response.status_code == 200, response.text
    rows: list[Row] = response.json()
    return rows


def total(rows: list[Row], column: str, **chosen: object) -> int:
    """Return the sum of a column over the rows with these values."""
    return sum(
        row[column] or 0
        for row in rows
        if all(row[name] == value for name, value in chosen.items())
    )


def links_of_figures(page: str) -> list[tuple[str, int]]:
    """Return the URL and number of each cell of a page that is a number with a link to rows."""
    found = re.findall(r'<td class="[^"]*"[^>]*><a href="([^"]*)">(\d+)</a></td>', page)
    return [(html.unescape(address), int(number)) for address, number in found]


def header(name: str) -> dict[str, Any]:
    """Return the header of a question, defaults included."""
    stated: dict[str, Any] = QUESTIONS[name].header.model_dump()
    return stated
