"""Serve the same complete copy of each immutable database until the server is restarted.

Problem: Datasette opens a database file once per thread, at the thread's first query, and again for
every download. If a build replaces the file while the server runs, old and new rows are served side
by side, under the old hash and row counts. Nor does Datasette compare a file with the counts and the
hash in inspect-data.json: with a file from another build, it serves wrong counts. What this does:
before anything else is opened, each immutable database is copied into a private temporary folder and
the copy is hashed; every connection and download uses the copy. The server does not start if

- a database listed as required is missing, or inspect-data.json does not describe it;
- a database differs in name, size or SHA-256 from what inspect-data.json says;
- a file is empty, damaged or not a database, or lacks a table that metadata.yml describes.

    plugins:
      release:
        required: [foi]
        fix: run make build          what to do, added to the error

Responses have the header `X-Release`: the first 12 digits of the SHA-256 of the database that the URL
belongs to. Other URLs have it only if there is just one database. Another process that needs the same
release should open `datasette.get_database(name).path` with `immutable=1`.

The copies are removed when the server stops; those of a server that was killed, when the same user
next starts one. They are in the system's temporary folder, or the one that TMPDIR names.

Limitations: each server needs disk space for a copy. Without it, the server warns and serves the
original file, without the header. Without flock (Windows), copies of killed servers stay. Mutable databases
are not copied. A server other than Datasette's own must await `invoke_startup` before requests.
"""

# No `from __future__ import annotations`: pydantic resolves them through sys.modules, which lacks
# Datasette's plugins.
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, finalize

import click
from click import ClickException
from datasette import hookimpl
from datasette.app import Datasette
from datasette.database import Database
from datasette.utils import tilde_encode
from pydantic import ValidationError

from ingest.config.yaml_model import Model

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

DIGITS = 12
"""The number of SHA-256 digits that name a release, as in the site's citations."""

_MAGIC = b"SQLite format 3\0"
"""The first bytes of every SQLite database."""
_PREFIX = "datasette-release-"
_BLOCK = 1024 * 1024

Asgi = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


class Config(Model):
    """The databases that must be served, and how to get them."""

    required: tuple[str, ...] = ()
    fix: str = "build the database and inspect-data.json again"


class Contents(NamedTuple):
    """What a file contains: its first bytes, its size in bytes, and its SHA-256 in hexadecimal."""

    start: bytes
    size: int
    sha256: str


class Copies:
    """The private copies of one Datasette's databases, and the name of each one's release."""

    def __init__(self) -> None:
        self.removals: list[finalize[..., Any]] = []
        self.releases: dict[str, str] = {}

    def release_at(self, path: str) -> str | None:
        """Return the release that the response to `path`, without the base URL, comes from."""
        database = path.split("/")[1].partition(".")[0]
        only = next(iter(self.releases.values())) if len(self.releases) == 1 else None
        return self.releases.get(database, only)

    def remove(self) -> None:
        for removal in self.removals:
            removal()


_copies: WeakKeyDictionary[Datasette, Copies] = WeakKeyDictionary()


def find_fault(name: str, found: Contents, facts: dict[str, Any], required: bool) -> str | None:
    """Return how a file of `name` differs from the `facts` of inspect-data.json, None if it doesn't.

    Only a required database must have facts.
    """
    if not found.size:
        return "found an empty file, expected a database"
    if found.start != _MAGIC:
        return "found a file of another kind, expected an SQLite database"
    if not facts:
        fault = "found no inspect-data.json that describes it, expected the one made with it"
        return fault if required else None
    for what, value, expected in (
        ("file name", name, facts.get("file")),
        ("size in bytes", found.size, facts.get("size")),
        ("SHA-256", found.sha256, facts.get("hash")),
    ):
        if value != expected:
            return f"found {what} {value}, expected {expected} as inspect-data.json says"
    return None


def find_missing_tables(file: Path, expected: set[str]) -> str | None:
    """Return which of the `expected` tables and views the database lacks, None if it lacks none."""
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?immutable=1", uri=True)) as connection:
            names = {name for (name,) in connection.execute("select name from sqlite_master")}
    except sqlite3.DatabaseError as error:
        return f"found a damaged database ({error}), expected a whole one"
    if missing := sorted(expected - names):
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        listed = ", ".join(missing[:3]) + more
        return f"found no table {listed}, expected all that metadata.yml describes"
    return None


def copy(source: Path, target: Path) -> Contents:
    """Copy a file, and return what the copy contains. Raise OSError if that fails."""
    digest, size, start = sha256(), 0, b""
    with source.open("rb") as reading, target.open("wb") as writing:
        while block := reading.read(_BLOCK):
            start = start or block[: len(_MAGIC)]
            size += len(block)
            digest.update(block)
            writing.write(block)
    return Contents(start, size, digest.hexdigest())


def make_folder() -> tuple[Path, int | None]:
    """Make a private folder, locked for as long as this process runs, however that ends.

    The lock also keeps systemd-tmpfiles from removing the folder. Raise OSError if that fails.
    """
    folder, lock = Path(tempfile.mkdtemp(prefix=f"new-{_PREFIX}")), None
    if fcntl:
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    # Only now does it get a name that other servers look for, so none finds it unlocked.
    return folder.rename(folder.with_name(folder.name.removeprefix("new-"))), lock


def remove_folder(folder: Path, lock: int | None, owner: int) -> None:
    """Remove a folder and its lock, unless this process is a fork of the owner."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def remove_abandoned() -> None:
    """Remove the copies that killed servers of this user have left. Raise OSError if that fails."""
    if not fcntl:
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:  # removed meanwhile, not a folder, or another user's
            continue
        try:
            if os.fstat(lock).st_uid == os.getuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:  # locked by a running server
            continue
        finally:
            os.close(lock)


def make_copy(source: Path, copies: Copies) -> tuple[Path, Contents]:
    """Copy a database into a folder of its own, removed with `copies`. Raise OSError if that fails."""
    folder, lock = make_folder()
    removal = finalize(copies, remove_folder, folder, lock, os.getpid())
    copies.removals.append(removal)
    target = folder / source.name  # under its own name, which is that of the download
    try:
        contents = copy(source, target)
        target.chmod(0o400)
    except OSError:
        removal()
        raise
    return target, contents


def take(source: Path, copies: Copies) -> tuple[Path, Contents]:
    """Return what to serve for `source` and its contents: a private copy, or itself if none can be made.

    Raise OSError if `source` cannot be read.
    """
    try:
        return make_copy(source, copies)
    except OSError as error:
        contents = copy(source, Path(os.devnull))
        click.echo(
            f"Warning: {source} is served where it is, because it cannot be copied to a temporary"
            f" folder ({error.strerror}). Stop the server before you replace it.",
            err=True,
        )
        return source, contents


def is_copy(path: Path) -> bool:
    """Return whether `path` is a private copy that another process of this user made."""
    folder = path.parent
    return folder.name.startswith(_PREFIX) and folder.stat().st_uid == os.getuid()


def serve_release(datasette: Datasette, database: Database, copies: Copies, config: Config) -> None:
    """Let every connection to `database` use one copy of it. Raise ClickException if it is not intact."""
    source = Path(database.path)
    facts = (datasette.inspect_data or {}).get(database.name) or {}
    tables = set(datasette.metadata("tables", database=database.name, fallback=False) or {})
    try:
        served, contents = take(source, copies)
        fault = find_fault(source.name, contents, facts, database.name in config.required)
        fault = fault or find_missing_tables(served.resolve(), tables)
    except OSError as error:
        fault = f"found a file that cannot be read ({error.strerror}), expected a database"
    if fault:
        raise ClickException(f"{source}: {fault}: {config.fix}.")
    database.path, database.is_mutable = str(served), False
    database.cached_hash, database.cached_size = contents.sha256, contents.size
    if served != source:
        copies.releases[tilde_encode(database.route)] = contents.sha256[:DIGITS]


# First, so that nothing has opened a database before it is copied.
@hookimpl(tryfirst=True)
def startup(datasette: Datasette) -> None:
    try:
        config = Config.model_validate(datasette.plugin_config("release") or {})
    except ValidationError as error:
        raise ClickException(f"metadata.yml, plugin release: {error}") from error
    # Datasette's command uses Click, which prints an error as one line without a traceback.
    if missing := [name for name in config.required if name not in datasette.databases]:
        raise ClickException(f"There is no {', '.join(missing)}.db here: {config.fix}.")
    with suppress(OSError):  # what cannot be removed now can be at the next start
        remove_abandoned()
    copies = _copies[datasette] = Copies()
    for name, database in datasette.databases.items():
        if database.path and is_copy(Path(database.path)):
            # Served by another process too, which has checked it and will remove it.
            copies.releases[tilde_encode(database.route)] = database.hash[:DIGITS]
        elif name in config.required or (database.path and not database.is_mutable):
            serve_release(datasette, database, copies, config)


# Last, so that it wraps the other plugins and their responses have the header too.
@hookimpl(trylast=True)
def asgi_wrapper(datasette: Datasette) -> Callable[[Asgi], Asgi]:
    def wrap(app: Asgi) -> Asgi:
        async def wrapped(scope: dict[str, Any], receive: Any, send: Any) -> None:
            copies = _copies.get(datasette) or Copies()
            if scope["type"] == "lifespan":
                try:
                    await app(scope, receive, send)
                finally:
                    # After SIGTERM, Python runs nothing at exit.
                    copies.remove()
                return
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            path = scope["path"].removeprefix(datasette.setting("base_url")).removeprefix("/")
            release = copies.release_at(f"/{path}")

            async def send_with_release(event: dict[str, Any]) -> None:
                if event["type"] == "http.response.start" and release:
                    named = (b"x-release", release.encode())
                    event = {**event, "headers": [*event.get("headers", []), named]}
                await send(event)

            await app(scope, receive, send_with_release)

        return wrapped

    return wrap
