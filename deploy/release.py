"""Make a release of the checkout, and have the running servers take it; or take the previous one.

    python -m deploy.release publish
    python -m deploy.release rollback
    python -m deploy.release package

A release is a folder in `releases` with all that is served: the database, its counts, and copies of
the plugins, questions, templates and settings, so that nothing of it changes beneath a server. Its name
is the time and the first digits of the database's SHA-256. `releases/current` is the release that servers take.

`publish` packages the last build, asks a second server for every page and question, makes the release
the current one, and tells the running servers of this user (`deploy/serve.py`), one after the other. If
one of them cannot start it, all go back. `rollback` does the last two steps with the release before.
`package` does only the first step, and prints the folder.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import urlopen

from deploy.serve import CURRENT, RELEASES, SERVERS, START_SECONDS, Worker, current_release, listen

CODE = ("canned_queries", "deploy", "ingest", "plugins", "static", "templates")
FILES = ("corrections.yml", "metadata.yml", "settings.json")
INSPECT_FILE = "inspect-data.json"
KEPT = 5
"""How many releases stay, apart from the current one and those being served."""


class Failed(Exception):
    """Say why there is no release, or why it is not served."""


# A release.


def package() -> Path:
    """Copy the checkout and its last build into a new release. Raise Failed if there is no build."""
    new = RELEASES / f".new-{os.getpid()}"
    new.mkdir(parents=True)
    try:
        for name in CODE:
            # The documents are not served; templates/pages/disclosures, the pages about them, are.
            left_out = ("__pycache__", "disclosures") if name == "ingest" else ("__pycache__",)
            shutil.copytree(name, new / name, ignore=shutil.ignore_patterns(*left_out))
        facts = json.loads(Path(INSPECT_FILE).read_text("utf-8"))
        for name in (*FILES, INSPECT_FILE, *(fact["file"] for fact in facts.values())):
            shutil.copy(name, new)
        digits = "-".join(fact["hash"][:12] for fact in facts.values())
        return new.rename(RELEASES / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{digits}")
    except FileNotFoundError as error:
        raise Failed(f"There is no {error.filename}: run make build.") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def releases() -> list[Path]:
    """Return the releases, oldest first."""
    return sorted(path for path in RELEASES.glob("2*") if path.is_dir())


def remove_old() -> None:
    """Remove all but the newest releases, the current one and those being served."""
    served = {CURRENT.readlink().name, *(str(told(server)["release"]) for server in servers())}
    for release in releases()[:-KEPT]:
        if release.name not in served:
            shutil.rmtree(release)


# The smoke test.


def check(release: Path) -> None:
    """Ask a server of its own for each page, table and question. Raise Failed if one is not right."""
    with listen("127.0.0.1", 0) as listening:
        worker = Worker(release, listening, quiet=True)
        try:
            if not worker.is_ready():
                raise Failed(f"{release.name} does not start")
            for address in addresses(base := f"http://127.0.0.1:{listening.getsockname()[1]}"):
                status, digits, _ = ask(base + address)
                if status != 200 or digits not in (None, release.name.rpartition("-")[2]):
                    raise Failed(f"{address}: status {status}, X-Release {digits}")
        finally:
            worker.stop()


def ask(url: str) -> tuple[int, str | None, bytes]:
    """Return the status, the release and the body of an answer."""
    try:
        with urlopen(url, timeout=30) as answer:
            return answer.status, answer.headers["X-Release"], answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.headers["X-Release"], error.read()


def addresses(base: str) -> Iterator[str]:
    """Yield what the server at `base` has: its pages, tables, questions and disclosures."""
    for page in sorted(Path("templates", "pages").glob("*.html")):
        yield f"/{page.stem}"
    for database in json.loads(ask(f"{base}/-/databases.json")[2]):
        path = f"/{quote(database['name'])}"
        listing = json.loads(ask(f"{base}{path}.json")[2])
        yield from ("/", path, f"{path}.json?sql=select+1", "/-/health")
        shown = [table["name"] for table in listing["tables"] if not table["hidden"]]
        for name in [*shown, *(query["name"] for query in listing["queries"])]:
            yield f"{path}/{quote(name)}"
        if "disclosures" in shown:
            rows = json.loads(ask(f"{base}{path}/disclosures.json?_shape=array&_size=max")[2])
            yield from (f"/disclosures/{quote(row['id'])}" for row in rows)


# The servers.


def servers() -> list[Path]:
    """Return the files of the servers that run; remove those of servers that were killed."""
    running = []
    for path in sorted(SERVERS.glob("*")):
        with path.open() as entry:
            try:
                fcntl.flock(entry, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                running.append(path)
            else:
                path.unlink(missing_ok=True)
    return running


def told(server: Path) -> dict[str, str]:
    """Return what a server says about itself; nothing, if it is starting or has ended."""
    try:
        said: dict[str, str] = json.loads(server.read_text())
        return said
    except (OSError, ValueError):
        return {"release": "", "problem": ""}


def switch(release: Path) -> None:
    """Make a release the current one, in one step."""
    link = RELEASES / ".current"
    link.unlink(missing_ok=True)
    link.symlink_to(release.name)
    link.replace(CURRENT)


def deliver(release: Path) -> None:
    """Make a release the current one, and have each server take it. Raise Failed if one does not."""
    switch(release)
    for server in servers():
        os.kill(int(server.name), signal.SIGHUP)
        deadline = time.monotonic() + START_SECONDS
        while told(server)["release"] != release.name:
            said = told(server)
            if said["problem"].startswith(release.name):
                raise Failed(f"server {server.name}: {said['problem']}")
            if not server.exists() or time.monotonic() > deadline:
                raise Failed(f"server {server.name}: ended, or did not answer")
            time.sleep(0.05)
        print(f"Server {server.name} serves {release.name}", flush=True)


def take(release: Path) -> None:
    """Deliver a release; if a server does not take it, let all go back. Raise Failed then."""
    before = current_release() if CURRENT.is_symlink() else None
    try:
        deliver(release)
    except Failed:
        if before:
            deliver(before)
        else:
            CURRENT.unlink()
        raise


@contextmanager
def alone() -> Iterator[None]:
    """Let only one release happen at a time."""
    RELEASES.mkdir(exist_ok=True)
    folder = os.open(RELEASES, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def publish() -> None:
    release = package()
    try:
        check(release)
        take(release)
    except Failed:
        shutil.rmtree(release)
        raise
    remove_old()
    print(f"The current release is {release.name}")


def rollback() -> None:
    older = [each for each in releases() if each.name < current_release().name]
    if not older:
        raise Failed("There is no earlier release.")
    take(older[-1])
    print(f"The current release is {older[-1].name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    steps: dict[str, Callable[[], object]] = {
        "publish": publish,
        "rollback": rollback,
        "package": lambda: print(package()),
    }
    parser.add_argument("step", choices=steps)
    try:
        with alone():
            steps[parser.parse_args().step]()
    except Failed as error:
        sys.exit(f"{error}\nThe servers serve what they served before.")


if __name__ == "__main__":
    main()
