"""Every cell of every question that counts or lists rows, compared with a count made here from the
tables.

What is expected is worked out in Python from the rows of the tables, in the order that each question
promises; no view and no SQL of the questions is used.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from datasette.app import Datasette

from tests.site.conftest import BOUNDS, MIXED
from tests.site.questions import PROMISED, Row, answer

pytestmark = pytest.mark.asyncio
STATUSES = ("finalised", "under investigation", "missing")
BANDS = ("unmarked", "light", "moderate", "heavy", "total", "unknown")
TERMS = ("rank", "result", "action", "sanction")
KEYS = {
    "year-by-status": ("year", "status"),
    "officers-per-rank": ("rank", "status"),
    "officers-per-result": ("result", "status"),
    "officers-per-action": ("action", "status"),
    "officers-per-sanction": ("sanction", "status"),
    "year-by-rank": ("year", "rank", "status"),
    "year-by-result": ("year", "result", "status"),
    "year-by-sanction": ("year", "sanction", "status"),
    "rank-by-sanction": ("rank", "sanction", "status"),
    "result-by-sanction": ("result", "sanction", "status"),
    "years-by-regime": ("year", "regime", "status"),
    "redaction-per-band": ("redaction_band", "status"),
    "redaction-per-disclosure": (),
    "redaction-per-year": ("year",),
    "redaction-per-rank": ("rank", "status"),
    "redaction-per-result": ("result", "status"),
    "officers-per-year": ("year",),
    "under-investigation": ("year",),
    "sanctioned-per-year": ("year",),
    "sanctioned-per-rank": ("rank", "status"),
}
"""The values that the officers in each row of an answer share, in display order."""


@dataclass(frozen=True)
class Tables:
    """The rows of the database by table, and every officer; missing officers have no id."""

    rows: dict[str, list[Row]]
    officers: list[Row]

    def of(self, table: str, **chosen: object) -> list[Row]:
        return [
            row
            for row in self.rows[table]
            if all(row[name] == value for name, value in chosen.items())
        ]

    def place(self, column: str, value: Any) -> tuple[bool, Any]:
        """Return the sort key of a value in its column: blanks last, terms in the order of their
        table."""
        if column in TERMS and value is not None:
            (term,) = self.of(f"{column}s", term=value)
            return False, term["position"]
        orders = {"status": STATUSES, "redaction_band": BANDS}
        order = orders.get(column)
        return value is None, order.index(value) if order and value is not None else value or ""

    def severity(self, sanction: str | None) -> int | None:
        severity: int | None = None
        for term in self.of("sanctions", term=sanction):
            severity = term["severity"]
        return severity


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def tables(mixed: Datasette) -> Tables:
    rows: dict[str, list[Row]] = {}
    for name in (
        *("officer_allegations", "shared_wordings", "published_totals", "disclosures", "mentions"),
        *("ranks", "results", "actions", "sanctions", "source_blocks", "publisher_questions"),
        "notes",
    ):
        response = await mixed.client.get(f"/foi/{name}.json?_shape=array&_size=max&_nofacet=1")
        rows[name] = response.json()
    whole = {row["id"]: row["part_of"] or row["id"] for row in rows["shared_wordings"]}
    officers = [
        {**row, "group": whole.get(row["wording_id"])} for row in rows["officer_allegations"]
    ]
    found = Counter((row["disclosure_id"], row["year"]) for row in officers)
    for total in rows["published_totals"]:
        cell = {name: total[name] for name in ("disclosure_id", "year")}
        nobody = dict.fromkeys(officers[0])
        missing = total["officers"] - found[total["disclosure_id"], total["year"]]
        officers += [{**nobody, **cell, "status": "missing"}] * missing
    return Tables(rows, officers)


def largest_group(officers: Iterable[Row]) -> int | None:
    """The officers of the largest group of one wording, where it has four or more."""
    groups = Counter(officer["group"] for officer in officers if officer["group"])
    largest = max(groups.values(), default=0)
    return largest if largest >= 4 else None


def added(figures: Iterable[int | None]) -> int | None:
    """Return the sum of the known figures, or None if none is known."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def in_state(officers: Iterable[Row], status: str) -> int:
    return sum(officer["status"] == status for officer in officers)


def redaction_figures(officers: list[Row]) -> Row:
    """Return the redaction figures for the officers' summaries combined."""
    markers = added(officer["redaction_count"] for officer in officers)
    words = added(
        officer["visible_words"] for officer in officers if officer["redaction_count"] is not None
    )
    bands = [officer["redaction_band"] for officer in officers]
    return {
        "summaries": sum(band is not None for band in bands),
        "unknown": bands.count("unknown"),
        "markers": markers,
        "visible_words": words,
        "redaction_density": None if markers is None or words is None else markers / (markers + words),
        "marked": sum((officer["redaction_count"] or 0) > 0 for officer in officers),
        "wholly": bands.count("total"),
        "not_stated": sum(
            officer["status"] == "finalised" and officer["redaction_band"] is None
            for officer in officers
        ),
    }  # fmt: skip


def shares(sanctioned: int, finalised: int, unknown: int) -> Row:
    """Return the share sanctioned and its bounds, or None if there are fewer than five officers."""
    if finalised < 5:
        return dict.fromkeys(("share", "share_lowest", "share_highest"))
    return {
        "share": round(sanctioned / finalised, 3),
        "share_lowest": round(sanctioned / (finalised + unknown), 3),
        "share_highest": round((sanctioned + unknown) / (finalised + unknown), 3),
    }


def sanction_figures(tables: Tables, officers: list[Row], unknown: int) -> Row:
    """How many finalised officers have a sanction on the scale, and what is not known."""
    finalised = [officer for officer in officers if officer["status"] == "finalised"]
    stated = [officer for officer in finalised if officer["sanction"] is not None]
    sanctioned = sum(tables.severity(officer["sanction"]) is not None for officer in stated)
    return {
        "sanctioned": sanctioned,
        "off_scale": len(stated) - sanctioned,
        "not_stated": len(finalised) - len(stated),
        **shares(sanctioned, len(finalised), unknown),
    }


def year_figures(tables: Tables, officers: list[Row]) -> Row:
    """Return the figures for a disclosure's year."""
    disclosure_id, year = officers[0]["disclosure_id"], officers[0]["year"]
    (about,) = tables.of("disclosures", id=disclosure_id)
    (total,) = tables.of("published_totals", disclosure_id=disclosure_id, year=year)
    found = sum(officer["id"] is not None for officer in officers)
    return {
        "covered_from": max(about["covers_from"], f"{year}-01-01"),
        "covered_to": min(about["covers_to"], f"{year}-12-31"),
        "extracted_on": about["extracted_on"],
        "published": total["officers"],
        "found": found,
        "missing": total["officers"] - found,
    }


def figures(tables: Tables, name: str, officers: list[Row]) -> Row:
    """Return every figure that a question can give for the officers in one of its rows."""
    said = {
        "officers": len(officers),
        "finalised": in_state(officers, "finalised"),
        "under_investigation": in_state(officers, "under investigation"),
        "missing": in_state(officers, "missing"),
        "same_wording": largest_group(officers),
        "severity": tables.severity(officers[0]["sanction"]),
        **redaction_figures(officers),
    }
    if name in ("officers-per-year", "under-investigation"):
        said |= year_figures(tables, officers)
    if name == "sanctioned-per-year":
        unknown = len(officers) - in_state(officers, "finalised")
        said |= sanction_figures(tables, officers, unknown)
    if name == "sanctioned-per-rank":
        unknown = sum(
            other["disclosure_id"] == officers[0]["disclosure_id"]
            and (other["status"] != "finalised" or other["rank"] is None)
            for other in tables.officers
        )
        of_finalised = {"of_unknown_rank": unknown, **sanction_figures(tables, officers, unknown)}
        finalised = officers[0]["status"] == "finalised"
        said |= of_finalised if finalised else dict.fromkeys(of_finalised)
    return said


def in_cells(tables: Tables, officers: Iterable[Row], keys: Iterable[str]) -> list[list[Row]]:
    """Return officers by disclosure and `keys`, in display order."""
    cells: defaultdict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for officer in officers:
        places = (tables.place(key, officer[key]) for key in keys)
        cells[officer["disclosure_id"], *places].append(officer)
    return [cells[place] for place in sorted(cells)]


def breakdown(tables: Tables, name: str) -> list[Row]:
    """Return the expected answer of a question that counts."""
    return [
        {**officers[0], **figures(tables, name, officers)}
        for officers in in_cells(tables, tables.officers, KEYS[name])
    ]


def mentions(tables: Tables, _: str) -> list[Row]:
    years = {
        (officers[0]["disclosure_id"], officers[0]["year"]): officers
        for officers in in_cells(tables, tables.officers, ["year"])
    }
    by_id = {officer["id"]: officer for officer in tables.officers}
    mentioned: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in tables.rows["mentions"]:
        mentioned[row["kind"], row["mention"]].append(by_id[row["allegation_id"]])
    rows = []
    for (kind, mention), officers in mentioned.items():
        for of_year in in_cells(tables, officers, ["year"]):
            all_of_year = years[of_year[0]["disclosure_id"], of_year[0]["year"]]
            words = [officer["visible_words"] for officer in all_of_year]
            finalised = [o for o in all_of_year if o["status"] == "finalised"]
            rows.append(
                {
                    **{key: of_year[0][key] for key in ("disclosure_id", "year")},
                    "kind": kind,
                    "mention": mention,
                    "officers": len(of_year),
                    "same_wording": largest_group(of_year),
                    "summaries": sum(bool(count) for count in words),
                    "no_words": words.count(0),
                    "not_stated": sum(o["visible_words"] is None for o in finalised),
                    "under_investigation": in_state(all_of_year, "under investigation"),
                    "missing": in_state(all_of_year, "missing"),
                }
            )
    kinds = ("platform", "conduct")
    return sorted(
        rows,
        key=lambda row: (
            *(row["disclosure_id"], row["year"], kinds.index(row["kind"])),
            *(-row["officers"], row["mention"]),
        ),
    )


def chosen(
    tables: Tables, choose: Callable[[Row], object], order: Callable[[Row], tuple[Any, ...]]
) -> list[Row]:
    rows = [row for row in tables.rows["officer_allegations"] if choose(row)]
    return sorted(rows, key=lambda row: (row["disclosure_id"], *order(row)))


def dismissals(tables: Tables, _: str) -> list[Row]:
    rows = [
        {**row, "dismissed": int(row["sanction"].startswith("Dismissal"))}
        for row in chosen(tables, lambda row: tables.severity(row["sanction"]) == 5, lambda _: ())
    ]
    order = ("year", "position")
    return sorted(
        rows, key=lambda r: (r["disclosure_id"], -r["dismissed"], *(r[name] for name in order))
    )


def most_redacted(tables: Tables, _: str) -> list[Row]:
    return chosen(
        tables,
        lambda row: (row["redaction_density"] or 0) >= 0.25,
        lambda row: (-row["redaction_density"], -row["redaction_count"], row["position"]),
    )


def wholly_redacted(tables: Tables, _: str) -> list[Row]:
    return chosen(tables, lambda row: row["redaction_density"] == 1, lambda row: (row["position"],))


def markers_lost(tables: Tables, _: str) -> list[Row]:
    blocks = {
        (block["disclosure_id"], block["block"]): block for block in tables.rows["source_blocks"]
    }
    rows = chosen(
        tables,
        lambda row: row["visible_words"] is not None and row["redaction_count"] is None,
        lambda row: (row["position"],),
    )
    found = [(row, blocks[row["disclosure_id"], row["block"]]) for row in rows]
    return [
        {**row, "block_summaries": block["summaries"], "chance": block["chance"]}
        for row, block in found
    ]


def regime_mismatch(tables: Tables, _: str) -> list[Row]:
    return chosen(
        tables,
        lambda row: row["regime"] and (row["regime"] == "2020") != (row["year"] >= 2020),
        lambda row: (row["position"],),
    )


def publisher_questions(tables: Tables, _: str) -> list[Row]:
    by_id = {row["id"]: row for row in tables.rows["officer_allegations"]}
    references = {about["id"]: about["reference"] for about in tables.rows["disclosures"]}
    rows = []
    for asked in tables.rows["publisher_questions"]:
        row = by_id[asked["allegation_id"]]
        outcome = ", ".join(
            f"{column} {f'“{row[column]}”' if row[column] else 'not stated'}"
            for column in ("result", "action", "sanction")
        )
        letter = (
            f"In {references[row['disclosure_id']]}, row {row['position']} of the table in our copy "
            f"({row['year']}, {row['rank'] or 'rank not stated'}): {outcome}. {asked['question']}"
        )
        rows.append({**row, "rule": asked["rule"], "letter": letter})
    return sorted(rows, key=lambda r: (r["disclosure_id"], r["rule"], r["position"]))


def shared_wordings(tables: Tables, _: str) -> list[Row]:
    together: Counter[str] = Counter()
    for group in tables.rows["shared_wordings"]:
        together[group["part_of"] or group["id"]] += group["officers"]
    rows = [
        {**group, "wording_id": group["id"], "together": together[group["part_of"] or group["id"]]}
        for group in tables.rows["shared_wordings"]
    ]
    return sorted(
        rows,
        key=lambda r: (
            *(r["disclosure_id"], -r["together"], r["part_of"] or r["id"]),
            *(r["part_of"] is not None, r["id"]),
        ),
    )


def outcomes_of_mentions(tables: Tables, name: str) -> list[Row]:
    """The rows of mentions-per-year, with the sanctions of the officers mentioned."""
    by_id = {officer["id"]: officer for officer in tables.officers}
    rows = []
    for row in mentions(tables, name):
        sanctions = [
            by_id[found["allegation_id"]]["sanction"]
            for found in tables.rows["mentions"]
            if found["mention"] == row["mention"]
            and all(
                by_id[found["allegation_id"]][key] == row[key] for key in ("disclosure_id", "year")
            )
        ]
        left = "Would Have Been Dismissed"
        severities = [tables.severity(sanction) for sanction in sanctions if sanction != left]
        rows.append(
            {
                **row,
                "dismissed": severities.count(5),
                "would_have_been_dismissed": sanctions.count(left),
                "other_sanction": sum((severity or 5) < 5 for severity in severities),
                "off_scale": severities.count(None) - sanctions.count(None),
                "sanction_not_stated": sanctions.count(None),
            }
        )
    kinds = ("platform", "conduct")
    return sorted(
        rows,
        key=lambda row: (
            *(row["disclosure_id"], kinds.index(row["kind"])),
            *(row["mention"], row["year"]),
        ),
    )


EXPECTED: dict[str, Callable[[Tables, str], list[Row]]] = {
    **dict.fromkeys(KEYS, breakdown),
    "mentions-per-year": mentions,
    "mention-by-outcome": outcomes_of_mentions,
    "dismissals": dismissals,
    "most-redacted": most_redacted,
    "wholly-redacted": wholly_redacted,
    "markers-lost": markers_lost,
    "regime-mismatch": regime_mismatch,
    "publisher-questions": publisher_questions,
    "shared-wordings": shared_wordings,
}


async def test_every_question_that_needs_no_words_is_worked_out_here() -> None:
    assert set(PROMISED) - set(EXPECTED) == {"search", "search-terms", "officer"}


@pytest.mark.parametrize("name", EXPECTED)
async def test_every_cell_is_what_its_rows_make_and_the_rows_are_in_order(
    mixed: Datasette, tables: Tables, name: str
) -> None:
    expected = [
        {column: row[column] for column in PROMISED[name]} for row in EXPECTED[name](tables, name)
    ]
    assert expected
    assert await answer(mixed, name) == expected


@pytest.mark.parametrize("name", [n for n in PROMISED if "same_wording" in PROMISED[n]])
async def test_a_shared_wording_is_reported_from_four_officers_on(
    mixed: Datasette, name: str
) -> None:
    """The groups of three, four and five officers are in separate cells."""
    rows = await answer(mixed, name, disclosure_id=BOUNDS)
    assert sorted(row["same_wording"] for row in rows if row["same_wording"]) == [4, 5]
    assert None in [row["same_wording"] for row in rows]


async def test_bands_are_listed_from_unmarked_to_total_and_unknown_last(mixed: Datasette) -> None:
    rows = await answer(mixed, "redaction-per-band", disclosure_id=MIXED)
    assert [row["redaction_band"] for row in rows] == [*BANDS, None, None, None]
    assert [row["status"] for row in rows[len(BANDS) :]] == [*STATUSES]


@pytest.mark.parametrize(
    "typed",
    ["written warning", "WRITTEN WARNING", " Written Warning ", "misconduct", "Misconduct"],
)
async def test_terms_and_notes_are_found_in_any_letter_case(
    mixed: Datasette, tables: Tables, typed: str
) -> None:
    terms = [
        {"kind": kind, "words": term["term"], "meaning": term["meaning"], "disclosure_id": None}
        for kind in TERMS
        for term in tables.rows[f"{kind}s"]
    ]
    notes = [
        {
            "kind": note["section"],
            "words": note["text"],
            "meaning": None,
            "disclosure_id": note["disclosure_id"],
        }
        for note in tables.rows["notes"]
    ]
    expected = [
        row
        for row in terms + notes
        if typed.strip().casefold() in f"{row['words']} {row['meaning'] or ''}".casefold()
    ]
    assert expected
    found = await answer(mixed, "search-terms", q=typed)
    assert sorted(found, key=str) == sorted(expected, key=str)


async def test_an_officers_page_has_the_row_its_terms_and_its_document(
    mixed: Datasette, tables: Tables
) -> None:
    for row in tables.rows["officer_allegations"][::40]:
        (about,) = tables.of("disclosures", id=row["disclosure_id"])
        meanings: Row = {}
        for term in TERMS:
            found = tables.of(f"{term}s", term=row[term])
            meanings[f"{term}_meaning"] = found[0]["meaning"] if found else None
        whole = {**about, **row, **meanings, "severity": tables.severity(row["sanction"])}
        expected = {column: whole[column] for column in PROMISED["officer"]}
        assert await answer(mixed, "officer", id=row["id"]) == [expected]
