"""Answer costly requests in a process of their own, which the kernel stops at its bounds.

Problem: one SQL function call, one page with thousands of cells or one large export can keep
Datasette's only process busy for minutes, or use all of its memory, and Datasette's time limit cannot
stop it. What this does: a helper process builds the same Datasette when the server starts, and waits.
For each costly request it forks a child that answers the whole request, rendering included. The kernel
ends the child when it has used up its time or memory, and the visitor gets an error that says so. All
other requests are answered as before and never wait for a costly one.

A request is costly if its path belongs to a database and it

- runs a visitor's own SQL, or scans text: see COSTLY and SCANS;
- asks for a whole result: `.csv`, `.xlsx`, `_size=max`;
- has a long query string, many arguments or many facets.

    plugins:
      isolation:
        slots: 2                 requests that run at once; by default one per core, at most 2
        queue: 4                 requests that wait for a slot; any more get 503 at once
        wait_seconds: 5          the longest wait, after which there is a 503
        wall_seconds: 4          the longest that one request may run
        memory_mb: 160           what it may use in addition to the helper's own memory
        answer_mb: 32            the largest answer
        sql_time_limit_ms: 2500  the limit for each statement, in place of Datasette's
        query_bytes: 500         the longest query string that is not costly,
        arguments: 12            the most arguments in one,
        facets: 3                and the most facets
        without_helper: refuse   or `stock`: what to do with costly requests if there is no helper

When a slot becomes free, the next request is that of the visitor with the fewest running, and when the
queue is full, a visitor with more requests in it loses one to a visitor with fewer. A visitor who
hangs up loses the slot. An answer is sent only when it is complete, from a temporary file.
`/-/health` says in JSON whether the helper is running and every database can be read, which releases are
served, since when, and how many slots are in use; it is a 503 if `ok` is false. Of a request that is answered
apart, the ASGI scope has a true `isolated`, for plugins outside this one. Templates get
`isolation_bounds()`, the bounds in force, None where there are none.

Limitations: Linux only; elsewhere Datasette's own limits apply, and `/-/health` says so. Requests that
Datasette makes to itself are not routed, nor are pages outside the databases. Data that other plugins
put into memory after the server has started are not seen by the helper.
"""

# No deferred annotations: pydantic looks them up in sys.modules, where Datasette puts no plugins.
import asyncio
import gc
import os
import pickle
import selectors
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from math import ceil
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryFile
from typing import Any, Literal
from urllib.parse import parse_qsl
from weakref import WeakKeyDictionary

from click import ClickException
from datasette import Response, hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.plugins import pm
from datasette.utils import await_me_maybe, tilde_decode
from datasette.utils.asgi import Request
from datasette.views.base import DatasetteError
from jinja2 import Environment
from pydantic import Field, ValidationError

from ingest.config.yaml_model import Model

COSTLY = {"sql", "_where", "_through", "_searchmode", "_timelimit", "_stream"} | {
    f"_facet_{what}" for what in ("array", "date", "size")
}
"""Arguments that make a request costly."""
SCANS = ("contains", "endswith", "glob", "like", "notcontains", "notlike", "regexp", "startswith")
"""Operators of filters that read the whole of every value."""
FORMATS = (".csv", ".xlsx")

SENT = {"type", "http_version", "method", "scheme", "path", "raw_path", "query_string"} | {
    *("root_path", "headers", "client", "server")
}
"""What a child is told about a request."""

IN_HELPER = "DATASETTE_ISOLATION_HELPER"
"""The environment variable that tells this plugin that its process is the helper."""
SUPPORTED = sys.platform == "linux"
MEGABYTE = 1024 * 1024
CHUNK = 64 * 1024
"""Bytes of an answer in one message; the kernel keeps the limits of messages."""
RESTART_SECONDS = 10
"""How long to wait before a helper that failed is started again."""
OUT_OF_MEMORY = 77
"""The exit status of a child that ran out of memory."""

SQLITE_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 150,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 20,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 250,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
}
"""Bounds of SQLite in a child, which stop some costly statements early and with a clear message.

Depth and variables leave room for what the plugin arguments lets an address have: 100 filters, and
100 values in lists."""

if SUPPORTED:
    import ctypes
    import resource

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Config(Model):
    """The bounds, as described above."""

    slots: int = Field(default=max(1, min(os.cpu_count() or 1, 2)), ge=1)
    queue: int = Field(default=4, ge=0)
    wait_seconds: float = Field(default=5, gt=0)
    wall_seconds: float = Field(default=4, gt=0)
    memory_mb: int = Field(default=160, ge=1)
    answer_mb: int = Field(default=32, ge=1)
    sql_time_limit_ms: int = Field(default=2500, ge=1)
    query_bytes: int = Field(default=500, ge=0)
    arguments: int = Field(default=12, ge=0)
    facets: int = Field(default=3, ge=0)
    without_helper: Literal["refuse", "stock"] = "refuse"


class Refusal(DatasetteError):  # type: ignore[misc]
    """A costly request that was not answered: `type` is one of the plugin client_errors."""

    def __init__(self, message: str, status: int, type: str) -> None:
        titles = {
            "busy": "This site is busy",
            "time_limit": "This took too long",
            "memory_limit": "This needs too much memory",
            "size_limit": "This answer is too large",
            "unavailable": "This is not available just now",
        }
        super().__init__(message, title=titles[type], status=status)
        self.type = type


BUSY = "Other requests that take as long as this one are running. Try again in a few seconds."
TOO_LONG = (
    "The request took too long and was stopped at the time limit. Ask for fewer rows or columns."
)
TOO_MUCH = "The request needed more memory than one may use here. Ask for fewer or shorter values."
TOO_LARGE = "The answer is larger than {} MB. Ask for fewer rows or columns."
UNAVAILABLE = "Requests like this are answered by a process of their own, and it is not running."


def is_costly(datasette: Datasette, config: Config, path: str, query: bytes) -> bool:
    """Return whether the request for `path`, without the base URL, must be answered in a child."""
    first = path.split("/")[1]
    routes = {database.route for database in datasette.databases.values()}
    if not routes & {tilde_decode(first), tilde_decode(first.rpartition(".")[0])}:
        return False
    if path.endswith(FORMATS) or len(query) > config.query_bytes:
        return True
    arguments = [
        (name, value) for name, value in parse_qsl(query.decode("latin-1")) if value.strip()
    ]
    names = [name for name, _ in arguments]
    return (
        len(names) > config.arguments
        or names.count("_facet") > config.facets
        or not COSTLY.isdisjoint(names)
        or ("_size", "max") in arguments
        or any(name.rpartition("__")[2] in SCANS for name in names if "__" in name)
    )


# Which request is next.


class Slots:
    """A bounded number of slots for which visitors queue, those with the fewest running first."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.running: Counter[str] = Counter()
        self.waiting: list[tuple[str, asyncio.Future[None]]] = []

    async def take(self, visitor: str) -> None:
        """Take a slot for `visitor`, waiting if need be. Raise Refusal if there is none in time."""
        if self.running.total() < self.config.slots:
            self.running[visitor] += 1
            return
        self.drop_those_who_left()
        if len(self.waiting) >= self.config.queue:
            self.make_room(visitor)
        place = (visitor, asyncio.get_running_loop().create_future())
        self.waiting.append(place)
        try:
            async with asyncio.timeout(self.config.wait_seconds):
                await place[1]
        except BaseException as error:
            if place in self.waiting:
                self.waiting.remove(place)
            elif place[1].done() and not place[1].cancelled() and not place[1].exception():
                self.give_back(visitor)
            if isinstance(error, TimeoutError):
                raise Refusal(BUSY, 503, "busy") from None
            raise

    def drop_those_who_left(self) -> None:
        """Drop requests that were cancelled or timed out, and have not yet run to find out."""
        self.waiting = [place for place in self.waiting if not place[1].done()]

    def make_room(self, visitor: str) -> None:
        """Refuse the last request of the visitor who waits most, or that of `visitor`."""
        waits = Counter(name for name, _ in self.waiting)
        most = max(waits, key=lambda name: waits[name], default=visitor)
        if waits[most] <= waits[visitor] + 1:
            raise Refusal(BUSY, 503, "busy")
        place = next(place for place in reversed(self.waiting) if place[0] == most)
        self.waiting.remove(place)
        place[1].set_exception(Refusal(BUSY, 503, "busy"))

    def give_back(self, visitor: str) -> None:
        """Give the slot of `visitor` to the next who waits."""
        self.running[visitor] -= 1
        self.running += Counter()  # drop those with none
        self.drop_those_who_left()
        if self.waiting:
            place = min(self.waiting, key=lambda place: self.running[place[0]])
            self.waiting.remove(place)
            self.running[place[0]] += 1
            place[1].set_result(None)


# The server's side.


class Answer:
    """A response, complete: its first event, and its body in a temporary file."""

    def __init__(self) -> None:
        self.start: dict[str, Any] = {}
        self.body = SpooledTemporaryFile(max_size=MEGABYTE)  # noqa: SIM115 (closed by `send`)

    async def send(self, send: Any) -> None:
        await send(self.start)
        self.body.seek(0)
        with self.body:
            while chunk := self.body.read(CHUNK):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class NoHelper(Exception):
    """Report that there is no helper, and that the host chose Datasette's own limits instead."""


class Helper:
    """The helper process, as the server sees it."""

    def __init__(self, datasette: Datasette, config: Config) -> None:
        self.datasette, self.config, self.slots = datasette, config, Slots(config)
        self.started = 0.0
        self.process: subprocess.Popen[bytes] | None = None
        self.control: socket.socket | None = None
        self.ready: asyncio.Task[bool] | None = None
        self.problem = ""

    def start(self) -> None:
        """Start the process, which is ready when the task `ready` returns True."""
        self.stop()
        self.started = time.monotonic()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A file, because a pipe would block the server until the process has read it.
        with theirs, TemporaryFile() as about:
            ours.setblocking(False)
            pickle.dump(description(self.datasette, self.config), about)
            about.seek(0)
            try:
                self.process = subprocess.Popen(
                    [sys.executable, "-P", __file__, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=about,
                    env={**os.environ, IN_HELPER: "1", "PYTHONPATH": python_path()},
                )
            except OSError as error:
                ours.close()
                self.problem = f"it cannot be started: {error.strerror}"
                return
        self.control = ours
        self.ready = asyncio.create_task(self.wait_until_ready(ours))

    async def wait_until_ready(self, control: socket.socket) -> bool:
        """Return whether the process sent its word that it is ready, rather than ended."""
        try:
            said = await asyncio.get_running_loop().sock_recv(control, CHUNK)
        except OSError:
            said = b""
        if said == b"ready":
            self.problem = ""
            return True
        self.problem = said.decode() or "it ended while it started"
        return False

    @property
    def state(self) -> str:
        """Return "running", "starting", or why there is no helper."""
        if self.process and self.process.poll() is None and not self.problem and self.ready:
            return "running" if self.ready.done() else "starting"
        return self.problem or "stopped"

    def stop(self) -> None:
        if self.ready:
            self.ready.cancel()
            self.ready = None
        if self.control:
            self.control.close()  # at which the process ends
            self.control = None
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def start_if_ended(self) -> None:
        """Start the process again if it has ended.

        One that has just failed is not started again at once, since starting is costly too.
        """
        ended = not self.process or self.process.poll() is not None
        if ended and not (self.problem and time.monotonic() < self.started + RESTART_SECONDS):
            self.start()

    async def is_ready(self) -> bool:
        """Return whether there is a helper, started anew if it has ended. Raise Refusal."""
        self.start_if_ended()
        if not self.ready:
            return False
        try:
            async with asyncio.timeout(self.config.wait_seconds):
                return await asyncio.shield(self.ready)  # other requests wait for it too
        except TimeoutError:
            raise Refusal(BUSY, 503, "busy") from None

    async def answer(self, scope: dict[str, Any]) -> Answer:
        """Return the answer to the request `scope`. Raise Refusal if a bound was reached."""
        assert self.control
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            ours.setblocking(False)
            with theirs:
                try:
                    socket.send_fds(self.control, [pickle.dumps(scope)], [theirs.fileno()])
                except OSError:  # it has just ended, or its queue is full
                    raise Refusal(BUSY, 503, "busy") from None
            try:
                async with asyncio.timeout(self.config.wall_seconds * 1.5):
                    return await self.collect(ours)
            except TimeoutError:
                self.stop()  # it cannot keep its children within bounds
                raise Refusal(TOO_LONG, 400, "time_limit") from None

    async def collect(self, source: socket.socket) -> Answer:
        """Return the answer whose events a child sends through `source`. Raise Refusal."""
        answer, size = Answer(), 0
        while message := await asyncio.get_running_loop().sock_recv(source, 2 * CHUNK):
            kind, rest = message[:1], message[1:]
            if kind == b"s":
                answer.start = pickle.loads(rest)
            elif kind == b"b":
                size += len(rest)
                if size > self.config.answer_mb * MEGABYTE:
                    raise Refusal(TOO_LARGE.format(self.config.answer_mb), 400, "size_limit")
                answer.body.write(rest)
            elif kind == b"e":
                add_length(answer.start, size)
                return answer
            else:
                raise refusal_for(int(rest))
        raise Refusal(UNAVAILABLE, 503, "unavailable")


def add_length(start: dict[str, Any], size: int) -> None:
    """Add the header Content-Length to the first event of a whole response with a body."""
    if size and not any(name.lower() == b"content-length" for name, _ in start["headers"]):
        start["headers"] = [*start["headers"], (b"content-length", b"%d" % size)]


def refusal_for(exit_code: int) -> Refusal:
    """Return what to say about a child that ended with `exit_code`, negative for a signal."""
    if exit_code == OUT_OF_MEMORY or exit_code == -signal.SIGKILL:
        return Refusal(TOO_MUCH, 400, "memory_limit")
    if exit_code in (-signal.SIGALRM, -signal.SIGXCPU):
        return Refusal(TOO_LONG, 400, "time_limit")
    return Refusal("The process that answered this request failed.", 500, "unavailable")


def python_path() -> str:
    """Return where this process imports from, for another that is to import the same."""
    return os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)


def description(datasette: Datasette, config: Config) -> dict[str, Any]:
    """Return what is needed to build the same Datasette again."""
    databases = [database for database in datasette.databases.values() if database.path]
    return {
        "config": config.model_dump(),
        "facts": {
            database.path: (database.cached_hash, database.cached_size, database.route)
            for database in databases
        },
        "datasette": {
            "files": [database.path for database in databases if database.is_mutable],
            "immutables": [database.path for database in databases if not database.is_mutable],
            "cors": datasette.cors,
            "inspect_data": datasette.inspect_data,
            "metadata": datasette._metadata_local,
            "sqlite_extensions": datasette.sqlite_extensions,
            "template_dir": datasette.template_dir,
            "plugins_dir": datasette.plugins_dir,
            "static_mounts": datasette.static_mounts,
            "memory": "_memory" in datasette.databases,
            "settings": {
                **datasette._settings,
                "num_sql_threads": 0,
                "sql_time_limit_ms": config.sql_time_limit_ms,
            },
            "secret": datasette._secret,
            "version_note": datasette.version_note,
            "cache_headers": datasette.cache_headers,
            "crossdb": datasette.crossdb,
            "nolock": datasette.nolock,
        },
    }


# The helper's side.


def confine(config: Config, parent: int) -> None:
    """Let the kernel end this process at its bounds, and when the helper ends."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)
    os.nice(10)
    seconds = ceil(config.wall_seconds)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + config.memory_mb * MEGABYTE
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    signal.setitimer(signal.ITIMER_REAL, config.wall_seconds)


async def run(app: Asgi, scope: dict[str, Any], channel: socket.socket) -> None:
    """Answer the request `scope`, and send the events through `channel`."""
    asked, waiting = False, bytearray()

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            channel.sendall(b"s" + pickle.dumps(event))
            return
        waiting.extend(event.get("body", b""))
        whole = not event.get("more_body", False)
        while len(waiting) >= CHUNK or (whole and waiting):
            channel.sendall(b"b" + waiting[:CHUNK])
            del waiting[:CHUNK]
        if whole:
            channel.sendall(b"e")

    await app(scope, receive, send)


def be_child(app: Asgi, scope: dict[str, Any], channel: socket.socket, config: Config) -> int:
    """Answer one request, and return the exit status."""
    try:
        confine(config, os.getppid())
        asyncio.run(run(app, scope, channel))
    except MemoryError:
        return OUT_OF_MEMORY
    except BrokenPipeError:  # the visitor has gone
        return 0
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


async def warm(datasette: Datasette) -> None:
    """Compile the templates, and keep the answers that the site asks itself for."""
    await datasette.invoke_startup()
    for name, database in datasette.databases.items():
        if name != "_internal":
            tables = (await database.table_names())[:1]
            paths = [datasette.urls.table(name, table) for table in tables]
            sql = f"{datasette.urls.database(name)}?sql=select+1"
            for path in (datasette.urls.instance(), datasette.urls.database(name), sql, *paths):
                await datasette.client.get(path)
    for database in datasette.databases.values():
        # SQLite's connections to files must not be used after a fork.
        if database.path and database._read_connection:
            database._read_connection.close()
            database._read_connection = None


class Forks:
    """The helper's loop: fork a child for each request, and say how it ended."""

    def __init__(self, app: Asgi, control: socket.socket, config: Config) -> None:
        self.app, self.control, self.config = app, control, config
        self.children: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Serve until the server closes its end of the control socket."""
        woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake)
        self.selector.register(woken, selectors.EVENT_READ)
        self.selector.register(self.control, selectors.EVENT_READ)
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.control:
                    if not self.fork():
                        return
                elif key.fileobj == woken:
                    with suppress(BlockingIOError):
                        os.read(woken, CHUNK)
                    self.reap()
                elif key.data in self.children:
                    os.kill(key.data, signal.SIGKILL)  # the visitor has gone
                    self.selector.unregister(key.fileobj)

    def fork(self) -> bool:
        """Fork a child for the next request; return whether there was one."""
        message, fds, _, _ = socket.recv_fds(self.control, MEGABYTE, 1)
        if not message:
            return False
        channel, scope = socket.socket(fileno=fds[0]), pickle.loads(message)
        try:
            child = os.fork()
        except OSError:
            channel.close()
            return True
        if not child:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self.control.close()
            for other in self.children.values():
                other.close()
            os._exit(be_child(self.app, scope, channel, self.config))
        self.children[child] = channel
        self.selector.register(channel, selectors.EVENT_READ, data=child)
        return True

    def reap(self) -> None:
        """Say through its channel how each child that has ended did so."""
        while self.children:
            child, status = os.waitpid(-1, os.WNOHANG)
            if not child:
                return
            channel = self.children.pop(child)
            with suppress(KeyError, ValueError):
                self.selector.unregister(channel)
            with suppress(OSError):
                code = os.waitstatus_to_exitcode(status)
                channel.send(b"x%d" % code, socket.MSG_DONTWAIT)
            channel.close()


def be_helper(control: socket.socket) -> None:
    """Build the same Datasette as the server, say that it is ready, and serve requests."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server says when to stop
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    about = pickle.load(sys.stdin.buffer)
    config = Config(**about["config"])
    datasette = Datasette(**about["datasette"])
    for database in datasette.databases.values():
        if database.path:
            facts = about["facts"][database.path]
            database.cached_hash, database.cached_size, database.route = facts
    asyncio.run(warm(datasette))
    threads = threading.active_count()
    if threads != 1:
        raise RuntimeError(f"{threads} threads, and a process with threads cannot be forked safely")
    gc.collect()
    gc.freeze()
    control.sendall(b"ready")
    Forks(datasette.client.app, control, config).serve()


# The hooks.

_helpers: WeakKeyDictionary[Datasette, Helper] = WeakKeyDictionary()
_started = time.monotonic()


def read_config(datasette: Datasette) -> Config:
    """Return the bounds in metadata.yml. Raise ClickException if they are wrong."""
    try:
        return Config.model_validate(datasette.plugin_config("isolation") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin isolation: {error}") from error


async def rendered(datasette: Datasette, request: Request, refusal: Refusal) -> Response:
    """Return the response about `refusal`, made like those about the site's other errors."""
    hooks = pm.hook.handle_exception(datasette=datasette, request=request, exception=refusal)
    for hook in hooks:
        response = await await_me_maybe(hook)
        if response:
            if refusal.status == 503:
                response.headers["Retry-After"] = "5"
            response.headers["Cache-Control"] = "no-store"
            return response
    raise refusal


async def answer_apart(helper: Helper, scope: dict[str, Any], receive: Any) -> Answer | None:
    """Return a child's answer to the request `scope`, None if the visitor has gone.

    Raise Refusal if it cannot be answered, and NoHelper if it is to be answered in this process.
    """
    visitor = (scope.get("client") or ("",))[0]
    sent = {key: value for key, value in scope.items() if key in SENT}

    async def in_turn() -> Answer:
        await helper.slots.take(visitor)
        try:
            if await helper.is_ready():
                return await helper.answer(sent)
            if helper.config.without_helper == "stock":
                raise NoHelper
            raise Refusal(UNAVAILABLE, 503, "unavailable")
        finally:
            helper.slots.give_back(visitor)

    async def hang_up() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    answering, leaving = asyncio.create_task(in_turn()), asyncio.create_task(hang_up())
    await asyncio.wait((answering, leaving), return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not answering.done():
        answering.cancel()
        await asyncio.wait((answering,))
        return None
    return answering.result()


def wrap_outside(datasette: Datasette, app: Asgi) -> Asgi:
    """Return `app`, which then answers costly requests in a child once the server has started."""
    config = read_config(datasette)
    helper: Helper | None = None

    async def lifespan(scope: dict[str, Any], receive: Any, send: Any) -> None:
        nonlocal helper

        async def send_on(event: dict[str, Any]) -> None:
            nonlocal helper
            if event["type"] == "lifespan.startup.complete":
                helper = _helpers[datasette] = Helper(datasette, config)
                helper.start()
            await send(event)

        try:
            await app(scope, receive, send_on)
        finally:
            if helper:
                helper.stop()

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await lifespan(scope, receive, send)
            return
        # Only the server's own application has a lifespan: the requests of `datasette.client` pass.
        if not helper or scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            await app(scope, receive, send)
            return
        path = "/" + scope["path"].removeprefix(datasette.setting("base_url")).removeprefix("/")
        if not is_costly(datasette, config, path, scope["query_string"]):
            await app(scope, receive, send)
            return
        scope["isolated"] = True
        try:
            answer = await answer_apart(helper, scope, receive)
        except NoHelper:
            scope["isolated"] = False
            await app(scope, receive, send)
            return
        except Refusal as refusal:
            await app({**scope, "isolation.refusal": refusal}, receive, send)
            return
        if answer:
            await answer.send(send)

    return wrapped


def wrap_inside(datasette: Datasette, app: Asgi) -> Asgi:
    """Return `app`, which then renders the refusals that come from outside all other plugins."""

    async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
        refusal = scope.get("isolation.refusal")
        if refusal:
            response = await rendered(datasette, Request(scope, receive), refusal)
            await response.asgi_send(send)
        else:
            await app(scope, receive, send)

    return wrapped


# A wrapper of the hook itself, since the first and the last of all wrappers are needed; inside those of
# plugins that complete every answer, such as caching.
@hookimpl(hookwrapper=True, trylast=True)
def asgi_wrapper(datasette: Datasette) -> Generator[None, Any, None]:
    outcome = yield
    if SUPPORTED and IN_HELPER not in os.environ:
        others = outcome.get_result()
        outcome.force_result(
            [
                lambda app: wrap_inside(datasette, app),
                *others,
                lambda app: wrap_outside(datasette, app),
            ]
        )


@hookimpl
def prepare_connection(conn: sqlite3.Connection) -> None:
    if IN_HELPER in os.environ:
        for limit, value in SQLITE_LIMITS.items():
            conn.setlimit(limit, value)


@hookimpl(tryfirst=True)
def handle_exception(exception: Exception) -> None:
    if IN_HELPER in os.environ and isinstance(exception, MemoryError):
        os._exit(OUT_OF_MEMORY)  # a page about it would need memory too; the server renders it


@hookimpl
def startup(datasette: Datasette) -> None:
    read_config(datasette)


async def can_be_read(database: Database) -> bool:
    """Return whether a database answers, and its file, which downloads open, is still there."""
    try:
        await database.execute("select name from sqlite_master limit 1")
    except Exception:
        return False
    return not database.path or Path(database.path).exists()


async def health(datasette: Datasette) -> Response:
    """Return what a monitor needs to know, with status 503 if something is wrong."""
    helper = _helpers.get(datasette)
    state = helper.state if helper else "not started" if SUPPORTED else "only on Linux"
    if helper and state != "starting":
        helper.start_if_ended()  # so that a site without visitors, taken off for this, comes back
    unreadable = [
        name for name, database in datasette.databases.items() if not await can_be_read(database)
    ]
    ok = state in ("running", "starting") and not unreadable
    return Response.json(
        {
            "ok": ok,
            "releases": {
                name: database.hash
                for name, database in datasette.databases.items()
                if database.hash
            },
            "unreadable": unreadable,
            "uptime_seconds": round(time.monotonic() - _started),
            "helper": state,
            "slots": helper.config.slots if helper else 0,
            "running": helper.slots.running.total() if helper else 0,
            "waiting": len(helper.slots.waiting) if helper else 0,
        },
        status=200 if ok else 503,
        headers={"Cache-Control": "no-store"},
    )


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    env.globals["isolation_bounds"] = lambda: read_config(datasette) if SUPPORTED else None


@hookimpl
def register_routes() -> list[tuple[str, Any]]:
    return [(r"^/-/health$", health)]


if __name__ == "__main__":
    be_helper(socket.socket(fileno=int(sys.argv[1])))
