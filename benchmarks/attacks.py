"""Attack a served copy of the site, and report what each attack got and what it cost the others.

    .venv/bin/python -m benchmarks.attacks URL PID [--wall SECONDS] [--only WORD]

Each attack must get an answer, or be cut off, within 1.5 times the bound on the running time of a request
and the longest wait in the queue. A bystander asks for an ordinary page five times a second throughout.
The exit status is 1 if an attack took longer, got an unexpected answer, or left the server in need of a
restart. PID is the server's, on the same machine: its memory (PSS) is measured, alone and with its
children.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import httpx

WAIT_SECONDS = 5
"""The longest wait in the queue."""
CHUNK = 64 * 1024
EVERY = 0.2
"""Seconds between two requests of the bystander."""
ORDINARY = "/foi/officer_allegations/22-026570-0003"
TABLE = "/foi/officer_allegations"
FINE = frozenset({200, 301, 302, 400, 404, 403, 405, 414, 421, 431, 503, None})
"""Expected answers; None is a connection that was closed. A single request must never get 503."""

Attack = Callable[["Site"], Awaitable[int | None]]


class Site(NamedTuple):
    """Where the site is."""

    host: str
    port: int


def recursive(rows: str, columns: str = "i") -> str:
    """Return SQL with as many rows as numbers from 1 that meet the condition `rows`."""
    numbers = f"with recursive n(i) as (select 1 union all select i + 1 from n {rows})"
    return f"{numbers} select {columns} from n"


def times(name: str, number: int, value: str = "x{}") -> str:
    return urlencode([(name, value.format(index)) for index in range(number)])


CELLS = ", ".join(f"i as a{index}" for index in range(22))
BIG = "replace(hex(zeroblob(300000)), '00', {})"
SQL = {
    "endless count": recursive("", "count(*)"),
    "endless rows": recursive(""),
    "endless sort": recursive("", "i") + " order by random()",
    "endless group": recursive("", "i, count(*)") + " group by 1",
    "endless distinct": "with recursive n(i) as (select 1 union select i + 1 from n) select max(i) from n",
    "endless text": recursive("", "group_concat(i)"),
    "endless array": recursive("", "json_group_array(i)"),
    "five joins": "select count(*) from " + ", ".join(f"officer_allegations t{n}" for n in range(5)),
    "five joins sorted": "select t0.id from "
    + ", ".join(f"officer_allegations t{n}" for n in range(5))
    + " order by random()",
    "huge blob": "select hex(zeroblob(400000000))",
    "huge printf": "select printf('%.*c', 500000000, 'x')",
    "huge printfs": " union all ".join(["select printf('%.*c', 5e8, 'x')"] * 9),
    "huge width": "select printf('%999999999d', 1)",
    "huge format": "select format('%.900000000f', 1)",
    "replace nested": "select replace(replace(hex(zeroblob(400000)), '0', 'xx'), 'x', 'yyyy')",
    "many large values": recursive("limit 900", "hex(zeroblob(400000))"),
    "many random values": recursive("limit 5000", "hex(randomblob(100000))"),
    "pages of text": recursive("limit 5000", "hex(randomblob(4000))"),
    "5,000 x 22 cells": recursive("limit 5000", CELLS),
    "5,000 x 199 cells": recursive("limit 5000", ", ".join("i" for _ in range(199))),
    "300 columns": "select " + ", ".join("1" for _ in range(300)),
    "long names": "select " + ", ".join(f"1 as [{'x' * 300}{n}]" for n in range(150)),
    "like": f"select {BIG.format(chr(39) + 'a' + chr(39))} like '{'%a' * 90}%b'",
    "glob": f"select {BIG.format(chr(39) + 'a' + chr(39))} glob '{'*a' * 90}*b'",
    "long pattern": f"select 'a' like '{'%a' * 5000}b'",
    "instr": "select count(*) from (" + recursive("limit 300", "instr(hex(zeroblob(400000)), hex(zeroblob(200000)) || '1')") + ")",
    "deep brackets": f"select {'(' * 900}1{')' * 900}",
    "deep not": f"select {'not ' * 4000}1",
    "deep sum": "select " + "+".join("1" for _ in range(4000)),
    "deep json": "select json_extract(replace(hex(zeroblob(1900)), '00', '[') || replace(hex(zeroblob(1900)), '00', ']'), '$')",
    "deeper json": "select json(replace(hex(zeroblob(100000)), '00', '['))",
    "json tree": "select count(*) from json_tree(replace(hex(zeroblob(900)), '00', '[') || replace(hex(zeroblob(900)), '00', ']')) a, json_tree('[' || replace(hex(zeroblob(900)), '00', '1,') || '1]') b",
    "600 unions": " union all ".join("select 1" for _ in range(600)),
    "many literals": f"select 1 in ({','.join('1' for _ in range(9000))})",
    "many whens": f"select case 1 {'when 2 then 3 ' * 3000} end",
    "800 parameters": "select " + "+".join(f":p{n}" for n in range(800)),
    "trigram joins": recursive("limit 100000", "count(*)") + " a, n b where a.i is b.i",
    "markers in a cell": f"select {BIG.format(repr('█ '))} as summary",
    "markers in many cells": recursive("limit 2000", "replace(hex(zeroblob(3000)), '00', '█ ') as summary"),
    "brackets in a cell": f"select {BIG.format(repr('[RE'))} as summary",
    "tags in a cell": f"select {BIG.format(repr('<b>'))} as summary",
    "a cell as address": f"select 'http://a/' || {BIG.format(repr('b/'))}",
    "control characters": recursive("limit 5000", "char(i) || char(0) || char(8238)"),
    "counted markers": f"select redaction_count({BIG.format(repr('█ '))})",
    "counted words": f"select redaction_density({BIG.format(repr('a '))})",
    "counted often": recursive("limit 5000", "redaction_band(replace(hex(zeroblob(40000)), '00', '█ '))"),
    "escaped marks": "select length(escape_fts(replace(hex(zeroblob(150000)), '00', char(801, 769))))",
    "escaped words": f"select escape_fts({BIG.format(repr('a '))})",
    "wide search": "select bm25(officer_allegations_fts) from officer_allegations_fts where summary match '"
    + " OR ".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz") + "'",
    "deep search": f"select 1 from officer_allegations_fts where summary match '{'(' * 3000}a{')' * 3000}'",
    "near search": "select 1 from officer_allegations_fts where summary match 'NEAR(" + "a " * 3000 + ", 999999)'",
    "one wording often": "select same_wording(wording_id) from officer_allegations, (" + recursive("limit 100000") + ")",
    "division": "select 1/0, 9e999, -9e999, 9223372036854775807 + 1",
    "a long comment": f"select 1 -- {'x' * 30000}",
    "many comments": "select 1 " + "--\n" * 5000,
    "a pragma": "pragma integrity_check",
    "tables of pragmas": "select * from pragma_function_list a, pragma_function_list b, pragma_function_list c",
    "dbstat": "select * from dbstat a, dbstat b",
    "attach": "attach ':memory:' as a",
    "load extension": "select load_extension('/etc/passwd')",
    "write": "delete from officer_allegations",
    "nul": "select '\0'",
    "half a statement": "select (((",
}  # fmt: skip
"""A visitor's SQL."""

ADDRESSES = {
    "1,200 facets": f"{TABLE}?{times('_facet', 1200, 'rank')}",
    "20 facets": f"{TABLE}?{times('_facet', 20, 'id')}",
    "facets of arrays": f"{TABLE}?{times('_facet_array', 20, 'summary')}",
    "facets of dates": f"{TABLE}?{times('_facet_date', 20, 'summary')}",
    "9,000 arguments": f"{TABLE}?{times('year__not', 5000, '2{}')}",
    "9,000 unknown arguments": f"{TABLE}?" + "&".join(f"x{n}=1" for n in range(9000)),
    "100 patterns": f"{TABLE}?{times('summary__contains', 100)}",
    "100 globs": f"{TABLE}?{times('summary__glob', 100, '*a*b*c*d*e*f{}*')}",
    "55 kB of __in": f"{TABLE}?id__in=" + ",".join(f"x{n}" for n in range(8000)),
    "55 kB of JSON": f"{TABLE}?id__in=" + quote("[" * 18000),
    "deep JSON in _facet": f"{TABLE}?_facet=" + quote('{"a":' * 5000),
    "deep JSON in _through": f"{TABLE}?_through=" + quote('{"a":' * 5000),
    "a foreign _through": f"{TABLE}?_through=" + quote('{"table":"redactions","column":"form","value":"x"}'),
    "9,000 search terms": f"{TABLE}?_search=" + "+".join(f"w{n}" for n in range(9000)),
    "200 search terms": f"{TABLE}?_search=" + "+".join(f"w{n}*" for n in range(200)),
    "200 alternatives": f"/foi/search?q={'+OR+'.join(f'{a}{b}*' for a in 'abcdefghij' for b in 'aeioulrst')}",
    "diacritics to search": f"{TABLE}?_search=" + quote("\u0323\u0301" * 4500),
    "raw search": f"{TABLE}?_searchmode=raw&_search=" + "NEAR(" * 2000,
    "_where endless": f"{TABLE}?_where=" + quote(f"({recursive('', 'count(*)')})>1"),
    "_where of a huge value": f"{TABLE}?_where=" + quote("length(hex(zeroblob(4e8)))>1"),
    "_where often": f"{TABLE}?{times('_where', 99, '1={}')}",
    "_where with markers": f"{TABLE}?_where=" + quote(f"redaction_count({BIG.format(repr('█ '))})>1"),
    "all rows": f"{TABLE}?_size=max",
    "all redactions": "/foi/redactions?_size=max",
    "labels": "/foi/mentions?_size=max&_labels=on",
    "sorted by text": f"{TABLE}?_sort=source_text&_size=max",
    "a large _next": f"{TABLE}?_next={'9' * 50000}",
    "_timelimit": f"{TABLE}?_timelimit={'9' * 18}&_where=" + quote(f"({recursive('', 'count(*)')})"),
    "_ttl": f"{TABLE}?_ttl={'9' * 18}",
    "_trace": f"{TABLE}?_trace=1&_size=max",
    "all columns selected": f"{TABLE}?{times('_col', 99, 'summary')}",
    "a long path": "/foi/" + "x" * 60000,
    "many slashes": "/foi" + "/" * 20000,
    "dots": "/static/" + "../" * 500 + "etc/passwd",
    "encoded dots": "/static/" + "%2e%2e%2f" * 500 + "etc/passwd",
    "tildes": "/foi/" + "~41" * 10000,
    "bad encoding": "/foi/%ff%fe%00%0d%0a",
    "a long row id": f"{TABLE}/{'1,' * 20000}",
    "marks that cling": f"{TABLE}?year=2020" + ".)" * 20000,
    "entities": f"{TABLE}?" + "amp;" * 12000 + "year=2020",
    "a drawing with 5,000 arguments": "/drawing/officers-per-year.svg?" + times("a", 5000),
    "a page with 5,000 arguments": "/about?" + times("a", 5000),
    "a redaction map": "/redaction?disclosure_id=" + "x" * 50000,
    "short facets": f"{TABLE}?_facet=summary&_facet=source_text&_facet=id",
    "a short search": "/foi/search?q=" + "+OR+".join(f"{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz"),
    "a short list": f"{TABLE}?year__in=" + ",".join(["2020"] * 90),
    "tracking": f"{TABLE}?" + "&".join(f"utm_{n}=1" for n in range(4000)),
    "blank arguments": f"{TABLE}?" + "&" * 50000,
    "plus signs": f"{TABLE}?_search=" + "+" * 50000,
    "a drawing": "/drawing/officers-per-year.svg?disclosure_id=" + "x" * 20000,
    "a page that embeds": "/embed/officers-per-year?disclosure_id=" + "x" * 20000,
    "a question": f"/foi/officers-per-year?disclosure_id={'%27' * 10000}",
    "the database": "/foi.db",
    "introspection": "/-/threads.json",
    "a blob": f"{TABLE}/22-026570-0003.blob?_blob_column=summary",
    "permissions": "/-/permissions?" + "x=1&" * 100,
}  # fmt: skip

FORMATS = {
    f"{name} as {format}": f"{path}.{format}?{query}"
    for format in ("json", "csv", "xlsx")
    for name, path, query in (
        ("endless rows", "/foi", urlencode({"sql": SQL["endless rows"]})),
        ("random values", "/foi", urlencode({"sql": SQL["many random values"]})),
        ("cells", "/foi", urlencode({"sql": SQL["5,000 x 199 cells"]})),
        ("all rows", TABLE, "_stream=on&_size=max"),
        ("search terms", TABLE, ADDRESSES["9,000 search terms"].partition("?")[2]),
        ("markers", "/foi", urlencode({"sql": SQL["counted markers"]})),
    )
}


def request(path: str, *headers: str, version: str = "1.1", method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: site", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def send(*parts: bytes, pause: float = 0, hang_up: bool = False) -> Attack:
    """Return an attack that sends `parts` as they are, and reads the beginning of the answer, or all
    of it if it is the last of the connection.

    A library for requests would refuse most of them.
    """

    async def attack(site: Site) -> int | None:
        reader, writer = await asyncio.open_connection(site.host, site.port)
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause)
            if hang_up:
                return None
            head = first = await reader.read(CHUNK)
            while head and b"connection: close" in parts[0].lower():
                head = await reader.read(CHUNK)
            return int(first.split()[1]) if first.startswith(b"HTTP/") else None
        except ConnectionError:
            return None
        finally:
            writer.transport.abort()

    return attack


def ask(path: str, *headers: str, method: str = "GET") -> Attack:
    """Return an attack by one request."""
    return send(request(path, *headers, method=method))


def together(number: int, *attacks: Attack) -> Attack:
    """Return `attacks`, each by many clients, all at once; its status is the worst of theirs."""

    async def attack_together(site: Site) -> int | None:
        found = await asyncio.gather(*(attack(site) for attack in attacks * number))
        return next((status for status in found if status not in FINE), found[0])

    return attack_together


def read_slowly(path: str, seconds: float) -> Attack:
    """Return an attack by a client that reads a few bytes at a time, and then no more."""

    async def attack(site: Site) -> int | None:
        reader, writer = await asyncio.open_connection(site.host, site.port, limit=1024)
        writer.write(request(path))
        status = int((await reader.readline()).split()[1])
        end = time.monotonic() + seconds
        while time.monotonic() < end and await reader.read(100):
            await asyncio.sleep(0.2)
        writer.transport.abort()
        return status

    return attack


def of_sql(sql: str, format: str = "") -> str:
    return f"/foi{format}?{urlencode({'sql': sql})}"


LARGE = of_sql(recursive("limit 4000", "hex(randomblob(2000))"), ".json")
CONNECTIONS: dict[str, Attack] = {
    "HEAD of endless SQL": ask(of_sql(SQL["endless count"]), method="HEAD"),
    "HEAD of the database": ask("/foi.db", method="HEAD"),
    "POST of 40 MB": send(
        b"POST /foi HTTP/1.1\r\nHost: site\r\nContent-Length: 40000000\r\n\r\n", *[b"x" * 10**6] * 40
    ),
    "GET with a body": send(
        b"GET /foi HTTP/1.1\r\nHost: site\r\nContent-Length: 20000000\r\n\r\n", *[b"x" * 10**6] * 20
    ),
    "a body that never comes": send(b"GET /foi HTTP/1.1\r\nHost: s\r\nContent-Length: 9\r\n\r\n"),
    "OPTIONS": ask(TABLE, method="OPTIONS"),
    "TRACE": ask("/", method="TRACE"),
    "an unknown method": send(b"BREW / HTTP/1.1\r\nHost: site\r\n\r\n"),
    "no HTTP": send(b"\x16\x03\x01\x02\x00" * 100),
    "HTTP 0.9": send(b"GET /\r\n\r\n"),
    "HTTP 1.0": send(request("/", version="1.0")),
    "no host": send(b"GET / HTTP/1.1\r\n\r\n"),
    "two lengths": send(b"GET / HTTP/1.1\r\nHost: s\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
    "smuggling": send(
        b"GET / HTTP/1.1\r\nHost: s\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "endless chunks": send(
        b"GET / HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 5000
    ),
    "2,000 headers": send(request("/", *(f"X-{n}: 1" for n in range(2000)))),
    "a header of 60 kB": send(request("/", "X: " + "x" * 60000)),
    "headers of 16 MB": send(b"GET / HTTP/1.1\r\n", *[b"X: " + b"x" * 10**6] * 16),
    "a path of 16 MB": send(b"GET /", *[b"x" * 10**6] * 16),
    "a cookie of 50 kB": send(request("/", "Cookie: " + ";".join(f"a{n}=1" for n in range(7000)))),
    "a broken cookie": send(request("/", 'Cookie: ds_actor="' + "\\" * 5000)),
    "a false host": send(b"GET / HTTP/1.1\r\nHost: " + b"a" * 5000 + b"\r\nConnection: close\r\n\r\n"),
    "many ranges": send(request("/foi.db", "Range: bytes=" + ",".join(["0-1"] * 5000))),
    "many languages": send(request("/", "Accept-Language: " + ",".join(["en;q=0.1"] * 3000))),
    "forwarded": send(request("/", "X-Forwarded-For: " + "1.1.1.1," * 5000, "X-Forwarded-Proto: x")),
    "a false origin": ask("/foi.json", "Origin: https://" + "a" * 5000),
    "upgrade": send(request("/", "Upgrade: websocket", "Sec-WebSocket-Key: x")),
    "byte by byte": send(*[bytes([byte]) for byte in request("/")], pause=0.02),
    "100 half-open connections": together(100, send(b"GET / HT", pause=3, hang_up=True)),
    "200 silent connections": together(200, send(b"", pause=3, hang_up=True)),
    "100 pipelined pages": send(b"GET /about HTTP/1.1\r\nHost: s\r\n\r\n" * 100),
    "30 pipelined statements": send(
        b"".join(request(of_sql(SQL["endless count"], ".json")).replace(b"close", b"keep-alive") for _ in range(30))
    ),
    "30 statements that nobody awaits": together(
        30, send(request(of_sql(SQL["endless count"])), pause=0.1, hang_up=True)
    ),
    "40 statements at once": together(40, ask(of_sql(SQL["endless count"], ".json"))),
    "all statements at once": together(1, *(ask(of_sql(sql)) for sql in SQL.values())),
    "all addresses twice at once": together(2, *(ask(path) for path in ADDRESSES.values())),
    "40 who leave at once": together(40, send(request(of_sql(SQL["endless count"])), pause=1, hang_up=True)),
    "20 tables at once": together(20, ask(f"{TABLE}?_size=max")),
    "10 databases at once": together(10, ask("/foi.db")),
    "100 ordinary pages at once": together(100, ask(ORDINARY)),
    "a slow reader": read_slowly(LARGE, 4),
    "20 slow readers": together(20, read_slowly(LARGE, 4)),
    "20 slow readers of the database": together(20, read_slowly("/foi.db", 4)),
    "20 who read nothing": together(20, send(request(LARGE), pause=3, hang_up=True)),
}  # fmt: skip


def attacks() -> Iterator[tuple[str, Attack]]:
    """Yield every attack, named."""
    for name, sql in SQL.items():
        yield f"SQL: {name}", ask(of_sql(sql))
    for name, path in (ADDRESSES | FORMATS).items():
        yield f"address: {name}", ask(path)
    for name, attack in CONNECTIONS.items():
        yield f"connection: {name}", attack


# What the attacks cost.


def pss(pid: int) -> int:
    """Return a process's share of memory in bytes, 0 if it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024


def tree(pid: int) -> list[int]:
    """Return the process and all its descendants."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [child for task in tasks for child in (task / "children").read_text().split()]
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in tree(int(child)))]


@dataclass
class Cost:
    """The peaks of memory, and the waits of the bystander."""

    main: int = 0
    whole: int = 0
    waits: list[tuple[float, str]] = field(default_factory=list)
    lost: int = 0
    during: str = "nothing"

    async def watch_memory(self, pid: int) -> None:
        while True:
            shares = await asyncio.to_thread(lambda: [pss(each) for each in tree(pid)])
            self.main, self.whole = max(self.main, shares[0]), max(self.whole, sum(shares))
            await asyncio.sleep(0.1)

    async def stand_by(self, client: httpx.AsyncClient) -> None:
        while True:
            start, during = time.monotonic(), self.during
            try:
                self.lost += (await client.get(ORDINARY)).status_code != 200
            except httpx.HTTPError:
                self.lost += 1
            self.waits.append((time.monotonic() - start, during))
            await asyncio.sleep(EVERY)


async def run(given: argparse.Namespace) -> int:
    """Run the attacks, one after the other, and return the exit status."""
    address, longest = urlsplit(given.url), 1.5 * given.wall + WAIT_SECONDS
    cost, faults = Cost(), []
    async with (
        httpx.AsyncClient(base_url=given.url, timeout=longest * 4) as client,
        httpx.AsyncClient(base_url=given.url, timeout=longest * 4) as bystander,
    ):
        site = Site(address.hostname or "", address.port or 80)
        watching = [
            asyncio.create_task(cost.watch_memory(given.pid)),
            asyncio.create_task(cost.stand_by(bystander)),
        ]
        chosen = [(name, attack) for name, attack in attacks() if given.only in name]
        for name, attack in chosen:
            cost.during, start = name, time.monotonic()
            try:
                async with asyncio.timeout(longest * 2):
                    status: int | str | None = await attack(site)
            except (TimeoutError, httpx.TimeoutException):
                status = "no answer"
            except (OSError, httpx.HTTPError) as error:
                status = f"{type(error).__name__}"
            seconds = time.monotonic() - start
            fine = FINE if name.startswith("connection") else FINE - {503}
            fault = "" if status in fine and seconds <= longest else "  FAULT"
            faults += [name] if fault else []
            print(f"{status or 'closed'!s:>10} {seconds:7.2f} s  {name}{fault}", flush=True)
        cost.during = "nothing"
        await asyncio.sleep(2)
        well = (await client.get("/-/health")).json()["ok"]
        well = well and (await client.get("/foi.json?sql=select+1")).status_code == 200
        for task in watching:
            task.cancel()
    waits = sorted(seconds for seconds, _ in cost.waits)
    print(f"\n{len(chosen)} attacks, {len(faults)} faults: {', '.join(faults) or 'none'}")
    print(
        f"memory at its peak: server {cost.main / 1e6:.0f} MB, with children {cost.whole / 1e6:.0f} MB"
    )
    print(
        f"bystander: {len(waits)} requests, {cost.lost} lost, median {waits[len(waits) // 2]:.2f} s,"
        f" 95% within {waits[len(waits) * 95 // 100]:.2f} s, worst {waits[-1]:.2f} s"
    )
    for wait, during in sorted(cost.waits, reverse=True)[:5]:
        print(f"           {wait:.2f} s during {during}")
    print(f"afterwards: {'well' if well else 'NOT WELL: restart the server'}")
    return 1 if faults or cost.lost or not well else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("url")
    parser.add_argument("pid", type=int)
    parser.add_argument("--wall", type=float, default=4, help="the bound on running time")
    parser.add_argument("--only", default="", help="run the attacks whose name has this word")
    sys.exit(asyncio.run(run(parser.parse_args())))


if __name__ == "__main__":
    main()
