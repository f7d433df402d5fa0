"""Plugins that know nothing of this site's data, each alone on a Datasette of another database.

A plugin registers once per process and stays, so each of these Datasettes runs in its own.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ingest.database.inspect import write_inspect_data
from tests.serving import ROOT, a_plugin

GENERAL = (
    "redaction_density",
    "missing_values",
    "response_headers",
    "query_files",
    "release",
    "isolation",
    "limits",
    "hosts",
    "internals",
    "well_known",
    "access_log",
    "families",
)

SERVE = """
import asyncio, json, sys
from pathlib import Path
from datasette.app import Datasette

async def ask(folder, settings, *paths):
    datasette = Datasette([], config_dir=Path(folder), settings=json.loads(settings))
    await datasette.invoke_startup()
    answers = {}
    for path in paths:
        method, _, address = path.rpartition(" ")
        response = await datasette.client.request(
            method or "GET", address, avoid_path_rewrites="://" in address
        )
        answers[path] = (response.status_code, response.headers.multi_items(), response.text)
    print(json.dumps(answers))

asyncio.run(ask(*sys.argv[1:]))
"""
DATA = """
create table stages (name text primary key, label text);
insert into stages values ('done', 'Done'), ('started', 'Started');
create table degrees (name text primary key, label text);
insert into degrees values ('moderate', 'Some'), ('unknown', 'Who knows?');
create table letters (
    number integer primary key, branch text, stage text references stages (name),
    body text, extract text, hidden_by text references degrees (name), share real, weight integer, burnt_on text
);
insert into letters values
    (1, 'North', 'done', 'Dear [REDACTED], <b>all</b> is well here', '[REDACTED]', 'moderate', 0.0999, 7, null),
    (2, 'North', 'done', 'Nobody marked this', '[REDACTED]', 'unknown', null, null, null),
    (3, 'South', 'started', null, null, null, null, null, null),
    (4, 'South', 'done', null, null, null, null, 9, '2001-02-03');
"""


class Answer(NamedTuple):
    status: int
    headers: list[list[str]]
    text: str

    def values(self, header: str) -> list[str]:
        return [value for name, value in self.headers if name == header]

    def cells(self, column: str) -> list[str]:
        return re.findall(rf'<td class="col-{column}[^"]*">(.*?)</td>', self.text, re.DOTALL)


class Library:
    """A folder with a database of letters, one of the plugins and what it needs in metadata.yml."""

    def __init__(self, folder: Path, plugin: str, python: str, environment: dict[str, str]) -> None:
        self.folder, self.python, self.environment = folder, python, environment
        for name in ("plugins", "templates/pages", "queries"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "plugins" / f"{plugin}.py", folder / "plugins")
        with closing(sqlite3.connect(folder / "library.db")) as connection:
            connection.executescript(DATA)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def execute(self, sql: str) -> None:
        """Run SQL on the database."""
        with closing(sqlite3.connect(self.folder / "library.db")) as connection:
            connection.executescript(sql)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env={"PATH": os.defpath, "DATASETTE_LOAD_PLUGINS": "", **self.environment},
            capture_output=True,
            text=True,
        )

    def ask(self, *paths: str, **settings: object) -> dict[str, Answer]:
        """Return the response to each request, such as `/library` or `POST /library`."""
        done = self.run("-c", SERVE, str(self.folder), json.dumps(settings), *paths)
        assert done.returncode == 0, done.stderr
        # Datasette prints the tracebacks of 404s too, where the library rich is installed.
        answers = json.loads(done.stdout.splitlines()[-1])
        return {path: Answer(*answer) for path, answer in answers.items()}


BAR = '<span class="redacted"><span aria-hidden="true">[</span>redacted<span aria-hidden="true">]</span></span>'


def density_draws_bars_badges_and_measures(library: Library) -> None:
    library.write(
        "metadata.yml",
        """
        databases:
          library:
            plugins:
              redaction_density: {columns: [extract], measures: [amount], band: how}
            tables:
              letters:
                plugins:
                  redaction_density: {columns: [body], measures: [share], band: hidden_by}
        """,
    )
    library.write("templates/pages/words.html", "{{ redaction_definition() }}|{{ redaction_note }}")
    library.write(
        "templates/table.html",
        "{% extends 'default:table.html' %}{% block description_source_license %}<i>{{ redaction_note }}</i>{% endblock %}",
    )
    sql = "/library?sql=select+extract,+'unknown'+as+how,+null+as+amount,+body+from+letters+where+number=1"
    functions = (
        "/library.json?_shape=arrayfirst&sql=select+json_array(redaction_count(body),"
        "redaction_density(body),redaction_band(body),redaction_band(null))+from+letters+where+number=1"
    )
    pages = library.ask("/library/letters", "/library/stages", sql, functions, "/words")
    table = pages["/library/letters"]
    assert table.cells("body") == [
        f'<span class="band band-moderate">moderately redacted</span> Dear {BAR}, &lt;b&gt;all&lt;/b&gt; is well here',
        '<span class="band band-unknown">redaction unknown, markers lost</span> Nobody marked this',
        "&nbsp;",
        "&nbsp;",
    ]
    assert table.cells("extract")[0] == "[REDACTED]"
    assert table.cells("share")[:3] == ["0.099", '<span class="unknown">unknown</span>', "&nbsp;"]
    assert pages[sql].cells("extract") == [
        f'<span class="band band-unknown">redaction unknown, markers lost</span> {BAR}'
    ]
    assert pages[sql].cells("amount") == ['<span class="unknown">unknown</span>']
    assert "[REDACTED]" in pages[sql].cells("body")[0]
    assert json.loads(json.loads(pages[functions].text)[0]) == [1, 1 / 8, "moderate", None]
    definition, note = pages["/words"].text.split("|")
    for bounds in (
        "unmarked 0,",
        "light below 0.1,",
        "moderate from 0.1,",
        "heavy from 0.25,",
        "total 1.",
    ):
        assert bounds in definition
    assert note == ""
    assert f"<i>{definition}</i>" in table.text
    assert "<i></i>" in pages["/library/stages"].text


def missing_values_give_reasons(library: Library) -> None:
    library.write(
        "metadata.yml",
        """
        plugins:
          missing_values:
            status_column: stage
            by_status:
              done: {not recorded: [weight, body]}
              started: {not yet known: [weight, share]}
            when_set:
              burnt_on: {burnt: [body]}
            key: {not recorded: never weighed}
        """,
    )
    library.write(
        "templates/pages/words.html",
        "[{{ missing_value_reasons()|tojson }}, {{ missing_value_key()|tojson }}]",
    )
    alone = "/library?sql=select+null+as+weight"
    told = "/library?sql=select+null+as+weight,+'started'+as+stage,+null+as+other"
    pages = library.ask("/library/letters", "/library/letters/4", alone, told, "/words")

    def reason(words: str) -> str:
        name = words.replace(" ", "-")
        return f'<span class="absent absent-{name}" title="{words}"><span>{words}</span></span>'

    for page in (pages["/library/letters"],):
        assert page.cells("weight") == ["7", reason("not recorded"), reason("not yet known"), "9"]
        assert page.cells("body")[2:] == ["&nbsp;", reason("burnt")]
        assert page.cells("share")[1:] == ["&nbsp;", reason("not yet known"), "&nbsp;"]
    assert pages["/library/letters/4"].cells("body") == [reason("burnt")]
    assert pages[alone].cells("weight") == ["&nbsp;"]
    assert pages[told].cells("weight") == [reason("not yet known")]
    assert pages[told].cells("other") == ["&nbsp;"]
    reasons, key = json.loads(pages["/words"].text)
    assert key == {"not recorded": "never weighed"}
    assert reasons == {
        "status_column": "stage",
        "by_status": {
            "done": {"not recorded": ["weight", "body"]},
            "started": {"not yet known": ["weight", "share"]},
        },
        "when_set": {"burnt_on": {"burnt": ["body"]}},
        "words": {},
        "reason_column": None,
    }


def density_has_a_band_for_each_text(library: Library) -> None:
    library.execute(
        "create table memos (number integer primary key, head text, how_head text, foot text, how_foot text);"
        "insert into memos values (1, 'From [REDACTED]', 'moderate', 'Yours', 'unknown')"
    )
    library.write(
        "metadata.yml",
        """
        databases:
          library:
            tables:
              memos:
                plugins:
                  redaction_density:
                  - {columns: [head], band: how_head}
                  - {columns: [foot], band: how_foot}
        """,
    )
    page = library.ask("/library/memos")["/library/memos"]
    assert page.cells("head") == [
        f'<span class="band band-moderate">moderately redacted</span> From {BAR}'
    ]
    assert page.cells("foot") == [
        '<span class="band band-unknown">redaction unknown, markers lost</span> Yours'
    ]


def missing_values_are_explained_by_a_column_of_their_own(library: Library) -> None:
    library.execute(
        "create table parcels (number integer primary key, weight integer, why_weight text, stage text, lost_on text);"
        "insert into parcels values (1, 5, null, 'done', null), (2, null, 'illegible', 'done', null),"
        " (3, null, null, 'done', null), (4, null, 'illegible', 'done', '2001-02-03'), (5, null, 'torn', null, null);"
        "create table others as select * from parcels"
    )
    library.write(
        "metadata.yml",
        """
        plugins:
          missing_values:
            status_column: stage
            by_status: {done: {not recorded: [weight]}}
            reason_column: "why_{}"
        databases:
          library:
            tables:
              parcels:
                facets: [weight]
                plugins:
                  missing_values:
                    reason_column: "why_{}"
                    words: {torn: see the parcel}
                    when_set: {lost_on: {lost: [weight]}}
        """,
    )
    library.write(
        "templates/table.html",
        "{% extends 'default:table.html' %}{% block description_source_license %}"
        "<i>{% for one in blanks(database, table, ['weight']).weight %}{{ one.reason }} {{ one.number }} {{ one.url }};{% endfor %}</i>"
        "{% endblock %}",
    )
    sql = "/library?sql=select+null+as+weight,+'illegible'+as+why_weight"
    pages = library.ask("/library/parcels", "/library/others", sql)

    def reasons(page: str) -> list[str]:
        return [re.sub("<[^>]+>", "", cell) for cell in pages[page].cells("weight")]

    # A table's own configuration takes the place of the site's, which has the status.
    assert reasons("/library/parcels") == ["5", "illegible", "&nbsp;", "lost", "see the parcel"]
    assert reasons("/library/others") == ["5", "illegible", "not recorded", "illegible", "torn"]
    assert reasons(sql) == ["illegible"]
    counted = re.findall("<i>(.*?)</i>", pages["/library/others"].text)[0]
    assert counted == (
        "illegible 2 /library/others?weight__isnull=1&amp;why_weight=illegible;"
        "torn 1 /library/others?weight__isnull=1&amp;why_weight=torn;"
    )


def response_headers_follow_their_rules(library: Library) -> None:
    library.write(
        "metadata.yml",
        """
        plugins:
          response_headers:
            rules:
              - header: X-Robots-Tag
                value: noindex
                except:
                  paths: [/, "/library/sta*"]
                  metadata: indexed
                  without_query_string: true
              - header: Content-Security-Policy
                value: frame-ancestors 'none'
                except: {paths: [/library/letters]}
              - {header: Content-Security-Policy, value: "frame-ancestors *"}
              - {header: X-Of-Json, value: "yes", paths: ["*.json", /library]}
              - {header: Content-Type, value: text/evil}
              - {header: cache-control, value: no-store}
              - {header: X-Off, value: null}
        databases:
          library:
            tables: {degrees: {indexed: true}}
            queries:
              open totals: {sql: "select count(*) from letters", indexed: true}
              totals: {sql: "select count(*) from letters", indexed: false}
              count: select count(*) from letters
        """,
    )
    expected = {
        # Whether a path has each of the three headers.
        "/": (False, True, False),
        "/?x=1": (True, True, False),
        "/library": (True, True, True),
        "/library/letters": (True, False, False),
        "/library/letters?_size=1": (True, False, False),
        "/library/letters.json": (True, True, True),
        "/library/stages": (False, True, False),
        "/library/stages?x=1": (True, True, False),
        "/library/degrees": (False, True, False),
        "/library/degrees?x=1": (True, True, False),
        "/library/open+totals": (False, True, False),
        "/library/open+totals?x=1": (True, True, False),
        "/library/open+totals.json": (True, True, True),
        "/library/totals": (True, True, False),
        "/library/count": (True, True, False),
        "/nowhere": (True, True, False),
        "/library/letters/5": (True, True, False),
        "POST /library": (True, True, True),
    }
    values = {
        "x-robots-tag": ("noindex", None),
        "content-security-policy": ("frame-ancestors 'none'", "frame-ancestors *"),
        "x-of-json": ("yes", None),
    }
    at_base = {"/library/letters": (True, False, False), "/library/stages": (False, True, False)}
    for pages, paths in (
        (library.ask(*expected), expected),
        (library.ask(*at_base, base_url="/books/"), at_base),
    ):
        for path, given in paths.items():
            for (header, (value, other)), sent in zip(values.items(), given, strict=True):
                wanted = value if sent else other
                assert pages[path].values(header) == ([wanted] if wanted else []), (path, header)
            # What Datasette sets is sent once, and as Datasette has it.
            (kind,) = pages[path].values("content-type")
            assert "evil" not in kind
            (caching,) = pages[path].values("cache-control")
            assert (caching == "no-store") == (
                path in ("/", "/?x=1", "/nowhere", "POST /library") or "5" in path
            ), path
            assert pages[path].values("x-off") == []


def query_files_serve_a_folder(library: Library) -> None:
    library.write(
        "metadata.yml",
        """
        databases:
          library:
            caveats: {weighed: Weighed by hand.}
            tables:
              letters: {columns: {branch: Where it was posted.}}
            plugins:
              query_files:
                folder: queries
                groups: ["Who wrote?", "How heavy?"]
                bases: {ours: We counted.}
                rows: letters
                row_id: number
                exclude_when: {stage: lost}
                separate_by: branch
                columns: {letters: How many.}
                describe_from: [letters]
                parameters: {branch: {label: Branch, choices: letters.branch}}
        """,
    )
    library.write(
        "queries/by-branch.sql",
        "-- title: How many letters of no branch or of each?\n"
        "-- group: Who wrote?\n-- position: 1\n-- indexed: yes\n"
        "-- description: Letters by branch.\n-- basis: ours\n-- caveats: [weighed]\n"
        "-- answer: \"{{ rows[0].letters }} on {{ '2001-02-03'|long_date }}.\"\n"
        "-- columns:\n--   branch:\n--   letters:\n"
        "-- drilldown: {letters: 'branch, stage=done'}\n\n"
        "select branch, count(*) as letters from letters where :branch in ('', branch) group by 1",
    )
    library.write(
        "queries/heaviest.sql",
        "-- title: no\n-- group: How heavy?\n-- position: 007\n-- description: The heaviest.\n"
        "-- basis: ours\n-- caveats: []\n-- columns: {number: Its number.}\n\n"
        "select number from letters order by weight desc limit 1",
    )
    library.write(
        "templates/pages/words.html",
        """{%- set query = question("library", "by-branch") -%}
        {%- set north = {"branch": "North", "letters": 2, "number": 3} -%}
        {%- set rows = [north, {"branch": None, "letters": 5, "stage": "lost"}] -%}
        {%- set groups = [] -%}
        {%- for group, queries in questions("library").items() %}{% for one in queries -%}
        {%- set _ = groups.append([group, one.name, one.title, one.position, one.indexed]) -%}
        {%- endfor %}{% endfor -%}
        {{ {"groups": groups, "answers": answers(query, rows), "separate": separate(query, rows),
        "said": [query.basis, query.caveats, query.columns, query.parameters.branch.label],
        "behind": [rows_behind("library", query, "letters", north),
        rows_behind("library", query, "number", north), rows_behind("library", query, "letters", rows[1]),
        rows_behind("library", query, "branch", north)]}|tojson }}""",
    )
    south = "/library/by-branch.json?_shape=array&branch=South"
    pages = library.ask("/library", "/library/by-branch", south, "/library/heaviest.json", "/words")
    assert json.loads(pages[south].text) == [{"branch": "South", "letters": 2}]
    assert json.loads(pages["/library/heaviest.json"].text)["rows"] == [[4]]
    assert "How many letters of no branch or of each?" in pages["/library"].text
    assert pages["/library/by-branch"].cells("letters") == ["2", "2"]
    told = json.loads(pages["/words"].text)
    assert told["groups"] == [
        ["Who wrote?", "by-branch", "How many letters of no branch or of each?", 1, True],
        ["How heavy?", "heaviest", "no", 7, False],
    ]
    assert told["answers"] == {"North": "2 on 3 February 2001.", "": "5 on 3 February 2001."}
    assert {key: len(rows) for key, rows in told["separate"].items()} == {"North": 1, "": 1}
    assert told["said"] == [
        "We counted.",
        ["Weighed by hand."],
        {"branch": "Where it was posted.", "letters": "How many."},
        "Branch",
    ]
    assert told["behind"] == [
        "/library/letters?branch=North&stage=done",
        "/library/letters/3",
        None,
        None,
    ]


def release_names_what_is_served(library: Library) -> None:
    library.write("metadata.yml", "plugins: {release: {required: [library]}}")
    write_inspect_data(library.folder / "library.db")
    content = (library.folder / "library.db").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    paths = ("/", "/library", "/library/letters.json?_size=1", "/library.json", "/nowhere")
    pages = library.ask(*paths, "POST /library")
    assert {tuple(page.values("x-release")) for page in pages.values()} == {(digest[:12],)}
    pages = library.ask("/library/letters", base_url="/books/")
    assert pages["/library/letters"].values("x-release") == [digest[:12]]
    # A second database, in the order of letters an earlier one, has a release of its own.
    other = library.folder / "a.b-c.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("create table books (title text)")
    facts = json.loads((library.folder / "inspect-data.json").read_text())
    size, hash = other.stat().st_size, hashlib.sha256(other.read_bytes()).hexdigest()
    facts["a.b-c"] = {"file": other.name, "size": size, "hash": hash, "tables": {}}
    library.write("inspect-data.json", json.dumps(facts))
    pages = library.ask("/", "/library", "/a~2Eb-c", "/a~2Eb-c/books.json", "/-/databases.json")
    assert {path: page.values("x-release") for path, page in pages.items()} == {
        "/": [],
        "/library": [digest[:12]],
        "/a~2Eb-c": [hash[:12]],
        "/a~2Eb-c/books.json": [hash[:12]],
        "/-/databases.json": [],
    }
    for database in json.loads(pages["/-/databases.json"].text):
        assert database["hash"] in (digest, hash)
        assert not Path(database["path"]).exists()


def isolation_says_how_it_is(library: Library) -> None:
    library.write("metadata.yml", "plugins: {isolation: {slots: 1}}")
    pages = library.ask("/-/health", "/library.json?sql=select+1")
    # Only a server has a lifespan, in which the helper starts: see test_isolation.py.
    assert json.loads(pages["/-/health"].text)["helper"] == "not started"
    assert pages["/library.json?sql=select+1"].status == 200


def limits_bound_values_and_pages(library: Library) -> None:
    def statuses(cells: int, *paths: str) -> list[int]:
        library.write("metadata.yml", f"plugins: {{limits: {{cells: {cells}}}}}")
        return [answer.status for answer in library.ask(*paths).values()]

    # Four rows of nine columns, and a link to each row in place of its key.
    assert statuses(32, "/library/letters", "/library/letters?_size=3", "/library/letters/1") == [
        *(200, 200, 200)
    ]
    assert statuses(
        31,
        *("/library/letters", "/library/letters?_size=3", "/library/letters.json"),
        *("/library/letters.csv", "/library/letters/1", "/library?sql=select+*+from+letters"),
    ) == [400, 200, 200, 200, 200, 400]
    assert statuses(7, "/library/letters/1", "/library/stages") == [400, 200]
    assert statuses(30, "/library.json?sql=select+hex(zeroblob(500001))") == [400]


def hosts_are_those_of_the_site(library: Library) -> None:
    addresses = {
        "http://books.example/library": 200,
        "http://BOOKS.example./library": 200,
        "http://books.example:443/library": 200,
        "http://www.books.example/library.json": 200,
        "http://10.0.0.7:8001/library": 200,
        "http://localhost:8001/library": 200,
        "http://127.0.0.2/library": 200,
        "http://[::1]:8001/library": 200,
        "http://evil.example/library": 421,
        "http://evil.example/library.json": 421,
        "http://evil.example/nowhere": 421,
        "http://books.example:8001/library": 421,
        "http://10.0.0.7/library": 421,
        "http://notbooks.example/library": 421,
        "http://localhost.evil.example/library": 421,
        "http://127.0.0.1.evil.example/library": 421,
    }
    config = 'plugins: {hosts: {aliases: [WWW.books.example, "10.0.0.7:8001"]}}\n'
    library.write("metadata.yml", f"site_url: https://books.example/\n{config}")
    library.write("templates/error.html", "{{ status }}: {{ title }}. {{ error }}")
    pages = library.ask(*addresses)
    assert {address: page.status for address, page in pages.items()} == addresses
    refused = pages["http://evil.example/library"]
    assert refused.text.startswith("421: This is not the site")
    assert "https://books.example/" in refused.text
    told = json.loads(pages["http://evil.example/library.json"].text)
    assert (told["ok"], told["status"]) == (False, 421)
    assert "evil" not in refused.text + str(told)
    library.write("metadata.yml", config)
    assert {page.status for page in library.ask(*addresses).values()} == {200, 404}


def internals_show_what_is_listed(library: Library) -> None:
    library.write(
        "metadata.yml",
        """
        title: Letters
        plugins:
          internals:
            pages:
              versions: {show: [sqlite, version]}
              databases: {show: [name, size]}
              metadata: {hide: [plugins]}
              actor: {}
        databases: {library: {plugins: {secret: 1}, tables: {letters: {title: Post}}}}
        """,
    )
    shown = ("actor", "databases", "metadata", "versions")
    hidden = (
        "plugins",
        "settings",
        "threads",
        "allow-debug",
        "messages",
        "patterns",
        "permissions",
    )
    of_paths = "/library.json?_shape=array&sql=select+*+from+pragma_database_list"
    of_memory = "/library.json?sql=select+hex(fts3_tokenizer('simple'))"
    addresses = [f"/-/{name}{form}" for name in (*shown, *hidden) for form in ("", ".json")]
    pages = library.ask(*addresses, of_paths, of_memory, "/library.json?sql=select+hex('a')")
    for address in addresses:
        expected = 404 if address.removesuffix(".json").endswith(hidden) else 200
        assert pages[address].status == expected, address
        assert str(library.folder) not in pages[address].text
    data = {name: json.loads(pages[f"/-/{name}.json"].text) for name in shown}
    assert data["actor"] == {"actor": None}
    assert data["databases"] == [
        {"name": "library", "size": (library.folder / "library.db").stat().st_size}
    ]
    assert data["versions"] == {"sqlite": {"version": sqlite3.sqlite_version}}
    assert data["metadata"]["databases"]["library"]["tables"]["letters"]["title"] == "Post"
    assert "plugins" not in str(data["metadata"])
    assert "&#34;Post&#34;" in pages["/-/metadata"].text
    assert json.loads(pages[of_paths].text) == []
    assert pages[of_memory].status == 400
    assert pages["/library.json?sql=select+hex('a')"].status == 200


def well_known_files_are_served(library: Library) -> None:
    robots, security = "/robots.txt", "/.well-known/security.txt"

    def ask(metadata: str, **settings: object) -> dict[str, Answer]:
        library.write("metadata.yml", metadata)
        return library.ask(robots, security, **settings)

    rules = "plugins: {well_known: {no_crawling: [sql, _facet], days: 30}}"
    pages = ask(f"contact: help@books.example\n{rules}", base_url="/books/")
    assert pages[robots].text.splitlines() == [
        "User-agent: *",
        *("Disallow: /books/*?sql=", "Disallow: /books/*&sql="),
        *("Disallow: /books/*?_facet=", "Disallow: /books/*&_facet="),
    ]
    fields = dict(line.split(": ", 1) for line in pages[security].text.splitlines())
    assert list(fields) == ["Contact", "Expires"]
    assert fields["Contact"] == "mailto:help@books.example"
    assert fields["Expires"].endswith("Z")
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=29) < left <= timedelta(days=30)
    for page in pages.values():
        assert page.values("content-type") == ["text/plain; charset=utf-8"]
    pages = ask("contact: https://books.example/help")
    assert pages[security].text.startswith("Contact: https://books.example/help\n")
    assert pages[robots].text.splitlines() == ["User-agent: *", "Disallow:"]
    for contact in ("null", "http://books.example/help", '"a@b.example\\nContact: x"', "the desk"):
        assert ask(f"contact: {contact}")[security].status == 404


def the_log_has_no_values(library: Library) -> None:
    library.write("metadata.yml", "plugins: {access_log: {file: log, slow_ms: 0}}")
    library.ask("/library/letters?branch=North", "/library.json?sql=select+'North'+from+letters")
    log = (library.folder / "log").read_text()
    # Only a server logs requests: see test_access_log.py.
    entries = [json.loads(line) for line in log.splitlines()]
    assert {entry["event"] for entry in entries} == {"slow_sql"}
    assert "select ? from letters" in {entry["sql"] for entry in entries}
    assert "North" not in log


def families_are_described_where_their_tables_are(library: Library) -> None:
    # A plugin that reads its configuration when the server starts, and keeps it.
    shutil.copy(ROOT / "plugins" / "missing_values.py", library.folder / "plugins")
    for name in ("letters", "loans", "empty"):
        (library.folder / "families" / name).mkdir(parents=True)
    library.write(
        "metadata.yml",
        """
        title: A library
        plugins: {families: {folder: families}}
        databases:
          library:
            tables:
              stages: {title: Stages, facets: [name, label]}
              degrees: {title: Degrees}
        """,
    )
    library.write(
        "families/letters/metadata.yml",
        """
        title: A library of letters
        plugins: {missing_values: {status_column: stage, by_status: {done: {not weighed: [weight]}}}}
        databases:
          library:
            tables:
              letters: {title: Letters}
              stages: {description: How far a letter is, facets: [label]}
              pages: {}
        """,
    )
    library.write(
        "families/loans/metadata.yml",
        "{license: Lent, databases: {library: {tables: {loans_out: {}}}, other: {}}}",
    )
    pages = library.ask("/-/metadata.json", "/library/letters")
    metadata = json.loads(pages["/-/metadata.json"].text)
    assert metadata["title"] == "A library of letters"
    assert "license" not in metadata
    assert list(metadata["databases"]["library"]["tables"].items()) == [
        ("letters", {"title": "Letters"}),
        ("stages", {"title": "Stages", "facets": ["label"], "description": "How far a letter is"}),
        ("degrees", {"title": "Degrees"}),
        ("pages", {}),
    ]
    assert "not weighed" in pages["/library/letters"].cells("weight")[1]
    with closing(sqlite3.connect(library.folder / "library.db")) as connection:
        connection.execute("create table loans_out (number integer)")
    metadata = json.loads(library.ask("/-/metadata.json")["/-/metadata.json"].text)
    assert metadata["license"] == "Lent"
    assert list(metadata["databases"]["library"]["tables"])[-1] == "loans_out"


CHECKS: dict[str, Callable[[Library], None]] = {
    "redaction_density": density_draws_bars_badges_and_measures,
    "missing_values": missing_values_give_reasons,
    "response_headers": response_headers_follow_their_rules,
    "query_files": query_files_serve_a_folder,
    "release": release_names_what_is_served,
    "isolation": isolation_says_how_it_is,
    "limits": limits_bound_values_and_pages,
    "hosts": hosts_are_those_of_the_site,
    "internals": internals_show_what_is_listed,
    "well_known": well_known_files_are_served,
    "access_log": the_log_has_no_values,
    "families": families_are_described_where_their_tables_are,
}
assert tuple(CHECKS) == GENERAL
OF_TABLES = {
    "redaction_density": density_has_a_band_for_each_text,
    "missing_values": missing_values_are_explained_by_a_column_of_their_own,
}
IN_THE_CHECKOUT = (sys.executable, {"PYTHONPATH": str(ROOT)})


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("plugin", GENERAL)
def test_each_works_alone_on_another_database(plugin: str, tmp_path: Path) -> None:
    CHECKS[plugin](Library(tmp_path, plugin, *IN_THE_CHECKOUT))


@pytest.mark.long
@pytest.mark.parametrize("plugin", OF_TABLES)
def test_a_table_can_have_a_configuration_of_its_own(plugin: str, tmp_path: Path) -> None:
    OF_TABLES[plugin](Library(tmp_path, plugin, *IN_THE_CHECKOUT))


@pytest.fixture(scope="session")
def fresh_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the project's wheel and the packages installed here."""
    folder = tmp_path_factory.mktemp("fresh")
    source, environment = folder / "source", folder / "environment"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "ingest", source / "ingest")
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    wheels = ("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", str(folder))
    for command in (
        (sys.executable, "-m", "venv", "--without-pip", str(environment)),
        (*pip, "wheel", *wheels, str(source)),
        (
            *pip,
            "--python",
            str(python),
            "install",
            "--no-deps",
            "--no-index",
            "--find-links",
            str(folder),
            "disclosed-in-part",
        ),
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "here.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


@pytest.mark.long
@pytest.mark.parametrize("plugin", GENERAL)
def test_each_works_with_the_wheel_outside_the_checkout(
    plugin: str, tmp_path: Path, fresh_python: Path
) -> None:
    library = Library(tmp_path, plugin, str(fresh_python), {})
    found = library.run("-c", "import ingest; print(ingest.__file__)").stdout
    assert Path(found).is_relative_to(fresh_python.parent.parent)
    CHECKS[plugin](library)


@pytest.mark.long
@pytest.mark.parametrize(
    ("plugin", "config", "told"),
    [
        ("missing_values", "{status: stage}", "status\n  Extra inputs are not permitted"),
        ("redaction_density", "{columns: body}", "columns\n  Input should be a valid"),
        ("response_headers", "{rules: [{header: X-A}]}", "rules.0.value\n  Field required"),
        ("response_headers", '{rules: [{header: "X A:\\n", value: b}]}', "rules.0.header\n"),
        ("response_headers", "{rules: [{header: A, value: b, paths: [x]}]}", "rules.0.paths.0\n"),
        ("release", "{required: [], names: [a]}", "names\n  Extra inputs are not permitted"),
        ("isolation", "{slots: 0}", "slots\n  Input should be greater"),
        ("limits", "{cells: 0}", "cells\n  Input should be greater"),
        ("hosts", "{aliases: [https://a.example/]}", "aliases.0\n  String should match"),
        ("internals", "{pages: {paths: {}}}", "pages.paths.[key]\n  Input should be"),
        ("internals", "{pages: {actor: {show: [], hide: [a]}}}", "show or hide, not both"),
        ("well_known", "{days: 365}", "days\n  Input should be less than 365"),
        ("well_known", "{no_crawling: [a=]}", "no_crawling.0\n  String should match"),
        ("access_log", "{slow_ms: -1}", "slow_ms\n  Input should be greater"),
        ("access_log", "{file: no/such/folder/log}", "cannot write to no/such/folder/log: No such"),
        ("families", "{folder: none}", "no folder none"),
        ("families", "{folders: none}", "folders\n  Extra inputs are not permitted"),
        ("query_files", "{grops: []}", "grops\n  Extra inputs are not permitted"),
        ("query_files", "{folder: none}", "no folder none"),
        (
            "query_files",
            "{groups: [], bases: {}, folder: queries, describe_from: [books]}",
            "describe_from: no table books",
        ),
    ],
)
def test_a_mistake_in_the_configuration_stops_the_server(
    plugin: str, config: str, told: str, tmp_path: Path
) -> None:
    library = Library(tmp_path, plugin, *IN_THE_CHECKOUT)
    plugins = f"plugins: {{{plugin}: {config}}}"
    library.write(
        "metadata.yml",
        plugins
        if plugin not in ("redaction_density", "query_files")
        else f"databases: {{library: {{{plugins}}}}}",
    )
    done = library.run("-m", "datasette", str(tmp_path), "--get", "/")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: metadata.yml, plugin {plugin}: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("databases: {library: {tables: {letters: {title: Epistles}}}}", "library.tables.letters"),
        ("databases: {library: {tables: {letters: [}}}", "line 1, column 42"),
        ("[letters]", "found no mapping"),
    ],
)
def test_families_that_disagree_or_cannot_be_read_stop_the_server(
    text: str, told: str, tmp_path: Path
) -> None:
    library = Library(tmp_path, "families", *IN_THE_CHECKOUT)
    for name in ("letters", "stages"):
        (tmp_path / "families" / name).mkdir(parents=True)
        library.write(
            f"families/{name}/metadata.yml",
            "databases: {library: {tables: {letters: {title: Letters}}}}",
        )
    library.write("metadata.yml", "plugins: {families: {folder: families}}")
    assert library.run("-m", "datasette", str(tmp_path), "--get", "/").returncode == 0
    library.write("families/stages/metadata.yml", text)
    done = library.run("-m", "datasette", str(tmp_path), "--get", "/")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {tmp_path}/families/stages/metadata.yml: ")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def imported(plugin: str) -> set[str]:
    """The modules of the project that a plugin imports."""
    tree = ast.parse((ROOT / "plugins" / f"{plugin}.py").read_text("utf-8"))
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{name.name}" for name in node.names}
        elif isinstance(node, ast.Import):
            names |= {name.name for name in node.names}
    siblings = {path.stem for path in (ROOT / "plugins").glob("*.py")}
    return {name for name in names if name.split(".")[0] in {"ingest", "plugins", *siblings}}


@pytest.mark.parametrize("plugin", sorted(path.stem for path in (ROOT / "plugins").glob("*.py")))
def test_plugins_share_nothing_and_read_no_documents(plugin: str) -> None:
    for name in imported(plugin):
        assert f"{name}.".startswith(("ingest.text.", "ingest.config.")), name


@pytest.mark.parametrize("plugin", GENERAL)
def test_general_plugins_name_no_table_or_column_of_this_site(
    plugin: str, rows: Callable[..., list[tuple[Any, ...]]]
) -> None:
    names = rows(
        "select t.name from sqlite_master t where type in ('table', 'view') union"
        " select c.name from sqlite_master t, pragma_table_info(t.name) c where t.type in ('table', 'view')"
    )
    functions = {"redaction_band", "redaction_count", "redaction_density"}
    distinctive = {name for (name,) in names if "_" in name} - functions
    assert len(distinctive) > 30
    text = (ROOT / "plugins" / f"{plugin}.py").read_text("utf-8")
    assert set(re.findall(r"[a-z_]+", text)) & distinctive == set()
    subject = (
        r"officer|allegation|disclosure|police|publisher|rank|sanction|finalised|investigation"
    )
    assert not re.findall(subject, text, re.IGNORECASE)


def test_rows_without_a_column_to_separate_them_have_one_answer() -> None:
    query_files = a_plugin("query_files")
    rows = [{"branch": "North"}, {"branch": "South"}]
    for column in (None, "year"):
        query = {"separate_by": column, "answer": "{{ rows|length }} rows."}
        assert query_files.separate(query, rows) == {"": rows}
        assert query_files.answers(query, rows) == {"": "2 rows."}
    query = {"separate_by": "branch", "answer": None}
    assert query_files.separate(query, rows) == {"North": rows[:1], "South": rows[1:]}
    assert query_files.answers(query, rows) == {}
