"""The questions that are asked of every table made from a shape.

A question is SQL with a header, as those written by hand have (`plugins/query_files.py`), but with its words in
it: the header refers to nothing else. What is asked about categories and periods comes from the shape alone. Only
where totals are printed, or texts redacted, are there questions about them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from ingest.database.descriptions import describe, title_of
from ingest.database.tables import SqlTable, quoted
from ingest.questions.sentences import (
    MOST,
    OVER_PERIODS,
    TOTAL,
    TOTALS,
    WHY,
    known,
)
from ingest.questions.wording import Asked, sql_text

WITHOUT_FIGURE = "without_figure"
"""The column with the number of figures that a sum lacks."""
CROSSED = 3
"""The most categories of a table of which each is divided by each other one."""
_OF_ONE = "where :disclosure_id in ('', disclosure_id)"
OVER_TIME = {"upright": True, "partial": "partial", "partial_until": "covered_to"}
"""How a chart over periods is drawn."""
PERIOD_COLUMNS: dict[str, str | None] = {
    "covered_from": "First day of the period that the disclosure covers.",
    "covered_to": "Last day of the period that the disclosure covers.",
    "partial": "1 where the period is less than a year, or the disclosure covers only a part of it; otherwise 0.",
}


@dataclass(frozen=True)
class Question:
    """A question: its name, its SQL and its header, whose keys are those of a question in a file.

    `about` are the columns by which it counts; none if it does not count.
    """

    name: str
    sql: str
    header: dict[str, Any] = field(default_factory=dict)
    about: frozenset[str] = frozenset()


def generate(
    table: SqlTable, basis: str, has_totals: bool, is_redacted: bool
) -> Iterator[Question]:
    """Yield the questions about a table, in the order in which a page lists them.

    `basis` says where its figures come from, `has_totals` whether a document prints totals about it, and `is_redacted`
    whether there are markers in its texts, or were before our copy lost them.
    """
    asked = Asked(table)
    period = table.table.period_column
    if period:
        yield _by_period(asked, period, basis)
    categories = table.table.categories
    for column in categories:
        yield _by_category(asked, column, basis)
    pairs = [(column, period) for column in categories if period]
    pairs += combinations(categories, 2) if len(categories) <= CROSSED else ()
    for pair in pairs:
        yield _by_two(asked, pair, basis)
    if table.with_evidence("mentions"):
        yield _mentions(asked)
    if is_redacted:
        yield from (_by_band(asked, text) for text in table.texts)
        yield _most_redacted(asked)
    if has_totals:
        yield _totals(asked)


def _by_period(asked: Asked, period: str, basis: str) -> Question:
    keys = ["disclosure_id", period, *asked.status(period), *_marks(asked), *_unit(asked)]
    return _question(
        asked,
        f"{asked.slug}-per-{_slug(period)}",
        _grouped(asked, keys, ["disclosure_id", *_in_time(period), *map(quoted, keys[2:])], True),
        about=[period],
        title=asked.how_many(period),
        description=f"{_subject(asked)} by {asked.words(period)}, {asked.how(period)}{asked.our_sums}.",
        columns=dict.fromkeys(keys) | PERIOD_COLUMNS | _count_columns(asked),
        answer=known(asked, period) + TOTAL + WHY + OVER_PERIODS if not asked.table.unit else None,
        basis=basis,
        drilldown={asked.counted: ", ".join(keys)},
        drawing={"by": period, "count": asked.counted, "state": _state(asked)} | _per_unit(asked) | OVER_TIME,
        chart={"mark": "bar", "x": period, "y": asked.counted, "color": asked.table.unit},
    )  # fmt: skip


def _by_category(asked: Asked, column: str, basis: str) -> Question:
    keys = ["disclosure_id", column, *asked.status(column), *_marks(asked), *_unit(asked)]
    order = [
        "disclosure_id",
        *map(quoted, _unit(asked)),
        asked.in_order(column),
        f"{quoted(asked.counted)} desc",
        quoted(column),
    ]
    return _question(
        asked,
        f"{asked.slug}-per-{_slug(column)}",
        _grouped(asked, keys, order),
        about=[column],
        title=asked.how_many(column),
        description=f"{_subject(asked)} by {asked.words(column)}, {asked.how(column)}{asked.our_sums}.",
        columns=dict.fromkeys(keys) | _count_columns(asked),
        answer=known(asked, column) + TOTAL + WHY + MOST if not asked.table.unit else None,
        basis=basis,
        drilldown={asked.counted: ", ".join(keys)},
        drawing={"by": column, "count": asked.counted, "state": _state(asked)} | _per_unit(asked),
        chart={"mark": "bar", "x": column, "y": asked.counted, "color": asked.table.unit},
    )  # fmt: skip


def _by_two(asked: Asked, pair: tuple[str, str], basis: str) -> Question:
    one, other = pair
    over_time = other == asked.table.table.period_column
    statuses = [status for column in pair for status in asked.status(column)]
    keys = ["disclosure_id", one, other, *statuses, *_marks(asked), *_unit(asked)]
    order = ["disclosure_id", *map(quoted, _unit(asked)), asked.in_order(one), quoted(one)]
    order += _in_time(other) if over_time else [asked.in_order(other), quoted(other)]
    sql = _grouped(asked, keys, [*order, *map(quoted, statuses)], over_time)
    columns = dict.fromkeys(keys) | (PERIOD_COLUMNS if over_time else {}) | _count_columns(asked)
    counted, least = asked.counted, asked.table.shape.small_cells
    if isinstance(least, int):
        sql = _without_small_cells(sql, [*columns], counted, least)
        columns[f"{counted}_status"] = (
            f"“fewer than {least}” where {counted} is from 1 to {least - 1}"
            + (
                ", or “not given” where it is then the lowest that it can be"
                if asked.has_figures
                else ""
            )
            + "; NULL where it is given."
        )
    drawing = {"panel": one, "by": other, "count": counted, "state": _state(asked)}
    return _question(
        asked,
        f"{asked.slug}-{_slug(one)}-by-{_slug(other)}",
        sql,
        about=pair,
        title=asked.break_down(one, other),
        description=f"{_subject(asked)} by {asked.words(one)} and {asked.words(other)}. Only combinations that "
        "occur in the document have a row.",
        columns=columns,
        basis=basis,
        drilldown={counted: ", ".join(keys)},
        drawing=None if asked.table.unit else drawing | (OVER_TIME if over_time else {}),
        chart={"mark": "bar", "x": other, "y": counted, "color": one},
    )


def _mentions(asked: Asked) -> Question:
    table, mentions = quoted(asked.table.name), quoted(asked.table.child("mentions"))
    return _question(
        asked,
        f"{asked.slug}-per-mention",
        f"""select
    disclosure_id,
    mention,
    kind,
    count(*) as {quoted(asked.counted)}
from {mentions}
join {table} on {table}.id = record_id
{_OF_ONE}
group by disclosure_id, mention, kind
order by disclosure_id, count(*) desc, mention""",
        title=f"What do the {asked.noun.plural} mention?",
        description=f"{_subject(asked)} whose visible words mention something on a fixed list. One may mention several things.",
        columns={
            "disclosure_id": None,
            "mention": "What is mentioned.",
            "kind": "What kind of thing that is.",
            asked.counted: f"{_subject(asked)} that mention it: at least so many, because only visible words are searched.",
        },
        basis="At least this many, by our count: we can search only the visible words.",
        drawing={"by": "mention", "count": asked.counted, "at_least": True},
        chart={"mark": "bar", "x": "mention", "y": asked.counted},
    )


def _by_band(asked: Asked, text: str) -> Question:
    band = asked.table.measure(text, "redaction_band")
    keys = ["disclosure_id", band]
    counted = quoted(asked.counted)
    return _question(
        asked,
        f"{asked.slug}-per-{_slug(band)}",
        f"""select
    disclosure_id,
    {quoted(band)},
    count(*) as {counted}
from {quoted(asked.table.name)}
left join redaction_bands on band = {quoted(band)}
{_OF_ONE}
group by disclosure_id, {quoted(band)}
order by disclosure_id, redaction_bands.position nulls last""",
        title=f"How much is redacted in the {asked.words(text)} of the {asked.noun.plural}?",
        description=f"{_subject(asked)} by redaction band: the smallest share of the words that may have been withheld. "
        "“unknown” means that our copy lost the markers. A blank means that there is no text.",
        columns={"disclosure_id": None, band: None, asked.counted: f"{_subject(asked)} counted."},
        basis="Our count of the markers. The publisher gives no figure to check it against.",
        drilldown={asked.counted: ", ".join(keys)},
        drawing={"by": band, "count": asked.counted},
        chart={"mark": "bar", "x": band, "y": asked.counted},
    )


def _most_redacted(asked: Asked) -> Question:
    table = asked.table
    measures = ("redaction_band", "redaction_density", "redaction_count", "visible_words")

    def of_text(text: str) -> str:
        own = [quoted(table.measure(text, what)) for what in measures]
        named = ", ".join(f"{mine} as {what}" for mine, what in zip(own, measures, strict=True))
        return (
            f"select id, disclosure_id, {sql_text(text)} as column_name, {named}, {quoted(text)} as text\n"
            f"from {quoted(table.name)}\nwhere {own[2]} > 0 and :disclosure_id in ('', disclosure_id)"
        )

    return _question(
        asked,
        f"{asked.slug}-most-redacted",
        "\nunion all\n".join(map(of_text, table.texts))
        + "\norder by redaction_density desc, redaction_count desc, id",
        title=f"Which {asked.noun.plural} are most redacted?",
        description=f"{_subject(asked)} with a redaction marker, those with the largest share of words withheld first. "
        "Texts whose markers our copy lost are left out.",
        columns={
            "id": f"Permanent id of the {asked.noun.singular}.",
            "disclosure_id": None,
            "column_name": "The column that the text is in.",
            "redaction_band": "The band that the density falls in.",
            "redaction_density": "Markers divided by markers and visible words: the smallest share of words withheld.",
            "redaction_count": "Markers. Each may hide one word or several.",
            "visible_words": "Words outside markers.",
            "text": "The text as published, with [REDACTED] for each marker.",
        },
        basis="Our count of the markers. The publisher gives no figure to check it against.",
        indexed=False,
    )


def _totals(asked: Asked) -> Question:
    what = asked.noun.plural
    if len(asked.table.shape.records) > 1:
        what = f"figures in “{title_of(asked.table)}”"
    return _question(
        asked,
        f"{asked.slug}-totals",
        f"""select
    disclosure_id, scope, label, unit, printed, found, outcome, reason, place
from printed_totals
where table_name = {sql_text(asked.table.name)} and :disclosure_id in ('', disclosure_id)
order by disclosure_id, position""",
        title=f"Do the {what} add up to the publisher’s totals?",
        description="Every total that a document prints about this table, and what the rows add up to.",
        columns={
            "disclosure_id": None,
            "scope": "“period” for the total of a period, “label” for that of the rows with some labels, “grand” for that of "
            "the whole table.",
            "label": "The labels and the period of the rows that are added up. NULL for the whole table.",
            "unit": "Unit of the figures. NULL where the table has none, or where the print adds up different units.",
            "printed": "The total as printed. NULL where the total itself is withheld.",
            "found": "What the rows add up to; where figures are withheld, a part of the total.",
            "outcome": "“agrees”; “accepted” where a person has recorded the difference; or “cannot be checked” where figures "
            "are withheld.",
            "reason": "Why the total differs or cannot be checked, or a caution. NULL where there is nothing to say.",
            "place": "Where the total is in the document.",
        },
        answer=TOTALS,
        basis="Each printed total, with our sum of the rows beside it.",
        empty_message="The documents print no total about this table.",
    )


# What several questions have.


def _question(
    asked: Asked, name: str, sql: str, about: Sequence[str] = (), **header: Any
) -> Question:
    """Return a question. What it does not say itself is the same for every question about the table."""
    shared = {
        "group": title_of(asked.table),
        "indexed": True,
        "rows_in": asked.table.name,
        "parameters": {
            "disclosure_id": {
                "label": "Disclosure",
                "choices": "disclosures.id",
                "chosen_from": f"shape={asked.table.shape.family}",
            }
        },
        "empty_message": "No rows.",
    }
    given = {key: value for key, value in (shared | header).items() if value is not None}
    meanings = {
        column: about
        for of, column, _, about, *_ in describe(asked.table)
        if of == asked.table.name
    }
    given["columns"] = {name: own or meanings[name] for name, own in header["columns"].items()}
    return Question(name, sql, given, frozenset(about))


def _grouped(
    asked: Asked, keys: Sequence[str], order: Sequence[str], over_time: bool = False
) -> str:
    """Return SQL that counts the rows by `keys`; `over_time`, with the part of each period that a disclosure covers."""
    period = ["covered_from", "covered_to", "partial"] if over_time else []
    source = f"""(
    select
        records.*,
        max(period_from, coalesce(covers_from, period_from)) as covered_from,
        min(period_to, coalesce(covers_to, period_to)) as covered_to,
        period_partial or period_from < coalesce(covers_from, '') or period_to > coalesce(covers_to, '9999') as partial
    from {quoted(asked.table.name)} as records
    join disclosures on disclosures.id = disclosure_id
)"""
    by = [*map(quoted, keys), *period]
    return f"""select
    {_lines([*by, *_counts(asked)])}
from {source if over_time else quoted(asked.table.name)}
{_OF_ONE}
group by {", ".join(by)}
order by {", ".join(order)}"""


def _in_time(period: str) -> list[str]:
    return ["covered_from is null", "covered_from", "covered_to", quoted(period)]


def _without_small_cells(sql: str, columns: Sequence[str], counted: str, least: int) -> str:
    """Return `sql` without figures from 1 to below `least`, and with a column that says that there are fewer."""
    small = f"{quoted(counted)} between 1 and {least - 1}"
    why = f"'fewer than {least}'"
    if WITHOUT_FIGURE in columns:  # a sum that is a minimum may be of more
        why = f"iif({WITHOUT_FIGURE}, 'not given', {why})"
    kept = [
        f"case when {small} then null else {quoted(name)} end as {quoted(name)}"
        if name == counted
        else quoted(name)
        for name in columns
    ]
    return f"""select
    {_lines([*kept, f"case when {small} then {why} end as {quoted(counted + '_status')}"])}
from (
{sql}
)"""


def _counts(asked: Asked) -> list[str]:
    """Return SQL for what is counted, or added up."""
    counted = quoted(asked.counted)
    if not asked.has_figures:
        return [f"count(*) as {counted}"]
    # The sum of fractions has more decimals than any of them.
    total = f"case typeof(sum({counted})) when 'real' then round(sum({counted}), 9) else sum({counted}) end"
    return [f"{total} as {counted}", f"sum({counted} is null) as {WITHOUT_FIGURE}"]


def _count_columns(asked: Asked) -> dict[str, str | None]:
    if not asked.has_figures:
        return {asked.counted: f"{_subject(asked)} counted."}
    return {
        asked.counted: "Sum of the published figures. NULL where none of them is given.",
        WITHOUT_FIGURE: f"Figures that are missing; {asked.counted}_status says why. If there are any, the true total may be "
        "higher.",
    }


def _marks(asked: Asked) -> list[str]:
    return ["status"] if asked.table.table.marks else []


def _unit(asked: Asked) -> list[str]:
    return [asked.table.unit] if asked.table.unit else []


def _per_unit(asked: Asked) -> dict[str, Any]:
    """Return how a chart keeps units apart."""
    return {"panel": asked.table.unit, "own_scale": True} if asked.table.unit else {}


def _state(asked: Asked) -> str | None:
    return "status" if asked.table.table.marks else None


def _slug(column: str) -> str:
    return column.replace("_", "-")


def _lines(parts: Sequence[str]) -> str:
    return ",\n    ".join(parts)


def _subject(asked: Asked) -> str:
    """Return what is counted, to begin a sentence."""
    words = asked.words(asked.counted) if asked.table.unit else asked.noun.plural
    return words[:1].upper() + words[1:]
