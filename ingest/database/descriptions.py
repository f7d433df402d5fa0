"""Say what the tables made from a shape, and their columns, mean: in the shape's words, or from what it says."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.config.shape import ABSENT, NOUGHT, Column, Table
from ingest.database.tables import SqlTable
from ingest.records.tabular import AS_PRINTED
from ingest.text.phrases import Noun, noun

Line = tuple[str, str | None, str | None, str, str, str | None, str | None, str | None]
"""A row of the table descriptions."""
FIGURE = "figure"
"""The role of the column that a crosstab's figures are in."""

_FIXED = {
    "id": "Permanent id of the row: the id of the disclosure{table} and the number of the row. Once published, an id always "
    "refers to the same row.",
    "disclosure_id": "The disclosure that the row belongs to. Never add up figures from different disclosures, because each "
    "selects cases by its own criteria.",
    "position": "Position of the row in its document, counting from 1.",
    "place": "Where the row is in the document: its line, its page and row, or its sheet and cell.",
    "status": "What a mark in the document says about the row. NULL where it has none.",
    "source_text": "The row as it is in the source, with tabs between its cells where the source has nothing else. NULL where the words were "
    "withdrawn.",
    "period_from": "First day of the row’s period (ISO 8601). {no_period}",
    "period_to": "Last day of the row’s period (ISO 8601). {no_period}",
    "period_partial": "1 where the period is less than a year, so that its figures can’t be compared with those of whole "
    "years; otherwise 0. {no_period}",
    "withdrawn_on": "Date on which this site withdrew the words of the row. NULL where it has not.",
    "withdrawn_reason": "Why this site withdrew the words of the row. NULL where it has not.",
}
_MEASURES = {
    "visible_words": "Number of visible words in {text}, not counting markers. Derived. NULL where there is no text.",
    "redaction_count": "Number of redaction markers in {text}; each may hide one word or several. Derived. NULL where there is "
    "no text, or where our copy lost the markers (the band is then “unknown”).",
    "redaction_density": "Markers divided by markers plus visible words of {text}, from 0 to 1: the lowest possible share of "
    "words withheld. Derived. NULL where the number of markers is not known.",
    "redaction_band": "The band that the density of {text} falls in; the redaction_bands table has the bounds. “unknown” where our "
    "copy lost the markers. NULL where there is no text.",
}
_CHILDREN = {
    "redactions": (
        "redactions",
        "redaction marker",
        "One row per redaction marker in {table}.",
        {
            "record_id": "The row with the marker.",
            "column_name": "The column of {table} that the marker is in.",
            "position": "Which of that text’s markers it is, counting from 1.",
            "form": "The marker as written: “[REDACTED]”, “█”, “box” for a black box, or another declared form.",
            "exemption": "The exemption that the marker names. NULL where it names none.",
        },
    ),
    "mentions": (
        "mentions",
        "mention",
        "What the visible words of {table} mention. There may be more, because words were withheld and only a fixed list is "
        "searched for. Inferred by this project.",
        {
            "record_id": "The row whose words mention it.",
            "mention": "What is mentioned.",
            "kind": "What kind of thing that is.",
        },
    ),
    "source_blocks": (
        "markers by page",
        "page or sheet",
        "The pages or sheets that the texts of {table} are on, with their redaction markers, and where markers were lost.",
        {
            "disclosure_id": "The disclosure.",
            "column_name": "The column of {table}.",
            "block": "The page or sheet.",
            "records": "Rows on it.",
            "summaries": "Rows with a text.",
            "marked": "Texts with a marker.",
            "markers": "Markers in all.",
            "chance": "The probability that it would have a marker, if its texts had markers as often as the others. NULL where "
            "no other has a text.",
            "markers_lost": "1 where it has no marker although that is almost certain; otherwise 0. Inferred by this project.",
        },
    ),
}


def describe(table: SqlTable) -> Iterator[Line]:
    """Yield a line for the table and those that belong to it, and one for each of their columns."""
    title = title_of(table)
    yield _of_table(table, table.name, title, _about(table), table.shape.noun(table.table))
    no_period = (
        "NULL where the period is not known."
        if table.table.has_period
        else "NULL: the table has no column that says to which period a row belongs."
    )
    in_id = ", the table" if len(table.shape.records) > 1 else ""
    fixed = {
        name: text.replace("{table}", in_id).replace("{no_period}", no_period)
        for name, text in _FIXED.items()
    }
    measures = {
        table.measure(text, what): about.replace("{text}", text)
        for text in table.texts
        for what, about in _MEASURES.items()
    }
    for name in table.columns:
        about = fixed.get(name) or measures.get(name) or _column(table, name)
        yield _of_column(table, table.name, name, about, _role(table, name))
    for what, (words, one, about, columns) in _CHILDREN.items():
        child = table.child(what)
        if child in table.made:
            about = about.replace("{table}", table.name)
            yield _of_table(table, child, f"{title}: {words}", about, noun(one))
            for name, text in columns.items():
                yield _of_column(table, child, name, text.replace("{table}", table.name), None)


def _of_table(table: SqlTable, name: str, title: str, about: str, row: Noun) -> Line:
    return name, None, title, about, table.shape.family, row.singular, row.plural, None


def _of_column(table: SqlTable, of: str, name: str, about: str, role: str | None) -> Line:
    return of, name, None, about, table.shape.family, None, None, role


def _role(table: SqlTable, name: str) -> str | None:
    """Return the role of a column of the shape; None for one that the shape does not name."""
    if column := table.column(name):
        return column.role
    if table.table.spread and name == table.table.spread.into:
        return table.table.spread.role
    return FIGURE if name == table.value else None


def title_of(table: SqlTable) -> str:
    """Return the title of a table made from a shape."""
    if table.table.title:
        return table.table.title
    family, name = (words.replace("_", " ") for words in (table.shape.family, table.table.name))
    title = family if len(table.shape.records) == 1 else f"{family}: {name}"
    return title[:1].upper() + title[1:]


def _about(table: SqlTable) -> str:
    row = table.shape.noun(table.table)
    if table.value:
        counts = f"One row per figure that the publisher printed. For a total, add up {table.value}; don’t count rows."
    else:
        counts = f"One row per {row.singular}, in the document’s order, with the published words and their place in it."
    return " ".join(filter(None, (_sentence(table.table.meaning), counts)))


def _column(table: SqlTable, name: str) -> str:
    """Return the meaning of a column of the shape, or of the status of one."""
    if name not in table.table.names:
        return _status(table.table, name.removesuffix("_status"))
    column = table.column(name)
    if column is None:
        about = _spread(table.table, name)
    else:
        about = " ".join(filter(None, (_sentence(column.meaning), _as_published(column))))
    if table.table.has_status(name):
        about += f" NULL where {name}_status says why."
    if name in table.texts:
        about += " Also NULL where this site has withdrawn it (see withdrawn_on)."
    return about


def _as_published(column: Column) -> str:
    if column.derived_from:
        return f"Derived from {column.derived_from}."
    head = f"From the document’s column “{column.heads[0]}”"
    if column.role == "text":
        return f"{head}; as published, except that every redaction marker is written [REDACTED] and extra spaces are removed."
    if column.role == "date":
        return f"{head}; as an ISO 8601 date."
    if column.role == "number":
        return f"{head}; as a number, without currency signs and thousands commas."
    filled = ", repeated on each row where the document prints it once" if column.fill_down else ""
    return f"{head}; as published{filled}."


def _spread(table: Table, name: str) -> str:
    spread = table.spread
    assert spread
    if name == spread.into:
        return _sentence(spread.into_meaning) or "The heading above the figure, as published."
    return _sentence(spread.value_meaning) or "The figure, as a number."


def _status(table: Table, name: str) -> str:
    """Return why a column may have no value, for the column that says it."""
    column = table.column(name)
    source = table.column(column.derived_from) if column and column.derived_from else column
    codes = source.codes if source else table.spread.codes if table.spread else {}
    statuses: list[str] = [code.status for code in codes.values()]
    statuses += [ABSENT] if source and source.optional else []
    statuses += [
        meaning
        for column_marked, marks in table.marks.items()
        if column_marked != name
        for meaning in marks.values()
    ]
    told = [f"“{status}”" for status in dict.fromkeys(statuses)]
    if source is None or source.role in ("date", "number", "period"):
        told.append(f"“{AS_PRINTED}” (the cell does not fit the column; source_text has it)")
    nought = " (a value: how 0 is printed)"
    told = [one + nought if one == f"“{NOUGHT}”" else one for one in told]
    return f"Why {name} has no value: {', '.join(told)}. NULL where there is one."


def _sentence(text: str | None) -> str:
    return "" if not text else text if text.endswith((".", "?", "!")) else f"{text}."
