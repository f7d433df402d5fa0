"""Properties that the repository promises."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from ingest.build import build
from tests.documents import FIRST, FolderCopy, sha256
from tests.serving import ROOT

LOCKS = tuple(f"requirements{which}.lock" for which in ("", "-dev", "-clients", "-mutants"))


def test_the_source_is_committed_byte_for_byte() -> None:
    source = FIRST / "source.txt"
    assert sha256(source) == ("31db8143564c040fd009a25f23eb6de3a05180b5957306db3627671d069af8ad")
    attributes = (ROOT / ".gitattributes").read_text()
    assert "ingest/disclosures/*/source.* -text" in attributes.splitlines()


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_pinned_with_hashes_and_without_an_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(
        r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:[0-9a-f]{64}.*\n)+)", text, re.MULTILINE
    )
    assert len(pins) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 30
    assert "://" not in text


def test_all_locks_name_one_version() -> None:
    serving, developing, *others = (
        dict(re.findall(r"^(\S+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in LOCKS
    )
    assert serving.items() <= developing.items()
    for other in others:
        shared = developing.keys() & other.keys()
        assert {name: developing[name] for name in shared} == {name: other[name] for name in shared}
        assert serving.keys() < shared


def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert re.findall(r"^make ([\w-]+)", listed, re.MULTILINE) == [
        *(
            "help",
            "serve",
            "release",
            "rollback",
            "build",
            "try-example",
            "test",
            "test-long",
            "mutants",
            "pictures",
            "tools",
            "lint",
            "licences",
            "lock",
            "schema",
            "clean",
        )
    ]


def test_tools_installs_the_programs_that_are_not_here(tmp_path: Path) -> None:
    log = tmp_path / "log"
    for name in ("apt-get", "sudo"):
        stub = tmp_path / name
        stub.write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\n')
        stub.chmod(0o755)
    tools = "sh:of-sh no-such-program:its-package no-such-other:its-package-too"
    told = subprocess.run(
        ["make", "tools", f"TOOLS={tools}"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "CHROMIUM": "sh"},
    ).stdout
    asked = log.read_text().splitlines()[-1].split()
    assert asked[-2:] == ["its-package", "its-package-too"]
    assert "install" in asked
    assert "of-sh" not in asked
    assert "its-package-too" in told


def test_each_test_is_run_by_one_target() -> None:
    marked = {
        target: re.findall(
            r"pytest .* -m (.+)",
            subprocess.run(
                ["make", "-n", target], cwd=ROOT, check=True, capture_output=True, text=True
            ).stdout,
        )
        for target in ("test", "test-long")
    }
    assert marked == {"test": ['"not long"'], "test-long": ["long"]}


def test_the_port_may_be_chosen() -> None:
    for given, port in (([], "8001"), (["PORT=8080"], "8080")):
        told = subprocess.run(
            ["make", "-n", "serve", *given], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout
        assert f"--host 127.0.0.1 --port {port}" in told


def test_the_code_host_runs_what_ci_runs_on_every_version_of_python_that_is_promised() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    (job,) = workflow["jobs"].values()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    promised = [
        name.rpartition(" ")[2]
        for name in project["classifiers"]
        if name.startswith("Programming Language :: Python :: ")
    ]
    assert job["strategy"]["matrix"]["python"] == promised
    assert project["requires-python"] == f">={promised[0]}"
    checkout, python, run = job["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    assert python["uses"].startswith("actions/setup-python@")
    assert python["with"] == {"python-version": "${{ matrix.python }}"}
    assert run == {"run": ".ci/run", "env": {"PYTHON": "python${{ matrix.python }}"}}


def test_the_code_host_looks_for_known_vulnerabilities_of_what_is_served() -> None:
    """It needs the network, so `.ci/run` doesn't do it."""
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "audit.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    events = workflow[True]  # YAML 1.1 takes the key `on` for that
    assert {"push", "pull_request", "schedule"} == set(events)
    (job,) = workflow["jobs"].values()
    checkout, _, audit = job["steps"]
    assert checkout["uses"].startswith("actions/checkout@")
    assert re.fullmatch(
        r"pipx run pip-audit==\S+ --require-hashes --disable-pip -r requirements\.lock",
        audit["run"],
    )


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("line", [59, 126, 380])
def test_the_documented_purge_keeps_counts_and_removes_words(
    copy: FolderCopy, tmp_path: Path, line: int
) -> None:
    """Run the script in docs/withdraw-a-row.md unchanged on a copy."""
    document = (ROOT / "docs" / "withdraw-a-row.md").read_text("utf-8")
    match = re.search(r"<<'EOF'\n(.*?)    EOF", document, re.DOTALL)
    assert match
    script = "\n".join(line.removeprefix("    ") for line in match[1].split("\n"))
    build(copy.path.parent, tmp_path / "foi.db")
    before = figures(tmp_path / "foi.db")
    words = set(re.findall(r"\w+", copy.line(line).split("\t")[2]))
    checksum = sha256(copy.source)
    subprocess.run(
        [sys.executable, "-c", script, str(copy.source), str(line)], check=True, cwd=ROOT
    )
    copy.declare(checksum, sha256(copy.source))
    left = set(re.findall(r"[^\W█]+", copy.line(line).split("\t")[2]))
    assert len(words) > 5
    assert left <= {"withdrawn", "REDACTED", "redacted"}
    build(copy.path.parent, tmp_path / "foi.db")
    assert figures(tmp_path / "foi.db") == before


def figures(database: Path) -> list[tuple[object, ...]]:
    sql = (
        "select id, year, status, rank, result, action, sanction, visible_words, redaction_count,"
        " redaction_density, redaction_band, (select group_concat(form) from redactions"
        " where allegation_id = id) from officer_allegations"
    )
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()
