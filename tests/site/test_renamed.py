"""Addresses and SQL with names from before a rename: on the site, and on a plain Datasette."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus, unquote

import pytest
from datasette.app import Datasette
from hypothesis import given
from hypothesis import strategies as st

from tests.serving import ROOT, a_plugin, furnish
from tests.site.pages import METADATA

renamed = a_plugin("renamed")

TABLE = "/foi/officer_allegations"
VIEW = "/foi/officers_counted"
ROW = f"{TABLE}/22-026570-0003"
FORMATS = ["", ".json", ".csv", ".xlsx"]

COLUMNS = {
    "withheld_on=2024-01-01": "withdrawn_on=2024-01-01",
    "withheld_reason=a+reason": "withdrawn_reason=a+reason",
    "withheld_on": "withdrawn_on",
    "withheld_on__isnull=1": "withdrawn_on__isnull=1",
    "withheld_on__gt=2024": "withdrawn_on__gt=2024",
    "withheld_on__in=a,b": "withdrawn_on__in=a,b",
    "withheld%5Fon__notnull=1": "withdrawn_on__notnull=1",
    "WITHHELD_ON=1": "withdrawn_on=1",
    "_sort=withheld_on": "_sort=withdrawn_on",
    "_sort_desc=withheld_on": "_sort_desc=withdrawn_on",
    "_col=withheld_on": "_col=withdrawn_on",
    "_nocol=withheld_on": "_nocol=withdrawn_on",
    "_label=withheld_on": "_label=withdrawn_on",
    "_json=withheld_on": "_json=withdrawn_on",
    "_blob_column=withheld_on": "_blob_column=withdrawn_on",
    "_fts_pk=withheld_on": "_fts_pk=withdrawn_on",
    "_facet=withheld_on": "_facet=withdrawn_on",
    "_facet_date=withheld_on": "_facet_date=withdrawn_on",
    "_facet_array=withheld_on": "_facet_array=withdrawn_on",
    "_facet=" + quote_plus('{"column": "withheld_on"}'): "_facet="
    + quote_plus('{"column": "withdrawn_on"}'),
    "_filter_column=withheld_on": "_filter_column=withdrawn_on",
    "_filter_column_2=withheld_on": "_filter_column_2=withdrawn_on",
    "_search_withheld_on=a": "_search_withdrawn_on=a",
}
VALUES = {
    "redaction_band=none": "redaction_band=unmarked",
    "redaction_band=n%6Fne": "redaction_band=unmarked",
    "redaction_band__exact=none": "redaction_band__exact=unmarked",
    "redaction_band__not=none": "redaction_band__not=unmarked",
    "redaction_band__arraycontains=none": "redaction_band__arraycontains=unmarked",
    "redaction_band__in=none": "redaction_band__in=unmarked",
    "redaction_band__in=none,light": "redaction_band__in=unmarked,light",
    "redaction_band__in=l%69ght%2Cnone%2c+heavy,": "redaction_band__in=l%69ght%2Cunmarked%2c+heavy,",
    "redaction_band__notin=light,+none": "redaction_band__notin=light,unmarked",
    "redaction_band__in=" + quote_plus('["none", "light"]'): "redaction_band__in="
    + quote_plus('["unmarked", "light"]'),
}
UNCHANGED = [
    "",
    "_sort=year",
    "_sort=withdrawn_on&_col=withdrawn_on&withdrawn_reason__isnull=1",
    "_withheld_on=1",
    "_size=withheld_on",
    "_searchmode=withheld_on",
    "q=withheld_on",
    "year=none",
    "redaction_band=None",
    "redaction_band=unmarked",
    "redaction_band__contains=none",
    "redaction_band__like=none",
    "redaction_band__gt=none",
    "redaction_band__isnull=none",
    "redaction_band__in=light,heavy",
    "_facet=%7B%22column%22:%22year%22%7D",
    "withheld_on__isnull__withheld_on__x=1",
    "&&=&a&=b&a==&%FF=%ff&é=\xff&x%",
]
MALFORMED = [
    "redaction_band__in=[none",
    "redaction_band__in=" + "[" * 3000,
    "redaction_band__in=%5B%22light%22,%5B%5D%5D",
    "_facet={withheld_on",
    "_facet=" + quote_plus('{"column": 1, "simple": "withheld_on"}'),
    "_through=1",
    "_through=" + quote_plus('{"table": [], "column": "a", "value": {}}'),
]
NOT_NAMES = st.sampled_from(UNCHANGED + MALFORMED).filter(lambda query: "&" not in query) | st.text(
    st.characters(max_codepoint=255, exclude_characters="&"), max_size=30
)


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    text: str

    @property
    def location(self) -> str | None:
        return self.headers.get("location")


async def ask(
    datasette: Datasette, target: str, method: str = "GET", cookie: bytes = b""
) -> Answer:
    """Send `target` to `datasette` as a server does: byte for byte, which an HTTP client would not."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "headers": [(b"host", b"localhost"), *([(b"cookie", cookie)] if cookie else [])],
    }
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    await datasette.app()(scope, receive, send)
    start, *rest = sent
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]
    }
    body = b"".join(event["body"] for event in rest)
    return Answer(start["status"], headers, body.decode("utf-8", "replace"))


async def location_of(datasette: Datasette, target: str) -> str | None:
    """Return where `target` is redirected to by a 301, None if it is not."""
    answer = await ask(datasette, target)
    assert (answer.status == 301) == (answer.location is not None), answer
    return answer.location


# On the site.


@pytest.mark.quick_cases(12)
@pytest.mark.asyncio
@pytest.mark.parametrize(("old", "new"), (COLUMNS | VALUES).items())
async def test_an_old_name_is_redirected_in_every_format_of_table_and_row(
    site: Datasette, old: str, new: str
) -> None:
    for path in (TABLE, ROW):
        for form in FORMATS:
            assert await location_of(site, f"{path}{form}?{old}") == f"{path}{form}?{new}"


@pytest.mark.asyncio
@pytest.mark.parametrize(("old", "new"), VALUES.items())
async def test_an_old_value_is_redirected_in_every_format_of_a_view(
    site: Datasette, old: str, new: str
) -> None:
    for form in FORMATS:
        assert await location_of(site, f"{VIEW}{form}?{old}") == f"{VIEW}{form}?{new}"


@pytest.mark.asyncio
async def test_the_row_of_an_old_value_is_redirected(site: Datasette) -> None:
    for form in FORMATS:
        new = f"/foi/redaction_bands/unmarked{form}"
        assert await location_of(site, f"/foi/redaction_bands/none{form}?_a") == f"{new}?_a"
    assert (await ask(site, "/foi/redaction_bands/unmarked.json")).status == 200
    assert await location_of(site, "/foi/redaction_bands?band=none") == (
        "/foi/redaction_bands?band=unmarked"
    )


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("withheld_on__isnull=1", 409),
        ("redaction_band=none", 21),
        ("redaction_band__in=none,light", 70),
        ("_sort_desc=withheld_on&_col=withheld_on&_facet=withheld_on", 409),
        ("_filter_column=redaction_band&_filter_op=exact&_filter_value=none", 21),
        (
            "_filter_column_1=withheld_on&_filter_op_1=isnull__1&redaction_band=none",
            21,
        ),
    ],
)
async def test_an_old_address_is_redirected_to_the_rows_that_it_meant(
    site: Datasette, query: str, count: int
) -> None:
    response = await site.client.get(f"{TABLE}.json?{query}", follow_redirects=True)
    assert response.history[0].status_code in (301, 302)
    assert response.json()["filtered_table_rows_count"] == count


@pytest.mark.asyncio
async def test_a_filter_through_another_table_is_redirected(site: Datasette) -> None:
    old = {"table": "officer_allegations", "column": "redaction_band", "value": "none"}
    new = {**old, "value": "unmarked"}
    address = "/foi/disclosures.json?_through="
    location = await location_of(site, address + quote_plus(json.dumps(old)))
    assert location == address + quote_plus(json.dumps(new))
    assert (await site.client.get(location)).json()["filtered_table_rows_count"] == 1
    old = {"table": "officer_allegations", "column": "withheld_on", "value": "none"}
    new = {**old, "column": "withdrawn_on"}
    location = await location_of(site, address + quote_plus(json.dumps(old)))
    assert location == address + quote_plus(json.dumps(new))


@pytest.mark.asyncio
async def test_all_other_arguments_are_kept_byte_for_byte_and_in_order(site: Datasette) -> None:
    others = ["_col=y%65ar", "rank=Sergeant", "a%20b=c+d", "x", "=", "", "é=\xff%fF", "_col=id"]
    for place in range(len(others) + 1):
        old, new = others[:], others[:]
        old[place:place] = ["_col=withheld_on", "redaction_band=none", "_col=withheld_reason"]
        new[place:place] = ["_col=withdrawn_on", "redaction_band=unmarked", "_col=withdrawn_reason"]
        assert await location_of(site, f"{TABLE}?{'&'.join(old)}") == f"{TABLE}?{'&'.join(new)}"


@pytest.mark.asyncio
@pytest.mark.parametrize("query", UNCHANGED)
async def test_other_addresses_are_not_redirected(site: Datasette, query: str) -> None:
    for path in (f"{TABLE}.json", f"{ROW}.json"):
        assert await location_of(site, f"{path}?{query}") is None


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "target",
    [
        "/?withheld_on=1",
        "/foi?withheld_on=1",
        "/foi.json?redaction_band=none",
        "/foi/ranks?withheld_on=1&redaction_band=none",
        f"{VIEW}.json?_col=withheld_on",
        "/foi/search?q=facebook&redaction_band=none",
        f"{TABLE}/none.json",
        "/other/officer_allegations?withheld_on=1",
    ],
)
async def test_a_name_is_redirected_only_where_it_was_renamed(site: Datasette, target: str) -> None:
    assert await location_of(site, target) is None


@pytest.mark.asyncio
async def test_a_redirect_is_for_reading_and_has_the_headers_of_the_site(site: Datasette) -> None:
    target = f"{TABLE}?withheld_on=1"
    answer = await ask(site, target, "HEAD")
    assert (answer.status, answer.text) == (301, "")
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "access-control-allow-origin" not in answer.headers
    for method in ("POST", "PUT", "DELETE"):
        assert (await ask(site, target, method)).status == 405
    assert (await ask(site, target, "OPTIONS")).location is None


@pytest.mark.quick_cases(1)
@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("select withheld_on from officer_allegations", "withheld_on; it is now withdrawn_on"),
        (
            "select 1 from officer_allegations where WITHHELD_reason is null",
            "WITHHELD_reason; it is now withdrawn_reason",
        ),
        (
            "select o.withheld_on from Officer_Allegations as o",
            "o.withheld_on; it is now withdrawn_on",
        ),
        ("select [withheld_on] from officer_allegations", "withheld_on; it is now withdrawn_on"),
    ],
)
async def test_an_error_of_sql_names_the_new_column_in_every_format(
    site: Datasette, sql: str, error: str
) -> None:
    message = f"no such column: {error}"
    asked = quote_plus(sql)
    for form in FORMATS:
        answer = await ask(site, f"/foi{form}?sql={asked}")
        assert answer.status == 400
        assert message in answer.text
    assert (await ask(site, f"/foi.csv?sql={asked}&_stream=1")).status == 400
    assert json.loads((await ask(site, f"/foi.json?sql={asked}")).text)["error"] == message
    assert "<textarea" in (await ask(site, f"/foi?sql={asked}")).text


@pytest.mark.asyncio
@pytest.mark.parametrize("form", FORMATS)
async def test_an_error_of_a_condition_names_the_new_column(site: Datasette, form: str) -> None:
    answer = await ask(site, f"{TABLE}{form}?_where=withheld_on+is+null")
    assert answer.status == 400
    assert "no such column: withheld_on; it is now withdrawn_on" in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("sql", "error"),
    [
        ("select withheld from officer_allegations", "no such column: withheld"),
        ("select withheld_on from ranks", "no such column: withheld_on"),
        ("select withheld_on from officer_allegations_fts", "no such column: withheld_on"),
        ("select 1 from withheld_on", "no such table: withheld_on"),
        ("select (withheld_on from officer_allegations", 'near "from": syntax error'),
    ],
)
async def test_other_errors_of_sql_are_as_sqlite_puts_them(
    site: Datasette, sql: str, error: str
) -> None:
    answer = await ask(site, f"/foi.json?sql={quote_plus(sql)}")
    assert (answer.status, json.loads(answer.text)["error"]) == (400, error)


def test_every_new_name_of_the_site_is_a_name_of_the_database(database: Path) -> None:
    config = METADATA["databases"]["foi"]["plugins"]["renamed"]
    with closing(sqlite3.connect(database)) as connection:
        for table, names in config["columns"].items():
            columns = {row[1] for row in connection.execute(f"pragma table_info({table})")}
            assert columns >= set(names.values())
        for table, columns in config["values"].items():
            for column, names in columns.items():
                found = {row[0] for row in connection.execute(f"select {column} from {table}")}
                assert found >= set(names.values())
                assert not found & set(names)


# Query strings of every kind.

RENAMES = renamed.Renames(
    columns={"birds": {"withheld_on": "withdrawn_on", "withheld_reason": "withdrawn_reason"}},
    values={"birds": {"redaction_band": {"none": "unmarked"}}},
)


@given(st.lists(NOT_NAMES).map("&".join))
def test_a_query_without_old_names_passes_byte_for_byte(query: str) -> None:
    assert renamed.rename_query(query, "birds", RENAMES) == query


@given(st.lists(NOT_NAMES | st.sampled_from(list(COLUMNS | VALUES)), min_size=1))
def test_each_argument_is_renamed_by_itself_and_once(arguments: list[str]) -> None:
    query = renamed.rename_query("&".join(arguments), "birds", RENAMES)
    assert query.split("&") == [(COLUMNS | VALUES).get(each, each) for each in arguments]
    assert renamed.rename_query(query, "birds", RENAMES) == query


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_was_typed_for_an_old_name_arrives_under_the_new_one(value: str, other: str) -> None:
    query = f"withheld_on={quote_plus(value)}&{quote_plus(other)}=1"
    assert renamed.rename_query(query, "birds", RENAMES) == query.replace(
        "withheld", "withdrawn", 1
    )


# On a plain Datasette: another database, and no plugin but this one.

BIRDS = {
    "pages": {"fowl": "birds", "how many": "how-many"},
    "columns": {
        "birds": {"spotted on": "seen on", "hue": "_hue", "old": "a__b", "_size": "place"},
        "flights": {"spotted on": "flown"},
        "how-many": {"kind": "species"},
    },
    "values": {
        "birds": {"species": {"thrush": "song thrush", "a,b": "tit/great"}},
        "how-many": {"species": {"thrush": "song thrush"}},
    },
}

ASK = """
import asyncio, json, sys
sys._called_from_test = True  # Datasette then loads no installed plugin
sys.modules["rich"] = None  # with it, Datasette 0.65 fails on an address that fits no page
from pathlib import Path
from datasette.app import Datasette
from tests.site.test_renamed import ask

async def main():
    folder, cors, *requests = sys.argv[1:]
    datasette = Datasette([], config_dir=Path(folder), cors=bool(cors))
    await datasette.invoke_startup()
    print(json.dumps([await ask(datasette, *request.split(" ", 1)[::-1]) for request in requests]))

asyncio.run(main())
"""


@pytest.fixture
def aviary(tmp_path: Path) -> Path:
    """A folder with a database of birds, which `datasette .` would serve."""
    (tmp_path / "plugins").mkdir()
    furnish(tmp_path, "plugins/renamed.py")
    with closing(sqlite3.connect(tmp_path / "my birds.db")) as birds:
        birds.executescript("""
            create table birds (
                species text, place integer, "seen on" text, _hue text, a__b text, Wing real,
                primary key (species, place));
            create table flights (id integer primary key, flown text);
            insert into birds values ('song thrush', 1, '2024', 'brown', 'x', 6);
            insert into birds values ('tit/great', 2, '2025', 'blue', 'y', 7);
        """)
    write_metadata(tmp_path, BIRDS)
    return tmp_path


def write_metadata(folder: Path, renames: object) -> None:
    queries = {"how-many": "select count(*) as n from birds where species = :species"}
    about = {"plugins": {"renamed": renames}, "queries": queries}
    (folder / "metadata.json").write_text(json.dumps({"databases": {"my birds": about}}))


def answers(folder: Path, *requests: str, cors: str = "") -> list[Answer]:
    """Send `requests`, each a method and a target, to a Datasette in a separate process."""
    command = [sys.executable, "-c", ASK, str(folder), cors, *requests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [Answer(*answer) for answer in json.loads(done.stdout)]


def through(table: str, column: str) -> str:
    return quote_plus(json.dumps({"table": table, "column": column, "value": "1"}))


def locations(folder: Path, *targets: str) -> list[str | None]:
    found = answers(folder, *(f"GET {target}" for target in targets))
    assert all((answer.status == 301) == (answer.location is not None) for answer in found)
    return [answer.location for answer in found]


def test_any_database_can_declare_renames_of_pages_columns_values_and_parameters(
    aviary: Path,
) -> None:
    base = "/my~20birds"
    expected = {
        "/birds?spotted+on=2024": "/birds?seen+on=2024",
        "/birds?hue=brown&old=x": "/birds?_hue__exact=brown&a__b__exact=x",
        "/birds?hue__not=brown&_sort=hue": "/birds?_hue__not=brown&_sort=_hue",
        "/birds?species=thrush": "/birds?species=song+thrush",
        "/flights.json?_sort=spotted%20on": "/flights.json?_sort=flown",
        "/flights.json?hue=1": None,
        "/birds.json?_size=1": None,
        "/birds/a/b?hue=1": None,
        "/birds?_size__gt=1&_size=1": "/birds?place__gt=1&_size=1",
        "/flights?_through=" + through("fowl", "hue"): "/flights?_through="
        + through("birds", "_hue"),
        "/fowl": "/birds",
        "/fowl.csv?_size=1": "/birds.csv?_size=1",
        "/fowl?spotted+on__gt=2024&_col=hue": "/birds?seen+on__gt=2024&_col=_hue",
        "/fowl/thrush,1.json": "/birds/song+thrush,1.json",
        "/birds/thrush,1": "/birds/song+thrush,1",
        "/birds/a~2Cb,2": "/birds/tit~2Fgreat,2",
        "/birds/song+thrush,1": None,
        "/birds/1,thrush": None,
        "/how~20many.json?species=x": "/how-many.json?species=x",
        "/how-many.csv?kind=thrush": "/how-many.csv?species=song+thrush",
    }
    found = locations(aviary, *(base + target for target in expected))
    assert found == [new and base + new for new in expected.values()]


@pytest.mark.long
def test_each_redirect_of_a_plain_datasette_finds_its_rows(aviary: Path) -> None:
    targets = ["/birds.json?spotted+on=2024", "/birds.json?hue=brown&old=x", "/fowl/thrush,1.json"]
    moved = locations(aviary, *(f"/my~20birds{target}" for target in targets))
    for answer in answers(aviary, *(f"GET {location}" for location in moved)):
        assert [row[0] for row in json.loads(answer.text)["rows"]] == ["song thrush"]


@pytest.mark.long
def test_base_url_begins_the_new_address_once(aviary: Path) -> None:
    (aviary / "settings.json").write_text('{"base_url": "/aviary/"}')
    new = "/aviary/my~20birds/birds?_sort=_hue"
    old = "/my~20birds/birds?_sort=hue"
    assert locations(aviary, old, f"/aviary{old}", f"/aviary{new[7:]}") == [new, new, None]


def test_no_address_redirects_away_from_the_site(aviary: Path) -> None:
    targets = [
        "//evil.example/birds?_sort=hue",
        "//my~20birds/birds?_sort=hue",
        "/\\evil.example/birds?_sort=hue",
        "http://evil.example/birds?_sort=hue",
        "/evil.example/my~20birds/birds?_sort=hue",
        "/my~20birds/birds?_sort=hue&a=\r\nLocation: http://evil.example",
        "/my~20birds/birds/\r\n?_sort=hue",
    ]
    assert locations(aviary, *targets) == [None] * len(targets)


@pytest.mark.long
def test_a_redirect_can_be_read_by_other_sites_if_the_site_allows_it(aviary: Path) -> None:
    (answer,) = answers(aviary, "GET /my~20birds/birds?hue=1", cors="yes")
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.long
def test_a_plain_datasette_is_asked_by_post_as_before(aviary: Path) -> None:
    (answer,) = answers(aviary, "POST /my~20birds/birds?hue=1")
    assert answer.location is None


def test_an_error_of_sql_names_the_new_table_and_every_column_that_may_be_meant(
    aviary: Path,
) -> None:
    errors = {
        "select * from fowl": "no such table: fowl; it is now birds",
        "select [spotted on] from flights": "no such column: spotted on; it is now flown",
        "select [spotted on] from birds, flights": "no such column: spotted on; "
        "it is now seen on or flown",
        "select hue from flights": "no such column: hue",
    }
    found = answers(aviary, *(f"GET /my~20birds.json?sql={quote_plus(sql)}" for sql in errors))
    assert [json.loads(answer.text)["error"] for answer in found] == list(errors.values())


@pytest.mark.long
@pytest.mark.parametrize(
    ("renames", "error"),
    [
        ({"pages": {"a": "b", "b": "a"}}, "a, b is both an old and a new name"),
        ({"columns": {"birds": {"A": "b", "c": "a"}}}, "a is both an old and a new name"),
        ({"values": {"birds": {"hue": {"x": "x"}}}}, "x is both an old and a new name"),
        ({"column": {}}, "column: Extra inputs are not permitted"),
        ({"pages": {"a": 1}}, "pages.a: Input should be a valid string"),
        ({"pages": {"flights": "birds"}}, "still in use: flights"),
        ({"pages": {"how-many": "count"}}, "still in use: how-many"),
        (
            {"columns": {"birds": {"_HUE": "a__b", "wing": "b"}}},
            "still in use: birds._hue, birds.Wing",
        ),
    ],
)
def test_renames_that_could_mislead_stop_the_server(
    aviary: Path, renames: object, error: str
) -> None:
    write_metadata(aviary, renames)
    command = [sys.executable, "-m", "datasette", str(aviary), "--get", "/"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: metadata.yml, plugin renamed, database my birds: ")
    assert error in done.stderr


@pytest.mark.long
def test_a_database_without_renames_is_left_alone(aviary: Path) -> None:
    write_metadata(aviary, {})
    assert locations(aviary, "/my~20birds/birds.json?hue=1") == [None]
