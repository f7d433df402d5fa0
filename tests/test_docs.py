"""The documentation: its links, names and commands exist and work."""

from __future__ import annotations

import re
import sqlite3
import tomllib
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import pytest

from ingest.cli import main
from tests.serving import ROOT, a_plugin
from tests.site.pages import METADATA

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
COMMITTED = {".md", ".py", ".sql", ".yml", ".json", ".toml", ".html", ".svg"}
"""File extensions that only the project's own files have."""


def inline_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def code(path: Path) -> list[str]:
    """Return all code in a document: inline spans and indented lines, with continued lines
    joined."""
    text = path.read_text("utf-8").replace("\\\n", "")
    return inline_code(text) + re.findall(r"^    (.*)$", text, re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """Return the anchors that a code host generates for a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_every_relative_link_points_to_a_file_and_its_heading(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if not link.startswith("https://"):
            target, _, anchor = link.partition("#")
            file = path.parent / target if target else path
            assert file.exists(), link
            assert not anchor or anchor in anchors(file), link


@each_document
def test_every_path_that_is_named_exists(path: Path) -> None:
    """NAME and ID are placeholders. The changelog also names old files."""
    text = path.read_text("utf-8")
    if path.name == "CHANGELOG.md":
        text = text[: text.index("### Changed")]
    built = {line.strip("/") for line in (ROOT / ".gitignore").read_text().splitlines()}
    for name in inline_code(text):
        if not re.fullmatch(r"\.?\w[\w.*-]*(?:/[\w.*-]+)*/?", name) or name.rstrip("/") in built:
            continue
        pattern = re.sub(r"\b(?:NAME|ID)\b", "*", name.rstrip("/"))
        if "/" in name:
            assert any(ROOT.glob(pattern)), name
        elif Path(name).suffix in COMMITTED:
            folders = [folder for folder in ROOT.glob("[!.]*") if folder.is_dir()]
            assert (ROOT / name).exists() or any(any(one.rglob(name)) for one in folders), name


@each_document
def test_every_target_of_make_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {match for text in code(path) for match in re.findall(r"(?:^|\s)make (\S+)", text)}
    assert named <= targets


@each_document
def test_every_command_of_the_ingest_that_is_named_exists_with_its_options(path: Path) -> None:
    for text in code(path):
        for name, rest in re.findall(r"(?:foi-ingest|-m ingest) ([a-z-]+)(.*)", text):
            command = main if name.startswith("--") else main.commands[name]
            known = {option for parameter in command.params for option in parameter.opts}
            used = [name, *rest.split()] if command is main else rest.split()
            assert {word for word in used if word.startswith("--")} <= known, text


def test_two_commands_start_the_project() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    start = readme[readme.index("## Run it") :]
    start = start[: start.index("\n## ", 1)]
    assert re.findall(r"^    (\w+ \w+)", start, re.MULTILINE) == ["make serve", "make test"]


def test_the_example_of_a_question_is_one(database: Path, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "add-a-question.md").read_text("utf-8")
    example = re.search(r"^    -- title(?:.*\n(?=    |\n))+", text, re.MULTILINE)
    assert example
    file = tmp_path / "year-by-action.sql"
    file.write_text(re.sub("^    ", "", example[0], flags=re.MULTILINE), "utf-8")
    question = a_plugin("query_files").read_query_file(file)
    settings = METADATA["databases"]["foi"]["plugins"]["query_files"]
    assert question.header.group in settings["groups"]
    with closing(sqlite3.connect(database)) as connection:
        cursor = connection.execute(question.sql, {"disclosure_id": ""})
        columns = [column[0] for column in cursor.description]
        assert columns == list(question.header.columns)
        assert sum(row[columns.index("officers")] for row in cursor) == 412


def test_the_packages_are_listed_in_the_order_that_make_lint_checks() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    listed = re.findall(r"^\| `ingest/(\w+)(?:\.py)?` \|", text, re.MULTILINE)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    assert listed == [layer for layer in reversed(layers) if layer != "__main__"]


def test_the_page_on_datasette_1_lists_every_plugin_that_uses_what_has_changed() -> None:
    text = (ROOT / "docs" / "datasette-1.0.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| ([a-z_, ]+) \|", text, re.MULTILINE)
    assert len(rows) > 10
    plugins = {path.stem: path.read_text("utf-8") for path in (ROOT / "plugins").glob("*.py")}
    for used, listed in rows:
        using = [name for name, source in sorted(plugins.items()) if used in source]
        assert listed.split(", ") == using, used


def test_the_changelog_sorts_entries_by_kind() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"]
    for version in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        assert re.match(r"Unreleased\n|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)\n", version)
        _, *sections = re.split(r"^### ", version, flags=re.MULTILINE)
        found = [section.partition("\n")[0] for section in sections]
        assert found == [kind for kind in kinds if kind in found]
        assert all("\n- " in section for section in sections)


def test_the_picture_of_the_flow_is_described_and_follows_the_colour_scheme() -> None:
    picture = ET.parse(ROOT / "docs" / "pictures" / "flow.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    named = {part.get("id"): part.text for part in picture if part.get("id")}
    assert all(named[id] for id in (picture.get("aria-labelledby") or "").split())
    style = picture.findtext(f"{space}style") or ""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for part in picture.iter():
        for name in (part.get("class") or "").split():
            assert f".{name} {{" in light
    coloured = re.compile(r"([.\w]+) \{ [^}]*#\w{3,6}")
    assert set(coloured.findall(light)) == set(coloured.findall(dark))
