"""What cells show: a bar for each marker, a badge for the band, and why a cell is empty."""

from __future__ import annotations

import json
import re
import timeit
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import pytest
import yaml
from datasette.app import Datasette
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from ingest.config.markers import shared_forms
from tests.serving import PARTS, a_plugin, furnish, furnish_database, serve
from tests.site.pages import METADATA

TABLE = "/foi/officer_allegations"
BAR = '<span class="redacted"><span aria-hidden="true">[</span>redacted<span aria-hidden="true">]</span></span>'
NULL = '<span class="null">NULL<span class="unseen"> (no value)</span></span>'
density = a_plugin("redaction_density")


async def cells(site: Datasette, path: str, column: str) -> list[str]:
    response = await site.client.get(path)
    assert response.status_code == 200, response.text
    return re.findall(rf'<td class="col-{column}[^>]*>(.*?)</td>', response.text, re.DOTALL)


async def cell_by_id(site: Datasette, id: str, column: str) -> str:
    """A cell of the table page, of the one row that has this id."""
    (cell,) = await cells(site, f"{TABLE}?id={id}", column)
    return cell


async def ran(site: Datasette, sql: str, **arguments: str) -> object:
    asked = urlencode({"sql": sql, "_shape": "arrayfirst", **arguments})
    response = await site.client.get(f"/foi.json?{asked}")
    assert response.status_code == 200, response.text
    return response.json()[0]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "count", "share", "band"),
    [
        ("nothing here", 0, 0.0, "unmarked"),
        ("a b [REDACTED] c [redacted] d", 2, 2 / 6, "heavy"),
        ("██ ██", 2, 1.0, "total"),
        ("\ue000 a b c d e f g h i", 1, 0.1, "moderate"),
        ("[REDACTED] a b c d e f g h i j", 1, 1 / 11, "light"),
        ("", 0, 0.0, "unmarked"),
    ],
)
async def test_the_functions_read_every_form_of_marker(
    site: Datasette, text: str, count: int, share: float, band: str
) -> None:
    for function, expected in (("count", count), ("density", share), ("band", band)):
        assert await ran(site, f"select redaction_{function}(:t)", t=text) == expected


@pytest.mark.asyncio
@pytest.mark.parametrize("function", ["count", "density", "band"])
async def test_the_functions_give_null_for_null_and_no_value_is_an_error(
    site: Datasette, function: str
) -> None:
    assert await ran(site, f"select redaction_{function}(null)") is None
    for value in ("1", "1.5", "x'ff00'", "zeroblob(9)", "char(0)"):
        nothing = {"count": 0, "density": 0.0, "band": "unmarked"}[function]
        assert await ran(site, f"select redaction_{function}({value})") == nothing


@pytest.mark.asyncio
async def test_the_functions_agree_with_every_column_that_is_known(site: Datasette) -> None:
    sql = """select json_array(count(*), sum(redaction_count(summary) = redaction_count),
        sum(redaction_density(summary) = redaction_density), sum(redaction_band(summary) = redaction_band))
        from officer_allegations where redaction_band <> 'unknown'"""
    assert json.loads(str(await ran(site, sql))) == [291] * 4


@pytest.mark.asyncio
async def test_a_marker_is_a_bar_on_table_row_sql_and_question_pages(site: Datasette) -> None:
    id = "22-026570-0002"
    badge = '<span class="band band-moderate">moderately redacted</span> '
    drawn = f"{badge}Harassed {BAR} with malicious comms via e-mail and text."
    assert await cell_by_id(site, id, "summary") == drawn
    assert drawn in (await site.client.get(f"{TABLE}/{id}")).text
    sql = quote_plus(f"select summary, redaction_band from officer_allegations where id = '{id}'")
    assert await cells(site, f"/foi?sql={sql}", "summary") == [drawn]
    assert await cells(site, f"/foi/officer?id={id}", "summary") == [drawn]


@pytest.mark.asyncio
async def test_without_a_band_in_the_row_there_are_bars_and_no_badge(site: Datasette) -> None:
    sql = quote_plus("select summary from officer_allegations where id = '22-026570-0002'")
    assert await cells(site, f"/foi?sql={sql}", "summary") == [
        f"Harassed {BAR} with malicious comms via e-mail and text."
    ]
    assert "band-" not in (await cells(site, f"{TABLE}?_col=summary&_size=1", "summary"))[0]


@pytest.mark.asyncio
async def test_unknown_differs_from_none(site: Datasette) -> None:
    lost, none = "22-026570-0030", "22-026570-0004"
    assert "redaction unknown, markers lost</span>" in await cell_by_id(site, lost, "summary")
    assert "no redaction marker</span>" in await cell_by_id(site, none, "summary")
    unknown = '<span class="unknown">unknown</span>'
    for column in ("redaction_count", "redaction_density"):
        assert await cell_by_id(site, lost, column) == unknown
    assert await cell_by_id(site, none, "redaction_count") == "0"
    assert await cell_by_id(site, none, "redaction_density") == "0.000"


@pytest.mark.asyncio
async def test_every_row_has_the_bars_and_the_badge_of_its_columns(
    site: Datasette,
) -> None:
    rows = (await site.client.get(f"{TABLE}.json?_shape=array&_size=max")).json()
    drawn = await cells(site, f"{TABLE}?_size=max", "summary")
    assert len(rows) == len(drawn) == 409
    for row, cell in zip(rows, drawn, strict=True):
        assert cell.count(BAR) == (row["redaction_count"] or 0)
        assert re.findall(r"band band-(\w+)", cell) == [row["redaction_band"]] * bool(
            row["summary"]
        )


@pytest.mark.asyncio
async def test_text_is_escaped(site: Datasette) -> None:
    text = "<b>[REDACTED]</b> <script>alert(1)</script> & ⟦a⟧"
    for column in ("summary", "snippet"):
        sql = quote_plus(f"select :t as {column}, '<i>' as redaction_band")
        (cell,) = await cells(site, f"/foi?sql={sql}&t={quote_plus(text)}", column)
        assert cell == (f"&lt;b&gt;{BAR}&lt;/b&gt; &lt;script&gt;alert(1)&lt;/script&gt; &amp; ⟦a⟧")


@pytest.mark.asyncio
async def test_a_text_beyond_the_length_is_shown_plain(site: Datasette) -> None:
    # 10,000 characters, and one more.
    for length, bars in ((10_000, 5_000), (10_001, 0)):
        sql = f"select substr(replace(hex(zeroblob(5001)), '00', '█ '), 1, {length}) as summary"
        (cell,) = await cells(site, f"/foi?sql={quote_plus(sql)}", "summary")
        assert cell.count(BAR) == bars
        assert ("█" in cell) != bool(bars)


# Datasette logs the traceback of an error in a function, and pytest takes that for a fault.
@pytest.mark.quick_cases(3)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.asyncio
@pytest.mark.parametrize("form", ["", ".json", ".csv", ".xlsx"])
@pytest.mark.parametrize("function", ["count", "density", "band"])
async def test_a_value_too_long_for_the_functions_is_a_400(
    site: Datasette, function: str, form: str
) -> None:
    for length, status in ((100_000, 200), (100_001, 400)):
        sql = f"select redaction_{function}(replace(printf('%{length}s', ''), ' ', 'x'))"
        response = await site.client.get(f"/foi{form}", params={"sql": sql})
        assert response.status_code == status, response.text[:300]


ADVERSE = (
    *(
        "[REDACTED",
        "[REDACTED]",
        "█",
        "█ ",
        "\ue000",
        "\ue000a",
        "<p",
        "</p>",
        "a\u0301",
        "a-",
        "'",
        " ",
    ),
    *(
        "[",
        "[s.40(2)",
        "[REDACTED ",
        "[redacted - section 31(1)(a)",
        "s.40(",
        "(1)",
        "(b)(6)",
        "s 1",
    ),
)


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("text", ADVERSE)
@pytest.mark.parametrize("function", [shared_forms().count, shared_forms().density])
def test_work_grows_with_the_length_of_a_value(text: str, function: Callable[[str], float]) -> None:
    def seconds(length: int) -> float:
        value = text * (length // len(text))
        return min(timeit.repeat(lambda: function(value), number=1, repeat=5))

    # 16 times the length: in square time 256 times as long.
    assert seconds(80_000) < 80 * seconds(5_000) + 0.001


@given(st.text() | st.lists(st.sampled_from(["[REDACTED]", "█", "<", "&", "a"])).map("".join))
def test_nothing_but_markers_is_changed_by_drawing(text: str) -> None:
    assert density.render(text).count(BAR) == shared_forms().count(text)
    shown = density.render(text).split(BAR)
    hidden = [text[marker.start : marker.end] for marker in shared_forms().find(text)] + [""]
    between = [str(escape(mark)) for mark in hidden]
    assert "".join(a + b for a, b in zip(shown, between, strict=True)) == str(escape(text))


@pytest.mark.parametrize(
    ("value", "shown"), [(0.25, "0.250"), (0.0999, "0.099"), (0.29, "0.290"), (1.0, "1.000")]
)
def test_a_density_is_cut_and_never_rounded_up(value: float, shown: str) -> None:
    assert density.render_measure(value, "light") == shown


@pytest.mark.asyncio
async def test_the_table_page_says_how_density_is_defined_and_offers_the_bands(
    site: Datasette,
) -> None:
    page = (await site.client.get(TABLE)).text
    assert density.definition() in page
    assert density.definition() not in (await site.client.get("/foi/ranks")).text
    assert density.definition() in (await site.client.get("/foi/most-redacted")).text
    assert density.definition() not in (await site.client.get("/foi/officers-per-rank")).text
    bands = (await site.client.get(f"{TABLE}.json?_size=0")).json()["facet_results"]
    found = {facet["value"]: facet["count"] for facet in bands["redaction_band"]["results"]}
    assert found == {
        **{"moderate": 150, "heavy": 57, "light": 49, "unmarked": 21, "unknown": 21, "total": 14}
    }


@pytest.mark.asyncio
async def test_data_and_other_columns_and_tables_are_left_alone(site: Datasette) -> None:
    id = "22-026570-0003"
    assert "[REDACTED]" in (await site.client.get(f"{TABLE}.json?id={id}")).text
    assert "[REDACTED]" in (await site.client.get(f"{TABLE}.csv?id={id}")).text
    source = await cell_by_id(site, id, "source_text")
    assert "[REDACTED]" in source
    assert BAR not in source
    assert BAR not in (await site.client.get("/foi/redactions?_size=5")).text


@pytest.mark.asyncio
async def test_which_columns_are_drawn_is_for_metadata_to_say(
    site: Datasette, database: Path, tmp_path: Path
) -> None:
    furnish(tmp_path, *(part for part in PARTS if part != "metadata.yml"))
    furnish_database(tmp_path, database)
    about = deepcopy(METADATA)
    table = about["databases"]["foi"]["tables"]["officer_allegations"]
    table["plugins"]["redaction_density"]["columns"] = ["source_text"]
    (tmp_path / "metadata.yml").write_text(yaml.safe_dump(about), "utf-8")
    other = await serve(tmp_path)
    id = "22-026570-0003"
    assert BAR not in await cell_by_id(other, id, "summary")
    assert BAR in await cell_by_id(other, id, "source_text")
    assert density.definition() in (await other.client.get(TABLE)).text


@pytest.mark.asyncio
async def test_an_empty_cell_says_why_it_is_empty(site: Datasette) -> None:
    finalised = "22-026570-0001"
    sql = quote_plus("select id from officer_allegations where status <> 'finalised' limit 1")
    still_open = (await site.client.get(f"/foi.json?sql={sql}&_shape=arrayfirst")).json()[0]
    assert ">not stated<" in await cell_by_id(site, finalised, "sanction")
    for column in ("rank", "summary", "result", "action", "sanction", "redaction_band"):
        assert ">under investigation<" in await cell_by_id(site, still_open, column)
    page = (await site.client.get(f"{TABLE}/{still_open}")).text
    assert page.count("<span>under investigation</span>") == 15
    ranks = await cells(site, "/foi/officers-per-rank", "rank")
    assert [bool(re.search("under investigation|missing", rank)) for rank in ranks] == [
        *[False] * 4,
        True,
        True,
    ]
    actions = await cells(site, "/foi/officers-per-action", "action")
    assert ">not stated<" in actions[-3]
    assert "null" in (await site.client.get("/foi/officers-per-rank.json")).text


@pytest.mark.asyncio
async def test_without_its_status_an_empty_cell_has_no_reason(site: Datasette) -> None:
    for sql in ("select null as rank, 'unheard of' as status", "select null as rank"):
        assert await cells(site, f"/foi?sql={quote_plus(sql)}", "rank") == [NULL]
    assert await cells(site, "/foi/actions?term=No+Action", "regime") == ["&nbsp;"]


@pytest.mark.asyncio
async def test_sql_shows_null_unlike_an_empty_text_or_the_word(site: Datasette) -> None:
    sql = (
        "select null as rank, '' as sanction union all select 'NULL', ' ' union all select '', null"
    )
    path = f"/foi?sql={quote_plus(sql)}"
    assert await cells(site, path, "rank") == [NULL, "NULL", "&nbsp;"]
    assert await cells(site, path, "sanction") == ["&nbsp;", " ", NULL]


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("band", "words"),
    [
        ("unmarked", "no redaction marker"),
        ("light", "lightly redacted"),
        ("moderate", "moderately redacted"),
        ("heavy", "heavily redacted"),
        ("total", "wholly redacted"),
        ("unknown", "redaction unknown, markers lost"),
    ],
)
async def test_a_badge_says_its_band(site: Datasette, band: str, words: str) -> None:
    for cell in await cells(site, f"{TABLE}?redaction_band={band}&_size=3", "summary"):
        assert cell.startswith(f'<span class="band band-{band}">{words}</span>')


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "path",
    [
        f"{TABLE}?_nocol=redaction_band&redaction_band=unknown&_size=1",
        f"{TABLE}?_col=status&_col=redaction_count&redaction_band=unknown&_size=1",
    ],
)
async def test_without_its_band_an_unknown_count_is_never_called_not_stated(
    site: Datasette, path: str
) -> None:
    (cell,) = await cells(site, path, "redaction_count")
    assert "not stated" not in cell


@pytest.mark.asyncio
@pytest.mark.parametrize("value", ["1e25", "9e999", "-0.5", "1.5"])
async def test_a_value_that_is_not_a_density_is_shown_as_it_is(site: Datasette, value: str) -> None:
    sql = quote_plus(f"select {value} as redaction_density, '' as x")
    assert (await site.client.get(f"/foi?sql={sql}")).status_code == 200
