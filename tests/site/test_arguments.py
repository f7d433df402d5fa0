"""What arguments of an address are answered with, in every format: on a plain Datasette, and on the site."""

from __future__ import annotations

import html
import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode, urljoin

import html5lib
import pytest
import yaml
from datasette.app import Datasette

from ingest.database.staging import MET_SCHEMA, SCHEMA
from tests.serving import ROOT
from tests.site.pages import METADATA, PAGES
from tests.site.test_errors import FORMATS, Library, check_body
from tests.site.test_renamed import Answer, ask

TABLE = "/library/members"
VIEW = "/library/joiners"
QUESTION = "/library/per-branch"
ROW = "/library/members/c1"
COLUMNS = ("card", "branch", "joined", "weight", "state", "a__b", "_hue", "notes", "home")
MEMBERS = """
create table branches (name text primary key);
insert into branches values ('North'), ('South'), ('Nowhere yet');
create table members (
    card text primary key, branch text references branches (name), joined integer, weight real, state text,
    a__b text, _hue text, notes text, home text references branches (name));
insert into members values ('c1', 'North', 2019, 1.5, 'in', 'x', 'red', 'likes poetry.', 'South'),
    ('c2', 'North', 2020, 2.5, 'out', 'y', 'blue', 'what', null), ('c3', null, 'unsure', null, 'in', null, null, '', 'Gone');
create virtual table members_fts using fts5 (notes, content="members");
insert into members_fts (rowid, notes) select rowid, notes from members;
create table keys (secret integer references secrets (id));
create table strays (stray text references nowhere (id));
create view joiners as select card, branch, joined, state from members;
create table tracked (id integer primary key, utm_source text);
insert into tracked values (1, 'letter');
"""
ABOUT: dict[str, Any] = {
    "plugins": {
        "arguments": {
            "accept": ["_version"],
            "paths": {"/fault": {"branch": "library.branches.name"}},
        }
    },
    "databases": {
        "library": {
            "plugins": {
                "arguments": {
                    "terms": {
                        "state": ["in", "out", "lost"],
                        "joiners.branch": "branches.name",
                        "branch": "branches.name",
                    },
                    "ids": {"one-member.card": "members.card"},
                }
            },
            "tables": {"secrets": {"allow": False}},
            "queries": {
                "per-branch": {
                    "sql": "select * from members where :branch in ('', branch)"
                    " and :joined in ('', cast(joined as text)) and notes like '%' || :words || '%'",
                    "parameters": {
                        "branch": {"choices": "branches.name"},
                        "joined": {"choices": "members.joined"},
                        "words": {"label": "Words"},
                    },
                },
                "one-member": {"sql": "select * from members where card = :card"},
                "everyone": {"sql": "select * from members"},
            },
        }
    },
}

MISTAKES: dict[str, tuple[str, ...]] = {
    # An address, and words that its message has: what is wrong, what may be meant, what is valid.
    f"{TABLE}?yaer=2021": ("no column “yaer”", "joined"),
    f"{TABLE}?joind=2021": ("no column “joind”", "mean joined?", *COLUMNS),
    f"{TABLE}?joind__not=2021": ("no column “joind”", "mean joined?", *COLUMNS),
    f"{TABLE}?joind__gtee=2021": ("no column “joind”",),
    f"{TABLE}?joined__gtee=2021": ("no operator “gtee”", "mean joined__gte?", "notblank"),
    f"{TABLE}?a__b=x": ("no operator “b”", "mean a__b__exact?"),
    f"{TABLE}?_hue=x": ("no argument “_hue”", "_hue__exact"),
    f"{TABLE}?_limit=5": ("no argument “_limit”", "_size", "_next", "_sort", "_version"),
    f"{TABLE}?_offset=10": ("no argument “_offset”", "_size", "_next"),
    f"{TABLE}?_page=2": ("no argument “_page”", "_size", "_next"),
    f"{TABLE}?limit=5": ("no column “limit”", "_size", "_next"),
    f"{TABLE}?page=2": ("no column “page”", "_size", "_next"),
    f"{TABLE}?q=a": ("no column “q”", "_search"),
    f"{TABLE}?_order_by=card": ("no argument “_order_by”", "_sort"),
    f"{TABLE}?_siez=5": ("no argument “_siez”", "mean _size?"),
    f"{TABLE}?_facet_month=joined": ("no argument “_facet_month”", "_facet_date"),
    f"{TABLE}?_sort=joind": ("no column “joind”", "mean joined?", *COLUMNS),
    f"{TABLE}?_sort_desc=JOINED": ("no column “JOINED”", "mean joined?"),
    f"{TABLE}?_sort=rowid": ("no column “rowid”",),
    f"{TABLE}?_col=joind": ("no column “joind”", "mean joined?"),
    f"{TABLE}?_nocol=joind": ("no column “joind”",),
    f"{TABLE}?_label=joind": ("no column “joind”",),
    f"{TABLE}?_json=joind": ("no column “joind”",),
    f"{TABLE}?_facet=joind": ("no column “joind”",),
    f"{TABLE}?_facet_date=joind": ("no column “joind”",),
    f"{TABLE}?_facet=" + quote_plus('{"column": "joind"}'): ("no column “joind”",),
    f"{TABLE}?_filter_column=joind&_filter_op=exact&_filter_value=1": ("no column “joind”",),
    f"{TABLE}?_filter_column_2=joind": ("no column “joind”",),
    f"{TABLE}?joined=abc": ("joined must be a number", "abc"),
    f"{TABLE}?joined__exact=MMXX": ("joined must be a number",),
    f"{TABLE}?joined__gt=abc": ("joined must be a number",),
    f"{TABLE}?JOINED__lte=abc": ("joined must be a number",),
    f"{TABLE}?joined__in=2019,abc": ("joined must be a number", "abc"),
    f"{TABLE}?joined__notin=" + quote_plus('[2019, "abc"]'): ("joined must be a number",),
    f"{TABLE}?weight=heavy": ("weight must be a number",),
    f"{TABLE}?joined=nan": ("joined must be a number",),
    f"{TABLE}?branch=Noth": ("no such branch", "Noth", "mean North?", "South", "Nowhere yet"),
    f"{TABLE}?branch=north": ("no such branch", "mean North?"),
    f"{TABLE}?branch__not=Noth": ("no such branch",),
    f"{TABLE}?branch__in=North,Noth": ("no such branch", "Noth"),
    f"{TABLE}?branch__notin=Noth": ("no such branch",),
    f"{TABLE}?home=Noth": ("no such home", "mean North?"),
    f"{TABLE}?state=inn": ("no such state", "mean in?", "out", "lost"),
    f"{TABLE}?_size=abc": ("_size must be",),
    f"{TABLE}?_size=-1": ("_size must be",),
    f"{TABLE}?_facet_size=abc": ("_facet_size must be",),
    f"{TABLE}?_timelimit=abc": ("_timelimit must be",),
    f"{TABLE}?_shape=list": ("_shape must be", "arrayfirst"),
    f"{TABLE}?_search=what&_searchmode=row": ("_searchmode must be", "raw"),
    f"{TABLE}?_search_note=what": ("no column “note” to search", "mean notes?"),
    f"{TABLE}?joined=2019&yaer=1&branch=North": ("no column “yaer”",),
    f"{TABLE}?" + "x" * 3000 + "=1": ("no column “xxx", "…”"),
    f"{TABLE}?%22%C3%A9=1": ("no column “\"é”", "joined"),
    f"{TABLE}?joined__in=[2019": ("joined__in is not valid JSON",),
    f"{TABLE}?_facet={{": ("_facet is not valid JSON",),
    f"{VIEW}?joind=2019": ("no column “joind”", "mean joined?"),
    f"{VIEW}?_search=what": ("joiners can’t be searched", "_search"),
    f"{VIEW}?_search_card=what": ("joiners can’t be searched",),
    f"{VIEW}?_sort=weight": ("no column “weight”", "card"),
    f"{VIEW}?rowid=1": ("no column “rowid”",),
    f"{VIEW}?branch=Noth": ("no such branch", "mean North?"),
    f"{VIEW}?state=inn": ("no such state",),
    f"{VIEW}?joined=abc": ("joined must be a number",),
    f"{QUESTION}?brnach=North": ("no argument “brnach”", "mean branch?", "joined", "words"),
    f"{QUESTION}?_limit=5": ("no argument “_limit”", "_size", "_next", "branch", "_shape"),
    f"{QUESTION}?_sort=joined": ("no argument “_sort”",),
    f"{QUESTION}?joined__gt=2019": ("no argument “joined__gt”", "mean joined?"),
    f"{QUESTION}?_size=5": ("_size can only be max",),
    f"{QUESTION}?branch=Noth": ("no such branch", "mean North?", "Nowhere yet"),
    f"{QUESTION}?joined=abc": ("joined must be a number",),
    f"{QUESTION}?joined=1850": ("no such joined", "2019"),
    f"{QUESTION}?_shape=list": ("_shape must be",),
    "/library/everyone?branch=North": ("no argument “branch”",),
    f"{ROW}?joined=2019": ("no argument “joined”",),
    f"{ROW}?_shape=list": ("_shape must be",),
    "/library?slq=select+1": ("no argument “slq”", "mean sql?"),
}  # fmt: skip
MISTAKES_OF_OTHER_PATHS = {"/fault?x=1": "no argument “x”", "/fault?branch=Noth": "no such branch"}
RIGHT: dict[str, int] = {
    # An address, and how many rows it has.
    TABLE: 3,
    f"{TABLE}?joined=2019": 1,
    f"{TABLE}?JOINED=2019&_hue__exact=red&a__b__exact=x": 1,
    f"{TABLE}?joined=1850": 0,
    f"{TABLE}?joined__gt=2019.5": 2,
    f"{TABLE}?joined=unsure": 1,
    f"{TABLE}?joined__startswith=20": 2,
    f"{TABLE}?joined__in=2019,2020": 2,
    f"{TABLE}?joined=": 0,
    f"{TABLE}?weight__lt=1e3": 2,
    f"{TABLE}?branch=Nowhere+yet": 0,
    f"{TABLE}?branch__not=North": 0,
    f"{TABLE}?branch__isnull=1": 1,
    f"{TABLE}?branch=": 0,
    f"{TABLE}?branch__contains=ort": 2,
    f"{TABLE}?home=Gone": 1,
    f"{TABLE}?state=lost": 0,
    f"{TABLE}?card=c9": 0,
    f"{TABLE}?notes=likes+poetry.": 1,
    f"{TABLE}?notes=none+such.": 0,
    f"{TABLE}?rowid=2": 1,
    f"{TABLE}?_search=poetry.": 1,
    f"{TABLE}?_search_notes=what": 1,
    f"{TABLE}?_sort=joined&_col=joined&_label=branch&_labels=on": 3,
    f"{TABLE}?_sort=&_sort_desc=": 3,
    f"{TABLE}?_facet=branch&_facet_date=joined&_facet_size=max": 3,
    f"{TABLE}?_version=1&_nocount=1&_nofacet=1&_nosuggest=1&_ttl=1&_timelimit=100": 3,
    f"{TABLE}?_where=joined=2019": 1,
    "/library/strays?stray=x": 0,
    "/library/numbers?number=3&_sort=number": 1,
    "/library/notes?rowid=2&_sort=rowid": 1,
    f"{VIEW}?branch=Nowhere+yet": 0,
    f"{VIEW}?joined__gt=2019&_sort=joined&_next=1": 1,
    QUESTION: 3,
    f"{QUESTION}?branch=&joined=&words=": 3,
    f"{QUESTION}?branch=North&joined=2019&words=poetry.&_version=1&_size=max": 1,
    f"{QUESTION}?branch=Nowhere+yet": 0,
    "/library/one-member?card=c9": 0,
    "/library/everyone": 3,
    f"{ROW}?_labels=on": 1,
    "/library/tracked?utm_source=letter": 1,
    "/library?sql=select+:utm_source&utm_source=a": 1,
}
CLEAN: dict[str, str] = {
    f"{TABLE}?joined=2019&utm_source=x": f"{TABLE}?joined=2019",
    f"{TABLE}?utm_medium=x&joined=2019&UTM_Campaign=y&fbclid=1&gclid=2": f"{TABLE}?joined=2019",
    f"{TABLE}?fbclid=1": TABLE,
    f"{TABLE}.csv?gclid=1&_size=1": f"{TABLE}.csv?_size=1",
    f"{QUESTION}.json?branch=North&utm_source=x": f"{QUESTION}.json?branch=North",
    f"{ROW}?fbclid=1": ROW,
    "/?utm_source=x": "/",
    "/library/tracked?utm_source=letter&utm_medium=x": "/library/tracked?utm_source=letter",
    "/library?sql=select+1&utm_source=x": "/library?sql=select+1",
    f"{TABLE}?joined=2019&amp;branch=North": f"{TABLE}?joined=2019&branch=North",
    f"{TABLE}?amp;joined=2019&amp;amp;branch=North": f"{TABLE}?joined=2019&branch=North",
    f"{TABLE}?joined=2019&amp;utm_source=x": f"{TABLE}?joined=2019",
    f"{TABLE}?joined=2019.": f"{TABLE}?joined=2019",
    f"{TABLE}?joined=2019).": f"{TABLE}?joined=2019",
    f"{TABLE}?joined=2019%E2%80%99": f"{TABLE}?joined=2019",
    f"{TABLE}?joined=2019%20": f"{TABLE}?joined=2019",
    f"{TABLE}?joined=2019%29%2e": f"{TABLE}?joined=2019",
    f"{TABLE}.json?branch=North.": f"{TABLE}.json?branch=North",
    f"{TABLE}?branch__in=North,South)": f"{TABLE}?branch__in=North,South",
    f"{TABLE}?card=c1.": f"{TABLE}?card=c1",
    f"{TABLE}?_sort=joined,": f"{TABLE}?_sort=joined",
    f"{TABLE}?_size=2)": f"{TABLE}?_size=2",
    f"{TABLE}?_shape=array.": f"{TABLE}?_shape=array",
    f"{TABLE}?joined=2019&)": f"{TABLE}?joined=2019",
    f"{TABLE}?)": TABLE,
    f"{VIEW}?state=in%22": f"{VIEW}?state=in",
    f"{QUESTION}?words=poetry.&branch=North.": f"{QUESTION}?words=poetry.&branch=North",
    "/library/one-member?card=c1.": "/library/one-member?card=c1",
    f"{TABLE}.": TABLE,
    f"{TABLE})": TABLE,
    f"{TABLE}%E2%80%99": TABLE,
    f"{TABLE}%20": TABLE,
    f"{TABLE}.json).": f"{TABLE}.json",
    f"{ROW}.": ROW,
    f"{ROW}%20": ROW,
    f"{QUESTION}%E2%80%9D.": QUESTION,
    "/library.": "/library",
}
"""Addresses as they are pasted and shared, and the clean ones."""
UNCHANGED = (
    f"{TABLE}?notes=what.",
    f"{TABLE}?notes__contains=what)",
    f"{TABLE}?_search=what.",
    f"{QUESTION}?words=what.",
    f"{QUESTION}?branch=North&words=what%20",
    "/library/one-member?card=c9.",
    "/library?sql=select+(1)",
    "/library/branches/Nowhere+yet",
    "/library/odd~29",
    "/library/odd)",
    "/library/odd~29/1~2E",
    "/library/odd~29?word=1.",
)
"""Addresses whose last mark belongs to them."""


def with_format(target: str, form: str) -> str:
    path, _, query = target.partition("?")
    return f"{path}{form}{'?' if query else ''}{query}"


def message_of(answer: Answer, form: str) -> str:
    """Return the words of an error."""
    return str(json.loads(answer.text)["detail"]) if form == ".json" else html.unescape(answer.text)


def make(folder: Path, *plugins: str) -> Library:
    folder.mkdir(exist_ok=True)
    library = Library(folder, *plugins)
    (folder / "about.json").write_text(json.dumps(ABOUT))
    with closing(sqlite3.connect(folder / "library.db")) as database:
        database.executescript(MEMBERS)
        database.executescript(
            "create table [odd)] (word text primary key); insert into [odd)] values ('1.'), ('1');"
        )
    return library


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return make(tmp_path_factory.mktemp("members"), "client_errors", "arguments")


@pytest.fixture(scope="module")
def answered(library: Library) -> dict[str, Answer]:
    """The answers to every address above, in every format."""
    targets = [with_format(target, form) for target in (*MISTAKES, *RIGHT) for form in FORMATS]
    return library.get(*targets, *MISTAKES_OF_OTHER_PATHS, *CLEAN, *UNCHANGED, cors=True)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("target", MISTAKES, ids=lambda target: target[:60])
def test_a_mistake_is_a_400_that_says_what_is_valid(
    answered: dict[str, Answer], target: str, form: str
) -> None:
    answer = answered[with_format(target, form)]
    assert answer.status == 400
    check_body(answer, form, 400, "bad_argument")
    for words in MISTAKES[target]:
        assert words in message_of(answer, form)


@pytest.mark.long
@pytest.mark.parametrize("target", MISTAKES_OF_OTHER_PATHS)
def test_an_address_of_another_plugin_takes_what_is_declared(
    answered: dict[str, Answer], target: str
) -> None:
    assert answered[target].status == 400
    assert MISTAKES_OF_OTHER_PATHS[target] in html.unescape(answered[target].text)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("target", RIGHT)
def test_what_is_valid_is_answered(answered: dict[str, Answer], target: str, form: str) -> None:
    answer = answered[with_format(target, form)]
    assert answer.status == 200, answer.text[:300]
    if form == ".json":
        assert len(json.loads(answer.text)["rows"]) == RIGHT[target]


@pytest.mark.long
@pytest.mark.parametrize("target", CLEAN)
def test_an_address_from_a_message_or_another_site_leads_to_the_clean_one(
    answered: dict[str, Answer], target: str
) -> None:
    assert (answered[target].status, answered[target].location) == (301, CLEAN[target])
    assert answered[target].headers["access-control-allow-origin"] == "*"


@pytest.mark.long
def test_a_clean_address_is_answered(library: Library) -> None:
    found = library.get(*CLEAN.values())
    assert {target: answer.status for target, answer in found.items() if answer.status != 200} == {}


@pytest.mark.long
@pytest.mark.parametrize("target", UNCHANGED)
def test_a_mark_that_belongs_to_an_address_stays(answered: dict[str, Answer], target: str) -> None:
    assert answered[target].status == 200, answered[target].location


def many(name: str, number: int, value: str = "x{}") -> str:
    return urlencode([(name, value.format(index)) for index in range(number)])


def in_list(number: int) -> str:
    return quote_plus(json.dumps([f"x{index}" for index in range(number)]))


BOUNDS = {
    # An address with as much as the bound, one with more, and the words that name the bound.
    f"{TABLE}?{many('card__not', 100)}": (
        f"{TABLE}?{many('card__not', 101)}",
        "at most 100 arguments, not 101",
    ),
    f"{TABLE}?{many('notes__contains', 100)}": (
        f"{TABLE}?{many('notes__contains', 800)}",
        "at most 100 arguments, not 800",
    ),
    f"{TABLE}?{many('card', 100, '')}": (f"{TABLE}?{many('card', 101, '')}", "100 arguments"),
    f"{TABLE}?{many('_facet', 20, 'card')}": (
        f"{TABLE}?{many('_facet', 10, 'card')}&{many('_facet_array', 11, 'card')}",
        "at most 20 facets, not 21",
    ),
    f"{TABLE}?card__in={in_list(100)}&{many('card__not', 99)}": (
        f"{TABLE}?card__in={in_list(60)}&notes__notin=" + ",".join("a" * 41),
        "at most 100 values, not 101",
    ),
    f"{TABLE}?card__in=" + ",".join(f"c{index}" for index in range(100)): (
        f"{TABLE}?card__in=" + ",".join(f"c{index}" for index in range(9000)),
        "at most 100 values, not 9000",
    ),
    f"{TABLE}?_search={'a+' * 200}": (f"{TABLE}?_search={'a+' * 201}", "at most 200 words"),
    f"{TABLE}?_search_notes={'a!' * 200}": (
        f"{TABLE}?_search_notes={'a!' * 201}",
        "_search_notes can have at most 200 words",
    ),
    f"{QUESTION}?words={'a+' * 200}": (f"{QUESTION}?words={'a+' * 201}", "at most 200 words"),
    f"/library?sql=select+escape_fts(:q)&q={'a+' * 200}": (
        f"/library?sql=select+escape_fts(:q)&q={'a+' * 201}",
        "q can have at most 200 words",
    ),
    f"/library?sql=select+:q&q={'a+' * 9000}": (
        f"/library?sql=select+:q&{many('q', 100)}",
        "at most 100 arguments, not 101",
    ),
}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("at", BOUNDS, ids=lambda target: target[:40])
def test_a_bound_is_kept_and_named_beyond_it(
    bounded: dict[str, Answer], at: str, form: str
) -> None:
    beyond, words = BOUNDS[at]
    assert bounded[with_format(at, form)].status == 200, bounded[with_format(at, form)].text[:300]
    answer = bounded[with_format(beyond, form)]
    assert answer.status == 400
    check_body(answer, form, 400, "bad_argument")
    assert words in message_of(answer, form)


@pytest.fixture(scope="module")
def bounded(library: Library) -> dict[str, Answer]:
    targets = [target for at, (beyond, _) in BOUNDS.items() for target in (at, beyond)]
    return library.get(
        *(with_format(target, form) for target in targets for form in FORMATS), cors=True
    )


@pytest.mark.long
def test_the_bounds_are_for_the_host_to_set(tmp_path: Path) -> None:
    library = make(tmp_path / "own", "arguments")
    about = json.loads((library.folder / "about.json").read_text())
    about["plugins"]["arguments"]["bounds"] = {"facets": 1, "values": 2}
    (library.folder / "about.json").write_text(json.dumps(about))
    found = library.get(
        *(f"{TABLE}?{many('_facet', number, 'card')}" for number in (1, 2)),
        *(f"{TABLE}?card__in={in_list(number)}" for number in (2, 3)),
    )
    assert [answer.status for answer in found.values()] == [200, 400, 200, 400]


@pytest.mark.long
def test_a_mistake_has_the_same_status_where_other_plugins_are_missing(tmp_path: Path) -> None:
    plain = make(tmp_path / "plain", "arguments")
    targets = [with_format(target, form) for target in MISTAKES for form in FORMATS]
    # Without client_errors, Datasette fails on some missing pages where the library rich is installed.
    pasted = {target: clean for target, clean in CLEAN.items() if "?" in target}
    found = plain.get(*targets, *pasted)
    assert {target for target in targets if found[target].status != 400} == set()
    for target, clean in pasted.items():
        assert (found[target].status, found[target].location) == (301, clean)


@pytest.mark.long
def test_base_url_begins_the_clean_address_once(site: Datasette, tmp_path: Path) -> None:
    library = make(tmp_path / "based", "arguments")
    (library.folder / "settings.json").write_text('{"base_url": "/books/"}')
    (library.folder / "metadata.json").write_text(json.dumps(ABOUT))
    script = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom datasette.app import Datasette\n"
        "async def main():\n"
        f"    datasette = Datasette([], config_dir=Path({str(library.folder)!r}))\n"
        "    await datasette.invoke_startup()\n"
        "    for path in sys.argv[1:]:\n"
        "        answer = await datasette.client.request('GET', path, avoid_path_rewrites=True)\n"
        "        print('ANSWER', answer.status_code, answer.headers.get('location'))\n"
        "asyncio.run(main())"
    )
    (library.folder / "templates" / "pages" / "page-with-a-fault.html").unlink()
    paths = ("?fbclid=1", "?joined=2019.", ")", "?joind=1")
    addresses = [f"{base}{TABLE}{rest}" for rest in paths for base in ("/books", "")]
    done = subprocess.run(
        [sys.executable, "-c", script, *addresses], capture_output=True, text=True, cwd=ROOT
    )
    found = re.findall("^ANSWER (.*)$", done.stdout, re.MULTILINE)
    clean = f"/books{TABLE}"
    expected = [f"301 {clean}", f"301 {clean}?joined=2019", f"301 {clean}", "400 None"]
    assert found == [each for each in expected for _ in range(2)], done.stderr


@pytest.mark.long
def test_no_redirect_leads_away_from_the_site(library: Library) -> None:
    targets = (
        "//evil.example?utm_source=x",
        "//evil.example).",
        "/\\evil.example?utm_source=x",
        "/\\evil.example.",
        "/library/members?utm_source=x&a=\r\nLocation: http://evil.example",
    )
    for target, answer in library.get(*targets).items():
        location = answer.location or "/"
        assert re.match(r"/(?![/\\])", location), target
        assert not re.search(r"\s", location), target


@pytest.mark.long
def test_sql_ignores_what_it_does_not_use_and_says_so(library: Library) -> None:
    asked = "sql=select+:card+as+card&card=c1"
    for form in FORMATS:
        targets = (f"/library{form}?{asked}", f"/library{form}?{asked}&x%C3%A9=1&_limit=2&x=3")
        used, left = library.get(*targets).values()
        assert (used.status, left.status) == (200, 200)
        assert "x-ignored-arguments" not in used.headers
        assert left.headers["x-ignored-arguments"] == "x%C3%A9, _limit, x"


@pytest.mark.long
def test_a_hidden_table_tells_nothing(library: Library) -> None:
    targets = ("secret_colum=1", "secret_column=1", "secret_column__x=1", "_limit=1", "id=1.")
    addresses = [f"/library/secrets{form}?{query}" for query in targets for form in FORMATS]
    for target, answer in library.get(*addresses).items():
        assert answer.status == 403, target
        assert "secret_column" not in answer.text
    referring = ("/library/keys.json?secret=1", "/library/keys.json?secret=99")
    assert {answer.status for answer in library.get(*referring).values()} == {200}


@pytest.mark.long
def test_what_does_not_exist_is_a_404_whatever_its_arguments(library: Library) -> None:
    paths = ("/nowhere?x=1", "/library/nothing?x=1", f"{TABLE}.tsv?x=1", "/library/nothing")
    for target in paths:
        assert library.get(target)[target].status == 404


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("site", "database", "told"),
    [
        ({"accepts": ["_a"]}, {}, "accepts\n  Extra inputs are not permitted"),
        ({"paths": {"/x": ["a"]}}, {}, "paths./x\n"),
        ({"paths": {"/x": {"a": "library.nothing.name"}}}, {}, "library.nothing.name"),
        ({"paths": {"/x": {"a": "nowhere.branches.name"}}}, {}, "nowhere.branches.name"),
        ({}, {"term": {}}, "term\n  Extra inputs are not permitted"),
        ({}, {"terms": {"state": "branches.nothing"}}, "library.branches.nothing"),
        ({}, {"ids": {"one-member.card": "nothing.card"}}, "library.nothing.card"),
    ],
)
def test_a_mistake_in_the_configuration_stops_the_server(
    tmp_path: Path, site: object, database: object, told: str
) -> None:
    library = make(tmp_path / "wrong", "arguments")
    about = {
        "plugins": {"arguments": site},
        "databases": {"library": {"plugins": {"arguments": database}}},
    }
    (library.folder / "metadata.json").write_text(json.dumps(about))
    (library.folder / "about.json").unlink()
    command = [sys.executable, "-m", "datasette", str(library.folder), "--get", "/"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: metadata.yml, plugin arguments: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


# The site.

OFFICERS = "/foi/officer_allegations"


class Case(NamedTuple):
    target: str
    status: int
    words: tuple[str, ...] = ()


CASES = (
    Case(f"{OFFICERS}?yaer=2021", 400, ("“yaer”", "year", "redaction_band")),
    Case(f"{OFFICERS}?yaer__not=2021", 400, ("“yaer”", "year")),
    Case(f"{OFFICERS}?year__gtee=2021", 400, ("“gtee”", "year__gte", "notnull")),
    *(
        Case(f"{OFFICERS}?{name}=5", 400, (f"“{name}”", "_size", "_next"))
        for name in ("_limit", "_offset", "_page")
    ),
    Case("/foi/officers_counted?_search=a", 400, ("_search",)),
    Case(f"{OFFICERS}?_sort=yaer", 400, ("“yaer”", "year")),
    Case(f"{OFFICERS}?year=twenty", 400, ("year must be a number",)),
    Case("/foi/officers_counted?year=twenty", 400, ("year must be a number",)),
    Case("/foi/search?q=a&year=twenty", 400, ("year must be a number",)),
    *(
        Case(f"{page}?rank=Constabel", 400, ("no such rank", "Constable", "Sergeant"))
        for page in (OFFICERS, "/foi/officers_counted", "/foi/search")
    ),
    Case(f"{OFFICERS}?status=open", 400, ("no such status", "under investigation")),
    Case("/foi/mentions?mention=Telegram", 400, ("no such mention", "WhatsApp")),
    Case("/foi/officers-per-year?disclosure_id=x", 400, ("no such disclosure", "01-FOI-22-026570")),
    Case("/foi/officers-per-year?year=2019", 400, ("“year”", "disclosure_id")),
    Case(f"{OFFICERS}?redaction_band=unknown&redaction_count=1", 200),
    Case(f"{OFFICERS}?status=missing", 200),
    Case("/foi/redactions?form=box", 200),
    Case(f"{OFFICERS}?_release=0123456789ab&_count=1", 200),
    Case("/foi/search?q=what.&year=&rank=&result=&disclosure_id=", 200),
)


@pytest.mark.quick_cases(4)
@pytest.mark.asyncio
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.target)
async def test_the_site_answers_a_mistake_alike_in_every_format(
    site: Datasette, case: Case, form: str
) -> None:
    answer = await ask(site, with_format(case.target, form))
    assert answer.status == case.status
    for words in case.words:
        assert words in message_of(answer, form)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/drawing/officers-per-rank.svg", "/embed/officers-per-rank"])
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("x=1", 400),
        ("disclosure_id=x", 400),
        ("disclosure_id=", 200),
        ("_release=0123456789ab", 200),
    ],
)
async def test_a_chart_takes_the_arguments_of_its_question(
    site: Datasette, path: str, query: str, status: int
) -> None:
    assert (await ask(site, f"{path}?{query}")).status == status


@pytest.mark.asyncio
async def test_old_names_and_clean_addresses_go_together(site: Datasette) -> None:
    old = f"{OFFICERS}?withheld_on__isnull=1&amp;redaction_band=none&utm_source=x&year=2019."
    path: str | None = old
    for _ in range(6):
        answer = await ask(site, str(path))
        if answer.status != 301:
            break
        path = answer.location
    assert answer.status == 200
    assert path == f"{OFFICERS}?withdrawn_on__isnull=1&redaction_band=unmarked&year=2019"


@pytest.mark.asyncio
async def test_a_page_of_sql_notes_what_it_ignores(site: Datasette) -> None:
    pages = [(await ask(site, f"/foi?sql=select+1{more}")).text for more in ("", "&x%3C=1")]
    assert ["ignored" in page for page in pages] == [False, True]
    assert "<code>x&lt;</code>" in pages[1]


def forms_of(page: str) -> Iterator[tuple[str, list[tuple[str, list[str]]]]]:
    """Yield each form of a page: its action, and its fields with the values that they offer."""
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    for form in tree.iter("form"):
        fields = []
        for field in form.iter():
            name = field.get("name")
            if name and field.tag == "select":
                options = [
                    option.get("value", "".join(option.itertext()).strip())
                    for option in field.iter("option")
                ]
                fields.append((name, options))
            elif name and field.tag in ("input", "textarea") and field.get("type") != "checkbox":
                fields.append((name, [field.get("value") or field.text or ""]))
        yield form.get("action") or "", fields


@pytest.mark.long
@pytest.mark.asyncio
@pytest.mark.parametrize("path", PAGES)
async def test_no_link_or_form_of_a_page_is_refused(site: Datasette, path: str) -> None:
    page = (await site.client.get(path)).text
    found = re.findall(r'(?:href|src|action)="([^"#]+)', page)
    links = {urljoin(path, html.unescape(link)) for link in found}
    for action, fields in forms_of(page):
        for name, values in fields:
            for value in values[:30]:
                chosen = [(key, value if key == name else of[0]) for key, of in fields]
                links.add(f"{urljoin(path, action)}?{urlencode(chosen)}")
    asked = {link for link in links if link.startswith("/") and "?" in link}
    assert asked or path not in (OFFICERS, "/foi/officers-per-year")
    for link in asked:
        address, _, query = link.partition("?")
        if address.startswith("/foi/") and "." not in address:
            # The same arguments, answered fast.
            link = f"{address}.json?{query}" + ("&_size=0" if "_size" not in query else "")
        answer = await ask(site, link)
        if answer.status == 400 and "_size can only be max" in answer.text:
            answer = await ask(site, link.removesuffix("&_size=0"))
        assert answer.status in (200, 301, 302), f"{link}: {answer.text[:300]}"


def test_lists_of_terms_are_those_of_the_schema_and_the_rules() -> None:
    terms = METADATA["databases"]["foi"]["plugins"]["arguments"]["terms"]
    schema = SCHEMA.read_text("utf-8") + MET_SCHEMA.read_text("utf-8")
    closed: dict[str, set[str]] = {}
    for column, listed in re.findall(r"check \((\w+) in \(([^)]*'[^)]*)\)\)", schema):
        closed.setdefault(column, set()).update(re.findall(r"'([^']*)'", listed))
    given = {name.rpartition(".")[2]: source for name, source in terms.items()}
    for column, values in closed.items():
        assert column in given, f"{column} has a closed list, but no terms in metadata.yml"
        if isinstance(given[column], list):
            assert set(given[column]) - {"missing"} == values, column
    evidence = ROOT / "ingest" / "evidence"
    mentions = yaml.safe_load((evidence / "mentions.yml").read_text("utf-8"))
    assert given["mention"] == [each["mention"] for kind in mentions.values() for each in kind]
    rules = (evidence / "publisher_queries.yml").read_text("utf-8")
    assert given["rule"] == re.findall(r"^ *- rule: (.*)$", rules, re.MULTILINE)
