"""Pages of disclosures of any family: figures counted by hand in tests/families.py, and what each page leads to."""

from __future__ import annotations

import html
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pytest
from datasette.app import Datasette

from tests.serving import a_plugin
from tests.site.pages import OF_FAMILIES, text_of

pytestmark = pytest.mark.asyncio
TABLE = "/foi/library_incidents"


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """The text of each page that was asked for."""
    return {}


async def page_of(site: Datasette, path: str) -> str:
    response = await site.client.get(path)
    assert response.status_code == 200, path
    return str(response.text)


def cells_of(page: str, column: str) -> list[str]:
    """Return the words of the cells of a column of a table page."""
    found = re.findall(rf'<td class="col-{column} [^>]*>(.*?)</td>', page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in found]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/disclosures/leith-2", "Leith Libraries, reference LL/2, published on 1 September 2021"),
        ("/disclosures/leith-2", "5 incidents. Our count. Of the 3 totals that the document prints, 2 agree with it."),
        ("/disclosures/leith-2", "Library incidents 5 incidents JSON , CSV , Excel"),
        ("/disclosures/leith-2", "2020 3 JAN-JUN 2021 part-year, 1 January 2021 to 30 June 2021 2"),
        ("/disclosures/leith-2", "1 differs, for a reason that a person has recorded."),
        ("/disclosures/leith-2", "Whole table Library incidents, line 4 6 5 A slip of the pen."),
        ("/disclosures/leith-2", "unmarked 1 moderate 2 total 1 no text 1"),
        ("/disclosures/leith-2", "Compared with it: added: 1 incident dropped: 1 incident changed: cost in 1 incident"),
        ("/disclosures/leith-2", "Our copy Spreadsheet as published."),
        ("/disclosures/leith-2", "Rights © Leith Libraries."),
        ("/disclosures/leith-1", "This document was replaced by LL/2 , published on 1 September 2021. Its rows are no longer"),
        ("/disclosures/perth-1", "4 incidents. Our count, which agrees with all 2 totals that the document prints."),
        ("/disclosures/perth-1", "No redaction marker was found in the 4 texts in the column “detail”."),
        ("/disclosures/loans-1", "47 loans, measured in books. At least this many: one published figure is withheld"),
        ("/disclosures/loans-1", "7.5 loans, measured in hours. Our sum of 4 published figures"),
        ("/disclosures/loans-1", "Year books hours 2020 at least 30 2.5 JAN-JUN 2021 part-year, 1 January 2021 to 30 June 2021 17 5"),
        ("/disclosures/loans-1", "1 cannot be checked, because figures are withheld."),
        ("/disclosures/letters-1", "3 letters. Our count. The document prints no totals to check it against."),
        ("/disclosures/letters-1", "Letters by how much of “question” is redacted Band Letters unmarked 1 moderate 1 total 1"),
        ("/disclosures/01-FOI-22-026570", "412 officers counted by the publisher."),
        ("/", "5 incidents."),
        ("/", "4 incidents."),
        ("/", "412 officers counted by the publisher."),
        ("/compare?table=library_incidents&column=kind", "noise 2 66.7% 2 50.0% flood 1 33.3% none – theft none – 2 50.0% not stated 1 – none – not known 1 – none – Stated in all 3 100% 4 100%"),
        ("/compare?table=library_incidents", "2020 3 60.0% 3 75.0% JAN-JUN 2021 part-year 2 40.0% none – 2021 none – 1 25.0%"),
        ("/compare?table=library_incidents", "Each publisher chose its cases by its own criteria"),
        ("/search?q=dog", "2 of 6 incidents with readable text."),
        ("/search?q=dog", "Somebody left a dog in the reading room"),
        ("/search?q=dog", "1 of 2 letters with readable text in “question” and 2 letters with readable text in “answer”."),
        ("/search?q=facebook", "38 of 298 rows with readable text."),
        (f"{TABLE}?_search=dog", "Searched: the words that can be read in “detail” of 6 incidents."),
        (f"{TABLE}/leith-1-000002", "Row 2 of 5 in Library incidents , Incidents in Leith Incident L2 2020"),
        (f"{TABLE}/leith-1-000002", "Seen see source What is printed there does not fit this column"),
        (f"{TABLE}/leith-1-000002", "Cost suppressed Seen"),
        (f"{TABLE}/leith-1-000002", "Line 8 of source.csv"),
        (f"{TABLE}/leith-1-000002", "L2,2020,Harbour,,<5,spring,Somebody left a dog in the reading room"),
        (f"{TABLE}/leith-1-000002", "Previous row: Incident L1 Next row: Incident L3"),
        (f"{TABLE}/leith-1-000003", "Cost 0 Printed otherwise, or left blank, for nought."),
        (f"{TABLE}/perth-1-000004", "were withdrawn from this site on 4 March 2022: on request"),
        ("/foi/library_loans/loans-1-000005", "Figure 5 of 8 in Library loans , Loans in Perth Loans: Almond, 2020"),
        ("/foi/disclosures/leith-2", "All about this disclosure"),
    ],
)  # fmt: skip
async def test_a_page_says(
    several: Datasette, texts: dict[str, str], path: str, words: str
) -> None:
    texts[path] = texts.get(path) or await text_of(several, path)
    assert words in texts[path]


@pytest.mark.parametrize(
    ("path", "sum_of_all"),
    [("/", "9 incidents"), ("/", "54.5"), ("/disclosures/loans-1", "54.5"), ("/search?q=dog", "3 of"),
     ("/compare?table=library_incidents&column=kind", "4 66"), ("/compare?table=library_incidents", "Stated in all 9")],
)  # fmt: skip
async def test_nothing_is_added_up_across_disclosures_tables_or_units(
    several: Datasette, texts: dict[str, str], path: str, sum_of_all: str
) -> None:
    texts[path] = texts.get(path) or await text_of(several, path)
    assert sum_of_all not in texts[path]


async def test_each_disclosure_that_was_not_replaced_has_a_section_on_home(
    several: Datasette,
) -> None:
    page = await page_of(several, "/")
    sections = re.findall(r'<section class="disclosure" aria-labelledby="d-([^"]*)"', page)
    assert sorted(sections) == ["01-FOI-22-026570", "leith-2", "letters-1", "loans-1", "perth-1"]
    headings = re.findall(r'<h2 id="d-([^"]*)">([^<]*)</h2>', page)
    assert dict(headings)["letters-1"] == "Loans in Perth, letters-1"
    assert dict(headings)["loans-1"] == "Loans in Perth, Perth Libraries"
    assert dict(headings)["leith-2"] == "Incidents in Leith"
    assert "It replaces" in await text_of(several, "/")


async def test_with_the_first_disclosure_alone_home_has_its_section_only(site: Datasette) -> None:
    page = await page_of(site, "/")
    assert len(re.findall(r'<section class="disclosure"', page)) == 1
    assert 'action="/foi/search"' in page
    assert "Search the summaries" in page


async def test_a_disclosure_has_the_same_figures_on_home_and_on_its_own_page(
    several: Datasette,
) -> None:
    home = await page_of(several, "/")
    for id in ("01-FOI-22-026570", "leith-2", "letters-1", "loans-1", "perth-1"):
        section = home.partition(f'<section class="disclosure" aria-labelledby="d-{id}"')[2]
        figures = section.partition('<dl class="figures">')[2].partition("</dl>")[0]
        own = (await page_of(several, f"/disclosures/{id}")).partition('<dl class="figures">')[2]
        assert figures.strip()
        assert own.partition("</dl>")[0] == figures


@pytest.mark.parametrize("id", ["nope", "", "leith-2/x", "%7Bid%7D", "LEITH-2"])
async def test_an_unknown_disclosure_is_a_404_like_any_other(several: Datasette, id: str) -> None:
    response = await several.client.get(f"/disclosures/{id}", follow_redirects=True)
    assert response.status_code == 404
    assert "There is no page at this address." in response.text
    assert '<a href="/">Disclosed in part</a>' in response.text


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("path", OF_FAMILIES)
async def test_every_link_works(several: Datasette, followed: dict[str, int], path: str) -> None:
    page = await page_of(several, path)
    links = {
        urljoin(path, html.unescape(link))
        for link in re.findall(r'(?:href|src|action)="([^"#]+)', page)
    }
    inside = {link for link in links if link.startswith("/") and "_sort" not in link}
    for link in inside - followed.keys():
        followed[link] = (await several.client.get(link)).status_code
    assert inside
    assert {link: followed[link] for link in inside if followed[link] != 200} == {}


@pytest.fixture(scope="session")
def followed() -> dict[str, int]:
    """The addresses asked for, with the status of each answer."""
    return {}


@pytest.mark.long
async def test_every_count_is_that_of_the_rows_that_it_leads_to(several: Datasette) -> None:
    """`record_counts` against the tables themselves, row by row."""
    counts = (await several.client.get("/foi/record_counts.json?_shape=array&_size=max")).json()
    assert len(counts) > 30
    for count in counts:
        table = f"/foi/{count['table_name']}.json"
        filters = {"disclosure_id": count["disclosure_id"], "_shape": "array", "_size": "max"}
        if count["unit"]:
            filters["measure"] = count["unit"]
        if count["column_name"] and count["value"] is None:
            filters[f"{count['column_name']}__isnull"] = "1"
            if count["status"]:
                filters[f"{count['column_name']}_status"] = count["status"]
        elif count["column_name"]:
            filters[count["column_name"]] = count["value"]
        rows: list[dict[str, Any]] = (
            await several.client.get(f"{table}?{urlencode(filters)}")
        ).json()
        assert len(rows) == count["records"] > 0, count
        added = sum(row.get("lent", 1) or 0 for row in rows)
        assert added == count["total"], count
        hidden = [row for row in rows if row.get("lent_status") == "suppressed"]
        assert len(hidden) == count["hidden"], count


async def test_headings_are_for_people_and_provenance_is_on_the_page_of_a_row(
    several: Datasette,
) -> None:
    page = await page_of(several, TABLE)
    headings = re.findall(
        r'scope="col" data-column="(\w+)".*?>\s*<a [^>]*>([^<]*?)(?:&nbsp;.)?</a>', page, re.DOTALL
    )
    assert headings == [
        ("id", "Row"), ("disclosure_id", "Disclosure"), ("number", "Number"), ("year", "Year"), ("branch", "Branch"),
        ("kind", "Kind"), ("cost", "Cost"), ("seen", "Seen"), ("detail", "Detail"),
    ]  # fmt: skip
    assert "source_text" in re.findall(
        r'data-column="(\w+)"', await page_of(several, f"{TABLE}?_col=source_text")
    )
    loans = re.findall(
        r'scope="col" data-column="(\w+)"', await page_of(several, "/foi/library_loans")
    )
    assert loans == ["id", "branch", "measure", "year", "lent"]


async def test_an_empty_cell_says_why(several: Datasette) -> None:
    page = await page_of(several, f"{TABLE}?disclosure_id=leith-2&_sort=position")
    ids = cells_of(page, "id")
    assert dict(zip(ids, cells_of(page, "kind"), strict=True)) == {
        "leith-2-000001": "noise", "leith-1-000002": "not stated", "leith-1-000003": "noise",
        "leith-1-000004": "flood", "leith-2-000005": "not known",
    }  # fmt: skip
    assert dict(zip(ids, cells_of(page, "cost"), strict=True)) == {
        "leith-2-000001": "12.5", "leith-1-000002": "suppressed", "leith-1-000003": "0",
        "leith-1-000004": "300", "leith-2-000005": "not stated",
    }  # fmt: skip
    assert cells_of(page, "seen")[ids.index("leith-1-000002")] == "see source"
    assert cells_of(page, "year")[ids.index("leith-1-000004")] == "JAN-JUN 2021 part-year"
    withdrawn = await page_of(several, f"{TABLE}?id=perth-1-000004")
    assert cells_of(withdrawn, "detail") == ["withdrawn"]


async def test_blanks_are_counted_among_the_filters_by_their_reason_and_lead_to_their_rows(
    several: Datasette,
) -> None:
    page = await page_of(several, TABLE)
    facets = re.findall(r'<div class="facet-info" id="facet-(\w+)"', page)
    assert sorted(facets) == sorted(["disclosure_id", "year", "branch", "kind", "redaction_band"])
    kinds = page.partition('id="facet-kind"')[2].partition("</ul>")[0]
    blanks = re.findall(r'<a href="([^"]*)" rel="nofollow">([^<]*)</a> (\d+)', kinds)
    assert [(reason, number) for _, reason, number in blanks] == [
        ("not known", "1"),
        ("not stated", "1"),
    ]
    assert cells_of(await page_of(several, html.unescape(blanks[0][0])), "id") == ["leith-2-000005"]


async def test_markers_are_bars_in_every_text_with_the_band_of_that_text(
    several: Datasette,
) -> None:
    page = await page_of(several, "/foi/library_letters?_sort=position")
    assert cells_of(page, "question") == [
        "no redaction marker May I bring a dog?", "moderately redacted When do you open to [ redacted ] ?",
        "wholly redacted [ redacted ]",
    ]  # fmt: skip
    assert cells_of(page, "answer") == [
        "moderately redacted No dog but [ redacted ] may come in", "no redaction marker At nine", "not stated",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "typed", ['"', '"a dog', "dog AND", "dog*", "(", "NEAR(dog", "-dog", "█", "\0", "d:og", "''"]
)
async def test_no_input_is_an_error(several: Datasette, typed: str) -> None:
    assert (await several.client.get("/search", params={"q": typed})).status_code == 200


async def test_what_was_typed_is_shown_as_text(several: Datasette) -> None:
    page = (await several.client.get("/search", params={"q": '"><b>dog</b>'})).text
    assert "<b>dog" not in page


async def test_a_search_for_more_words_than_the_bound_is_a_400_that_names_it(
    several: Datasette,
) -> None:
    assert (await several.client.get("/search", params={"q": "dog " * 200})).status_code == 200
    response = await several.client.get("/search", params={"q": "dog " * 201})
    assert response.status_code == 400
    assert "q can have at most 200 words, not 201." in html.unescape(response.text)


@pytest.mark.parametrize(
    "query",
    [
        "table=nope",
        "table=library_incidents&column=nope",
        "first=nope",
        "nope=1",
        "table=library_loans",
    ],
)
async def test_what_cannot_be_compared_is_refused(several: Datasette, query: str) -> None:
    """The last is a table of one disclosure."""
    assert (await several.client.get(f"/compare?{query}")).status_code in (400, 404)


async def test_the_first_and_the_second_can_be_chosen(several: Datasette) -> None:
    page = await text_of(
        several, "/compare?table=library_incidents&column=kind&first=perth-1&second=leith-2"
    )
    assert "noise 2 50.0% 2 66.7%" in page
    same = await text_of(
        several, "/compare?table=library_incidents&column=kind&first=perth-1&second=perth-1"
    )
    assert "noise 2 50.0% 2 66.7%" in same


async def test_the_index_of_a_table_has_no_pages(several: Datasette) -> None:
    for shadow in ("", "_data", "_content"):
        assert (await several.client.get(f"{TABLE}_fts{shadow}.json")).status_code == 403


async def test_snippets_come_from_the_rows_that_the_table_finds(
    several: Datasette, several_folder: Path
) -> None:
    page = await page_of(several, "/search?q=reading")
    found = re.findall(rf'<li><a href="{TABLE}/([^"]*)">', page)
    rows = (await several.client.get(f"{TABLE}.json?_shape=array&_search=reading")).json()
    assert (
        sorted(found) == sorted(row["id"] for row in rows) == ["leith-1-000002", "perth-1-000002"]
    )
    assert "<mark>reading</mark>" in page
    with closing(sqlite3.connect(several_folder / "foi.db")) as connection:
        ((text,),) = connection.execute(
            f"select detail from library_incidents where id = '{found[0]}'"
        )
    assert text in re.sub(r"<[^>]+>", "", page)


async def test_caveats_in_the_database_are_those_of_every_disclosure_or_of_one(
    several_folder: Path, tmp_path: Path
) -> None:
    shutil.copy(several_folder / "foi.db", tmp_path)
    with closing(sqlite3.connect(tmp_path / "foi.db")) as connection:
        connection.executescript(
            """create table if not exists caveats (disclosure_id, family, table_name, column_name, id, sentence, text);
            delete from caveats;
            insert into caveats values
                (null, 'library_incidents', 'library_incidents', null, 'all', 'Known incidents only.', 'Staff tell us.'),
                ('perth-1', 'library_incidents', 'library_incidents', 'kind', 'tay', 'Tay was shut in May.', null),
                ('perth-1', 'library_incidents', 'library_incidents', 'cost', 'tay', 'Tay was shut in May.', null),
                ('leith-2', 'library_incidents', 'library_incidents', null, 'tay', 'Leith has two branches.', null),
                (null, 'library_loans', 'library_loans', null, 'all', 'Books only.', null)"""
        )
        tables = {table.name: table for table in a_plugin("record_tables").read_tables(connection)}
    incidents = tables["library_incidents"]
    shown = [one["short"] for one in incidents.caveats_of("perth-1")]
    assert shown == ["Known incidents only.", "Tay was shut in May."]
    config = a_plugin("record_tables").Config()
    of_several = [one["short"] for one in incidents.metadata(config)["caveats"]]
    assert of_several == ["Known incidents only."]
    of_one = [one["short"] for one in tables["library_loans"].metadata(config)["caveats"]]
    assert of_one == ["Books only."]


@pytest.mark.parametrize(
    ("tables", "box"),
    [
        ([], None),
        (["officer_allegations"], ("/foi/search", "q")),
        (["library_incidents"], (TABLE, "_search")),
        (["library_incidents", "library_letters"], ("/search", "q")),
        (["officer_allegations", "library_letters"], ("/search", "q")),
    ],
)
async def test_the_search_box_leads_to_the_only_table_or_to_the_search_of_all(
    site: Datasette, tables: list[str], box: tuple[str, str] | None
) -> None:
    plugin = a_plugin("search_all")
    plugin._indexes[site] = dict.fromkeys(tables)
    found = plugin.box_of(site)
    assert (found and (found["action"], found["argument"])) == box
