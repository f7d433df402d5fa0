"""Responses to mistakes in every format, on a plain Datasette and on the site."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote_plus

import pytest
from datasette.app import Datasette
from datasette.filters import Filters

from tests.serving import ROOT, a_plugin, furnish
from tests.site.test_renamed import Answer, ask

client_errors = a_plugin("client_errors")

FORMATS = ("", ".json", ".csv", ".xlsx")
TYPES = {"": "text/html", ".json": "application/json"}
"""The content type of an error by format; text/plain for all others."""
ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"


class Mistake(NamedTuple):
    """An address with a mistake, without the format: its path and query, and what to answer."""

    path: str
    query: str
    status: int
    type: str

    def target(self, form: str) -> str:
        return f"{self.path}{form}{'?' if self.query else ''}{self.query}"


def in_sql(sql: str, type: str = "sql_error") -> Mistake:
    return Mistake("/library", f"sql={quote_plus(sql)}", 400, type)


def missing(*paths: str) -> list[Mistake]:
    return [Mistake(path, "", 404, "not_found") for path in paths]


def malformed(path: str, *queries: str) -> list[Mistake]:
    return [Mistake(path, query, 400, "bad_argument") for query in queries]


MISTAKES = [
    *missing(
        "/nowhere",
        "/library/nothing",
        "/library/nothing/1",
        "/library/books/99",
        "/library/books/~ZZ",
        "/library/books/1,2",
        "/library/loans/1",
        "/library/titles/1",
        "/library/by-title/1",
        "/library/" + "x" * 5000,
        "/library/books/" + "9" * 5000,
    ),
    *map(
        in_sql,
        (
            "slect 1",
            "select",
            "select * from absent",
            "select absent from books",
            "select 1; select 2",
            "delete from books",
            "with a as (select 1) insert into authors values (3, 'Cy')",
            "select ?",
            "select '\0'",
            "select 'a",
            "select json('x')",
            "pragma table_info(books)",
        ),
    ),
    in_sql(ENDLESS, "time_limit"),
    in_sql("", "bad_argument"),
    in_sql(" ", "bad_argument"),
    Mistake("/library/broken", "", 400, "sql_error"),
    Mistake("/library/endless", "", 400, "time_limit"),
    Mistake("/library/books", "_where=absent", 400, "sql_error"),
    Mistake("/library/books", "_facet_array=title", 400, "sql_error"),
    Mistake("/library/books", "_shape=array&_facet_array=title", 400, "sql_error"),
    Mistake("/library/books", f"_where={quote_plus(f'({ENDLESS})')}", 400, "time_limit"),
    Mistake("/library/books", "_fts_table=absent&_search=a", 400, "sql_error"),
    Mistake("/library/books", "id__in=[[1]]", 400, "sql_error"),
    *malformed("/library", "sql=select+1&_timelimit=abc", "sql=select+1&_shape=object"),
    *malformed("/library/by-title", "title=A&_timelimit=abc", "title=A&_shape=bogus"),
    *malformed("/library/titles", "_next=abc", "_shape=object"),
    *malformed("/library/notes", "_shape=object", "_col=nothing", "_nocol=nothing"),
    *malformed("/library/books/1", "_shape=bogus"),
    *malformed(
        "/library/books",
        "_timelimit=abc",
        "_size=abc",
        "_size=-1",
        "_size=%C2%B2",
        "_ttl=%C2%B2",
        "_facet_size=%C2%B2",
        "_through=x",
        "_through={}",
        "_through=[]",
        "_through=" + quote_plus('{"table": "notes", "column": "note", "value": 1}'),
        "_facet={",
        "_facet={}",
        "_facet=nothing",
        "_facet_array={%22simple%22:%22nothing%22}",
        "_facet_date=nothing",
        "_sort=nothing",
        "_sort=id&_sort_desc=id",
        "_shape=bogus",
        "_shape=",
        "_json_infinity=x",
        "id__in=[",
        "_fts_table=books&_searchx=1",
    ),
    Mistake("/library/secrets", "", 403, "forbidden"),
    Mistake("/library/secrets/1", "", 403, "forbidden"),
    Mistake("/fault", "", 500, "server_error"),
    Mistake("/library/books", "fault=1", 500, "server_error"),
    Mistake("/spoiled", "sql=select+*+from+pages", 500, "server_error"),
    Mistake("/spoiled/pages", "", 500, "server_error"),
]
MISTAKES_OF_ONE_FORMAT = {
    # What only one format asks for.
    "/library.csv": (400, "bad_argument"),
    "/library.xlsx": (400, "bad_argument"),
    "/library.blob": (400, "bad_argument"),
    "/library.json?_shape=array": (400, "bad_argument"),
    "/library.json?_shape=arrayfirst": (400, "bad_argument"),
    "/library/books.blob": (400, "bad_argument"),
    "/library/books.blob?_blob_column=nothing": (400, "bad_argument"),
    "/library/books.blob?_blob_column=cover&id=99": (404, "not_found"),
    "/library/books/1.blob?_blob_column=title&_blob_hash=x": (400, "bad_argument"),
    "/nowhere.db": (404, "not_found"),
    "/library.tsv?sql=select+1": (404, "not_found"),
    "/library/books.tsv": (404, "not_found"),
    "/library/books.html": (404, "not_found"),
    "/library/books/1.tsv": (404, "not_found"),
    "/library/by-title.tsv": (404, "not_found"),
    "/-/nothing.tsv": (404, "not_found"),
    "/-/static/nothing.json": (404, "not_found"),
    "/-/static/nothing.css": (404, "not_found"),
    "/-/static/nothing": (404, "not_found"),
    "/-/static/../app.py": (404, "not_found"),
    # What no client of HTTP would send.
    "/library/\xff": (400, "bad_argument"),
    "/\xff.json": (400, "bad_argument"),
    "/-/static/" + "x" * 300: (404, "not_found"),
    "/page-with-a-fault": (500, "server_error"),
}
RIGHT = [
    "/",
    "/library",
    "/library.json",
    "/library/books",
    "/library/books.json?_shape=array&_size=1",
    "/library/books.csv",
    "/library/books.csv?_stream=on&_labels=on",
    "/library/books.xlsx",
    "/library/books/1",
    "/library/books/1.json?_shape=object",
    "/library/books/1.blob?_blob_column=cover",
    "/library/by-title.csv?title=A",
    "/library.csv?sql=select+1",
    "/library/books?title=%FF",
    "/library/books?title=%00",
    "/library/books?title=\xff",
    "/library/books?_ttl=abc",
    "/library/books?_facet=title&_facet_size=1",
    "/library/books.csv?_facet=title",
    "/-/versions.json",
    "/-/static/app.css",
    "/library.db",
]
COOKIES = (b"ds_messages=garbage", b"ds_actor=garbage", b"a[b]=c", b"\xff\xfe", b"a=" + b"x" * 9000)

FAULTS = """
from datasette import hookimpl

async def fault(request):
    raise RuntimeError("an inner matter")

@hookimpl
def register_routes():
    return [(r"^/fault(\\.\\w+)?$", fault)]

@hookimpl
def filters_from_request(request):
    if request.args.get("fault"):
        raise ValueError("an inner matter")

@hookimpl
def prepare_connection(conn):
    def below_150(number):
        if number >= 150:
            raise ValueError("an inner matter")
        return 1
    conn.create_function("below_150", 1, below_150)
"""
ASK = """
import asyncio, json, sys
sys._called_from_test = True  # Datasette then loads no installed plugin
from pathlib import Path
import datasette_xlsx
from datasette.app import Datasette
from datasette.plugins import pm
from tests.site.test_renamed import ask

async def main():
    folder, cors = sys.argv[1:]
    pm.register(datasette_xlsx)
    files = [f"{folder}/{name}.db" for name in ("library", "spoiled")]
    datasette = Datasette([], immutables=files, metadata=json.loads(Path(folder, "about.json").read_text()),
        plugins_dir=f"{folder}/plugins", template_dir=f"{folder}/templates", cors=bool(cors),
        settings={"sql_time_limit_ms": 250})
    await datasette.invoke_startup()
    answers = []
    for method, target, cookie in json.load(sys.stdin):
        answers.append(await ask(datasette, target, method, cookie.encode("latin-1")))
    print(json.dumps(answers))

asyncio.run(main())
"""


class Library:
    """A folder with a database of books, with faults, and with some of the project's plugins."""

    def __init__(self, folder: Path, *plugins: str) -> None:
        self.folder, self.log = folder, ""
        (folder / "plugins").mkdir()
        furnish(folder, *(f"plugins/{plugin}.py" for plugin in plugins))
        (folder / "plugins" / "faults.py").write_text(FAULTS)
        (folder / "templates" / "pages").mkdir(parents=True)
        (folder / "templates" / "pages" / "page-with-a-fault.html").write_text("{{ 1 / 0 }}")
        queries = {
            "by-title": "select * from books where title = :title",
            "broken": "select absent from books",
            "endless": ENDLESS,
        }
        about = {"queries": queries, "tables": {"secrets": {"allow": False}}}
        (folder / "about.json").write_text(json.dumps({"databases": {"library": about}}))
        with closing(sqlite3.connect(folder / "library.db")) as library:
            library.executescript("""
                create table authors (id integer primary key, name text);
                create table books (
                    id integer primary key, title text, author integer references authors (id), cover blob);
                create table loans (
                    book integer references books (id), day text, kind text, primary key (book, day));
                create table notes (note text, kind text);
                create table numbers (number integer primary key);
                create table secrets (id integer primary key, secret_column text);
                create view titles as select title from books;
                insert into authors values (1, 'Ann'), (2, 'Bo');
                insert into books values (1, 'A', 1, x'00ff'), (2, 'B', 2, null), (3, 'C', 1, null);
                insert into loans values (1, 'mon', 'x'), (1, 'tue', 'y'), (2, 'mon', 'z');
                insert into notes values ('a', 'z'), ('b', 'y'), ('c', 'x');
                with recursive n(i) as (select 1 union all select i + 1 from n where i < 250)
                    insert into numbers select i from n;
            """)
        with closing(sqlite3.connect(folder / "spoiled.db")) as spoiled:
            spoiled.execute("create table pages (page text)")
            spoiled.executemany("insert into pages values (?)", [("x" * 2000,)] * 100)
            spoiled.commit()
        with (folder / "spoiled.db").open("r+b") as file:
            file.seek(3 * 4096)
            file.write(b"\xff" * 30 * 4096)

    def answers(
        self, requests: Iterable[tuple[str, str, bytes]], cors: bool = False
    ) -> list[Answer]:
        """Send requests, each a method, a target and a cookie, to a process of their own."""
        sent = [(method, target, cookie.decode("latin-1")) for method, target, cookie in requests]
        command = [sys.executable, "-c", ASK, str(self.folder), "yes" if cors else ""]
        done = subprocess.run(
            command, input=json.dumps(sent), capture_output=True, text=True, cwd=ROOT
        )
        assert done.returncode == 0, done.stderr
        self.log = done.stderr
        return [Answer(*answer) for answer in json.loads(done.stdout.splitlines()[-1])]

    def get(self, *targets: str, method: str = "GET", cors: bool = False) -> dict[str, Answer]:
        """Return the answer to each target."""
        found = self.answers(((method, target, b"") for target in targets), cors)
        return dict(zip(targets, found, strict=True))


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    return Library(tmp_path_factory.mktemp("library"), "client_errors")


@pytest.fixture(scope="module")
def answered(library: Library) -> dict[str, Answer]:
    """Responses to every mistake in every format, on a site with CORS enabled."""
    targets = [mistake.target(form) for mistake in MISTAKES for form in FORMATS]
    return library.get(*targets, *MISTAKES_OF_ONE_FORMAT, cors=True)


def check_body(answer: Answer, form: str, status: int, kind: str) -> None:
    """Check that the body of an error is in the right form and says what the status says."""
    assert answer.headers["content-type"] == f"{TYPES.get(form, 'text/plain')}; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    if form == ".json":
        said = json.loads(answer.text)
        assert set(said) == {"ok", "error", "status", "title", "type", "detail"}
        assert (said["ok"], said["status"], said["type"]) == (False, status, kind)
        assert all(said[name] for name in ("error", "title", "detail"))
        assert "</" not in said["error"] + said["detail"]
    elif form:
        assert re.fullmatch(r"[^<]+\n", answer.text)
    else:
        assert "<h1>" in answer.text
    if status == 500:
        assert not re.search("an inner matter|Traceback|Error:|malformed", answer.text)


@pytest.mark.long
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.target("")[:60])
def test_a_mistake_has_one_status_in_every_format(
    answered: dict[str, Answer], mistake: Mistake, form: str
) -> None:
    answer = answered[mistake.target(form)]
    assert answer.status == mistake.status
    if (mistake.path, form) != ("/library/broken", ""):
        check_body(answer, form, mistake.status, mistake.type)


@pytest.mark.long
@pytest.mark.parametrize("target", MISTAKES_OF_ONE_FORMAT)
def test_a_mistake_of_one_format_has_its_status(answered: dict[str, Answer], target: str) -> None:
    status, kind = MISTAKES_OF_ONE_FORMAT[target]
    path = target.partition("?")[0]
    form = path[path.rindex("/") :].partition(".")[1:]
    assert answered[target].status == status
    check_body(answered[target], "".join(form), status, kind)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.target("")[:60])
def test_a_mistake_is_described_alike_in_every_format(
    answered: dict[str, Answer], mistake: Mistake
) -> None:
    detail = json.loads(answered[mistake.target(".json")].text)["detail"]
    for form in (".csv", ".xlsx"):
        assert answered[mistake.target(form)].text.startswith(detail)
    if mistake.path != "/library/broken":
        page = unescape(answered[mistake.target("")].text)
        assert detail.partition(" Did you mean")[0] in page


@pytest.mark.long
def test_faults_are_logged_and_mistakes_are_not(library: Library) -> None:
    for target in ("/fault.csv", "/library/books.json?fault=1", "/page-with-a-fault"):
        assert library.get(target)[target].status == 500
        assert "Traceback" in library.log
    library.get("/library/nothing", "/library.csv?sql=slect", "/library/books?_size=abc")
    assert "Traceback" not in library.log


def test_only_modules_of_datasette_that_read_arguments_are_trusted_to_blame_the_visitor() -> None:
    with pytest.raises(KeyError) as elsewhere:
        Datasette([]).get_database("none")
    assert client_errors.problem_of(elsewhere.value).status == 500
    with pytest.raises(ValueError, match="Expecting value") as reading:
        Filters([("id__in", "[")]).build_where_clauses("books")
    assert client_errors.problem_of(reading.value).status == 400


@pytest.mark.long
def test_other_sites_may_read_errors_only_if_they_may_read_answers(library: Library) -> None:
    targets = ("/library/books.json", "/library/nothing.json", "/library.csv?sql=slect")
    for answer in library.get(*targets).values():
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.long
def test_head_has_the_status_and_headers_of_get_and_no_body(library: Library) -> None:
    targets = [*RIGHT, *(mistake.target(".csv") for mistake in MISTAKES[:20]), "/-/static/none"]
    heads = library.get(*targets, method="HEAD")
    for target, answer in library.get(*targets).items():
        head = heads[target]
        assert (head.status, head.headers) == (answer.status, answer.headers), target
        assert head.text == ""
        assert answer.text


@pytest.mark.long
def test_what_is_right_is_answered(library: Library) -> None:
    assert {answer.status for answer in library.get(*RIGHT).values()} == {200}


@pytest.mark.long
@pytest.mark.parametrize("limit", ["", "&_size=5"])
def test_an_excel_file_that_fails_at_a_later_row_has_the_status_of_json(
    tmp_path: Path, limit: str
) -> None:
    library = Library(tmp_path, "client_errors", "excel")
    query = f"_where=below_150(number)&_nocount=1&_nofacet=1{limit}"
    targets = (
        f"/library/numbers.xlsx?{query}",
        "/library/numbers.json?_where=below_150(number)&_size=max",
    )
    excel, data = library.get(*targets).values()
    assert (excel.status, data.status) == (400, 400)
    assert json.loads(data.text)["error"] in excel.text


@pytest.mark.long
def test_any_other_method_is_refused_in_the_format_asked_for(library: Library) -> None:
    targets = {f"{page}{form}": form for page in ("/library/books", "/nowhere") for form in FORMATS}
    methods = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
    requests = [(method, target, b"") for method in methods for target in targets]
    found = library.answers(requests, cors=True)
    for (_, target, _), answer in zip(requests, found, strict=True):
        assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        check_body(answer, targets[target], 405, "method_not_allowed")


@pytest.mark.long
@pytest.mark.parametrize("cors", [False, True])
def test_options_names_the_methods(library: Library, cors: bool) -> None:
    targets = ("/", "/library/books.json", "/library.csv?sql=select+1", "/-/versions.json")
    for answer in library.get(*targets, method="OPTIONS", cors=cors).values():
        assert (answer.status, answer.headers["allow"]) == (200, "GET, HEAD, OPTIONS")
        assert ("access-control-allow-origin" in answer.headers) == cors


@pytest.mark.long
def test_an_unreadable_cookie_is_ignored(library: Library) -> None:
    found = library.answers(("GET", "/library/books.json", cookie) for cookie in COOKIES)
    assert {answer.status for answer in found} == {200}


@pytest.mark.long
def test_a_csv_that_fails_after_its_first_rows_says_so_in_its_last_line(library: Library) -> None:
    target = "/library/numbers.csv?_stream=on&_where=below_150(number)"
    lines = library.get(target)[target].text.split("\r\n")
    assert lines[:101] == ["number", *map(str, range(1, 101))]
    assert lines[101].startswith("THIS FILE IS INCOMPLETE: ")
    assert lines[102:] == [""]
    target = "/library/numbers.csv?_stream=on"
    assert library.get(target)[target].text == "number\r\n" + "".join(
        f"{number}\r\n" for number in range(1, 251)
    )


# A mistake in SQL, on a page.


def box_of(page: str) -> str:
    """Return the SQL in the box of a page."""
    (sql,) = re.findall(r'<textarea[^>]* name="sql"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL)
    return unescape(sql)


@pytest.mark.long
@pytest.mark.parametrize(
    "sql",
    [
        "slect 1",
        "select 1; select 2",
        "delete from books",
        "select nothing from books",
        ENDLESS,
        "select\n  'ü', \"\" -- <b>\nfrom nothing where a = :a",
        "select '</textarea><script>alert(1)</script>' from",
    ],
)
def test_a_page_keeps_sql_with_a_mistake_in_a_box(library: Library, sql: str) -> None:
    target = f"/library?sql={quote_plus(sql)}&a=%3Ci%3E"
    page = library.get(target)[target].text
    assert box_of(page) == sql
    assert not re.search("<script>alert|<i>|<b>", page)
    assert ('name="a" value="&lt;i&gt;"' in page) == (":a" in sql)
    assert re.search(r'<form class="sql" action="/library" method="get">', page)


@pytest.mark.long
def test_the_page_of_a_table_that_took_too_long_has_its_sql(library: Library) -> None:
    target = f"/library/books?title=A&_where={quote_plus(f'({ENDLESS})')}"
    page = library.get(target)[target].text
    assert box_of(page).startswith("select id, title, author, cover from books where ")
    assert 'name="p0" value="A"' in page


EXPLAINED = [
    ("slect 1", "Statement must be a SELECT", "must begin with SELECT", "select instead of slect"),
    ("delete from books", "Statement must be a SELECT", "can be read here, not changed", None),
    ("select titel from books", "no such column: titel", "column “titel”", "title, a column of books, titles"),
    ("select b.titel from books b", "no such column: b.titel", "column “b.titel”", "title, a column of books, titles"),
    ("select 1 from boks", "no such table: boks", "no table “boks”", "books"),
    ("select 1 from secret", "no such table: secret", "no table “secret”", None),
    ("select secret_colum from books", "no such column: secret_colum", "“secret_colum”", None),
    ("select uper(title) from books", "no such function: uper", "no function “uper”", "upper()"),
    ("select * fro books", 'near "fro": syntax error', "at “fro”", "from instead of fro"),
    ("select 1 from books grop by 1", 'near "by": syntax error', "at “by”", "group instead of grop"),
    ("select book from loans a, loans b", "ambiguous column name: book", "More than one table", "loans.book"),
    ("select 1; select 2", "You can only execute one statement at a time.", "only one can run", None),
    ("select (1", "incomplete input", "ends too early", None),
    ("select 'a", "unrecognized token: \"'a\"", "A quotation mark may be open", None),
    ("select title,\n autor\nfrom books", "no such column: autor", "“autor” in line 2", "author, a column of books"),
    ("select json('x')", "malformed JSON", "malformed JSON", None),
]  # fmt: skip
"""SQL, SQLite's message, words of the explanation, and the first name that may be meant."""


@pytest.fixture(scope="module")
def explained(library: Library) -> dict[str, Answer]:
    asked = (quote_plus(sql) for sql, *_ in EXPLAINED)
    return library.get(*(f"/library{form}?sql={sql}" for sql in asked for form in ("", ".json")))


@pytest.mark.parametrize(("sql", "error", "words", "hints"), EXPLAINED)
def test_an_error_of_sql_is_explained_with_the_names_that_may_be_meant(
    explained: dict[str, Answer], sql: str, error: str, words: str, hints: str | None
) -> None:
    page, data = (explained[f"/library{form}?sql={quote_plus(sql)}"] for form in ("", ".json"))
    said = json.loads(data.text)
    assert said["error"] == error
    detail, _, listed = said["detail"].partition(" Did you mean ")
    assert words in detail
    assert listed.rstrip("?").split("; ")[0] == (hints or "")
    shown = re.findall(r"<li>(.*?)</li>", page.text)
    assert [unescape(item) for item in shown[:1]] == ([hints] if hints else [])


@pytest.mark.parametrize(
    ("word", "sql", "place"),
    [
        ("b", "select a,\nb", " in line 2"),
        ("b", "select a, b", ""),
        ("b", "select b,\nb", ""),
        ("b", "select ab,\nc", ""),
        ("", "\n", ""),
    ],
)
def test_a_place_is_given_only_if_it_is_certain(word: str, sql: str, place: str) -> None:
    assert client_errors.place_of(word, sql) == place


# Selected columns.


@pytest.mark.long
def test_a_selected_column_is_listed_once_and_need_not_be_the_one_sorted_by(tmp_path: Path) -> None:
    library = Library(tmp_path, "client_errors", "selected_columns")
    targets = {
        "/library/books.csv?_col=id&_col=title&_size=1": "id,title\r\n1,A\r\n",
        "/library/loans.csv?_col=day&_sort=kind&_size=1": "book,day\r\n1,mon\r\n",
    }
    for target, text in targets.items():
        assert library.get(target)[target].text == text
    for table, columns in (("loans", "_col=day"), ("loans", "_nocol=kind"), ("notes", "_col=note")):
        for order in ("_sort=kind", "_sort_desc=kind"):
            page = f"/library/{table}?{columns}&{order}&_size=1"
            seen = []
            for labels in ("on", "off"):
                found, target = (
                    [],
                    f"/library/{table}.json?{columns}&{order}&_size=1&_labels={labels}",
                )
                assert library.get(page)[page].status == 200
                while target:
                    answer = json.loads(library.get(target)[target].text)
                    found += answer["rows"]
                    target = (answer["next_url"] or "").removeprefix("http://localhost")
                assert len(found) == 3, (page, labels)
                seen.append(found)
            if table == "notes":
                assert seen[0] == seen[1]


# The site.


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/drawing/nothing.svg", 404),
        ("/embed/nothing", 404),
        ("/drawing/officers-per-rank.svg?disclosure_id=none", 400),
        ("/embed/officers-per-rank?disclosure_id=none", 400),
        ("/drawing/search.svg", 404),
        ("/foi/officer_allegations/none", 404),
        ("/foi/officer_allegations/none.xlsx", 404),
        ("/foi/officer_allegations_fts.json", 403),
        ("/foi/mentions?_col=mention&_sort=kind", 200),
        ("/foi/officer_allegations?_sort=nothing", 400),
        ("/foi?sql=slect+1", 400),
    ],
)
async def test_mistakes_on_the_site_have_its_error_page(
    site: Datasette, target: str, status: int
) -> None:
    answer = await ask(site, target)
    assert answer.status == status
    form = re.findall(r"\.\w+$", target.partition("?")[0])
    kind = TYPES.get("".join(form), "text/plain")
    assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
    if not form:
        assert '<main id="main"' in answer.text
        assert '<html lang="en-GB">' in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/drawing/officers-per-rank.svg", "/embed/officers-per-rank"])
async def test_a_chart_over_the_time_limit_is_a_400(
    site: Datasette, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await ask(site, path)).status == 200
    monkeypatch.setattr(site, "sql_time_limit_ms", 1e-9)
    answer = await ask(site, path)
    assert answer.status == 400
    assert "too long" in answer.text


@pytest.mark.asyncio
async def test_the_site_lists_names_that_may_be_meant_but_not_hidden_ones(site: Datasette) -> None:
    target = "/foi.json?sql=" + quote_plus("select * from officer_allegation")
    said = json.loads((await ask(site, target)).text)
    assert said["detail"].endswith(" Did you mean officer_allegations?")
    target = "/foi?sql=" + quote_plus("select summry from officer_allegations")
    page = (await ask(site, target)).text
    assert "<li>summary, a column of officer_allegations</li>" in page
    assert box_of(page) == "select summry from officer_allegations"
    assert "officer_allegations_fts" not in page
