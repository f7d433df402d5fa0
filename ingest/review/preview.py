"""Serve the site as it would be with a draft: from a temporary database, to this machine only.

Nothing of the project is changed. What is not decided yet has the proposed value, or says so; every page says
that it is a draft, and that no program may list it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any, NoReturn

import yaml

from ingest.build import build
from ingest.config.files import MAX_YAML, read_regular
from ingest.config.manifest import FILE_NAME
from ingest.config.yaml_model import Undecided, undecided_in
from ingest.pdf.pool import Pool
from ingest.records.findings import BuildError, Finding
from ingest.text.phrases import pluralize

HOST = "127.0.0.1"
ROOT = Path(__file__).parents[2]
"""The folder of the project."""
_LINKED = ("plugins", "static", "templates")
"""What of the project a site is made of, apart from its metadata."""
_UNSTATED = {"source_url": "https://not-decided.invalid/"}
"""What the manifest says in a preview where nothing is proposed; anything else is `_NOT_YET`."""
_NOT_YET = "not decided yet"


@dataclass(frozen=True)
class Preview:
    """A site that is ready to be served: its folder, and what is undecided, by file."""

    folder: Path
    undecided: dict[str, list[Undecided]]
    left_out: Sequence[str]

    @property
    def database(self) -> Path:
        """The path of the temporary database."""
        return self.folder / "foi.db"


@contextmanager
def prepared(draft: Path, pool: Pool | None = None) -> Iterator[Preview]:
    """Build the site with the disclosure in the folder `draft`, and those beside it that are decided on, in a
    temporary folder, which is removed afterwards. Raise BuildError, with every finding, if it cannot be built."""
    draft = draft.resolve()
    _need_project(draft)
    with TemporaryDirectory(prefix="preview-") as temporary:
        folder = Path(temporary).resolve()
        disclosures = folder / "disclosures"
        disclosures.mkdir()
        shutil.copytree(draft, disclosures / draft.name)
        left_out = []
        for other in sorted(draft.parent.iterdir()):
            if other == draft or not other.is_dir() or not (other / FILE_NAME).is_file():
                continue
            if any(_undecided_files(other).values()):
                left_out.append(other.name)
            else:
                (disclosures / other.name).symlink_to(other)
        undecided = _undecided_files(draft)
        for name in undecided:
            _propose(disclosures / draft.name / name)
        try:
            build(disclosures, folder / "foi.db", pool=pool)
        except BuildError as error:
            raise BuildError(
                replace(one, file=_original(one.file, disclosures, draft.parent))
                for one in error.findings
            ) from None
        count = sum(map(len, undecided.values()))
        for name in _LINKED:
            (folder / name).symlink_to(ROOT / name)
        # The next preview is at the same address.
        settings = json.loads((ROOT / "settings.json").read_text("utf-8")) | {
            "default_cache_ttl": 0
        }
        (folder / "settings.json").write_text(json.dumps(settings), "utf-8")
        metadata = _as_draft(
            yaml.safe_load((ROOT / "metadata.yml").read_text("utf-8")), draft.name, count
        )
        (folder / "metadata.yml").write_text(yaml.safe_dump(metadata, sort_keys=False), "utf-8")
        yield Preview(folder, undecided, left_out)


def serve(preview: Preview, port: int) -> NoReturn:
    """Serve the site to this machine until the process is told to stop.

    Raise BuildError if the port is taken.
    """
    with suppress(OSError), socket.create_connection((HOST, port), 1):
        fix = "stop what is served there, or name another with --port"
        raise BuildError(
            [Finding(preview.folder, None, f"port {port} is taken", "a free port", fix)]
        )
    command = [sys.executable, "-m", "datasette", "serve", ".", "--host", HOST, "--port", str(port)]
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    server = subprocess.Popen(command, cwd=preview.folder, env=environment)

    def stop(signal_number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        raise SystemExit(server.wait())
    finally:
        server.terminate()
        server.wait()


def _need_project(draft: Path) -> None:
    missing = [
        name for name in (*_LINKED, "metadata.yml", "settings.json") if not (ROOT / name).exists()
    ]
    if missing:
        raise BuildError(
            [
                Finding(
                    ROOT,
                    None,
                    f"no {', '.join(missing)}",
                    "the project's folder, with the site in it",
                    "run foi-ingest from a copy of the project, as README.md says",
                )
            ]
        )
    if not (draft / FILE_NAME).is_file():
        fix = "name a folder that foi-ingest add has made, such as one in ingest/disclosures"
        raise BuildError(
            [Finding(draft, None, f"no {FILE_NAME}", "the folder of a disclosure", fix)]
        )


def _undecided_files(folder: Path) -> dict[str, list[Undecided]]:
    """Return what is undecided in each YAML file of a folder; nothing for one that is not YAML."""
    found: dict[str, list[Undecided]] = {}
    for path in sorted(folder.glob("*.yml")):
        with suppress(OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError):
            found[path.name] = undecided_in(read_regular(path, MAX_YAML).decode("utf-8"))
    return found


def _propose(path: Path) -> None:
    """Write what is proposed in place of each value that is undecided. What a shape does not propose stays."""
    text = path.read_text("utf-8")
    for one in reversed(undecided_in(text)):
        default = _UNSTATED.get(one.name, _NOT_YET) if path.name == FILE_NAME else ""
        if proposal := one.proposal or default:
            text = text[: one.start] + proposal + text[one.end :]
    path.write_text(text, "utf-8")


def _original(file: Path, disclosures: Path, parent: Path) -> Path:
    """Return the path of the file that a copy was made of."""
    return parent / file.relative_to(disclosures) if file.is_relative_to(disclosures) else file


def _as_draft(metadata: dict[str, Any], name: str, undecided: int) -> dict[str, Any]:
    """Return the site's metadata with a banner, without its address, and with no page for search engines."""
    still = f"{pluralize(undecided, 'decision is', 'decisions are')} still to be made, and the values shown are proposals."
    metadata["draft"] = f"Draft: {name} is not published. " + (
        still if undecided else "Every decision is made."
    )
    metadata["site_url"] = None
    rules = metadata["plugins"]["response_headers"]["rules"]
    noindex = {"header": "X-Robots-Tag", "value": "noindex, nofollow"}
    rules[:] = [noindex, *(rule for rule in rules if rule["header"] != noindex["header"])]
    return metadata
