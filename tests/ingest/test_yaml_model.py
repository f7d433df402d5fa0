"""YAML that does not fit its model: each finding names the line that a person must change."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import Field

from ingest.config.yaml_model import Model, Regex, Text, line_of, load, load_bundled
from ingest.records.findings import BuildError


class Entry(Model):
    name: Text
    tags: list[int] = Field(default_factory=list)
    pairs: list[list[int]] = Field(default_factory=list)


class Group(Model):
    entries: list[Entry]


class Book(Model):
    groups: list[Group]
    by_year: dict[int, Entry] = Field(default_factory=dict)


WRONG = {
    "a value in the second entry of the second list": (
        """\
groups:
  - entries:
      - name: a
  - entries:
      - name: b
      - name: [2]
      - name: c
""",
        [6],
    ),
    "an item of a list within an entry": (
        """\
groups:
  - entries:
      - name: a
        tags:
          - 1
          - 2
          - x
          - 4
      - name: b
        tags: [1]
""",
        [7],
    ),
    "items of lists within a list": (
        """\
groups:
  - entries:
      - name: a
        pairs:
          - - 1
            - x
          - - y
            - 2
""",
        [6, 7],
    ),
    "flow style over several lines": (
        """\
groups: [
  {entries: [
    {name: a},
    {name: [2]},
    {name: c,
     tags: [1,
            x,
            3]}]}]
""",
        [4, 7],
    ),
    "flow style within block style": (
        """\
groups:
  - entries: [{name: a}]
  - entries:
      - {name: b}
      - {name: c, tags: [1, x]}
""",
        [5],
    ),
    "a value below its key": (
        """\
groups:
  - entries:
      - name: a
      - name:
          [2]
""",
        [4],
    ),
    "an entry without its name, behind a comment and a blank line": (
        """\
groups:
  - entries:
      # the first

      - name: a
      - tags: [1]
""",
        [6],
    ),
    "a list where a mapping should be": (
        """\
groups:
  - entries:
      - name: a
      - [name, b]
""",
        [4],
    ),
    "a key that nobody knows, in the third entry": (
        """\
groups:
  - entries:
      - name: a
      - name: b
      - name: c
        colour: red
""",
        [6],
    ),
    "a value under a number": (
        """\
groups: []
by_year:
  2020:
    name: a
  2021:
    name: b
    tags: [x]
""",
        [7],
    ),
    "a key twice in one entry": (
        """\
groups:
  - entries:
      - name: a
      - name: b
        name: c
""",
        [5],
    ),
    "a key twice, in flow style": (
        """\
groups: [{entries: [{name: a},
                    {name: b, name: c}]}]
""",
        [2],
    ),
    "a key twice below a key of a mapping": (
        """\
groups: []
by_year:
  2020:
    name: a
    tags: []
    tags: [1]
""",
        [6],
    ),
    "a number twice as a key": (
        "groups: []\nby_year:\n  2020: {name: a}\n  2020: {name: b}\n",
        [4],
    ),
    "a key three times": ("groups: []\ngroups: []\ngroups: []\n", [2, 3]),
    "keys twice in several places, and a wrong value": (
        """\
groups:
  - entries:
      - name: a
        name: b
      - name: [2]
groups:
  - entries:
      - name: a
        name: b
      - name: [2]
""",
        [4, 6, 9, 10],
    ),
    "a key twice, before an entry that is named again": (
        """\
groups:
  - entries:
      - name: a
        name: b
  - &second
    entries:
      - name: c
  - *second
""",
        [4],
    ),
    "an entry with a key twice, named again elsewhere": (
        """\
groups:
  - &first
    entries:
      - name: a
        name: b
  - *first
""",
        [5],
    ),
    "text that is not a number": (
        "groups:\n  - entries:\n      - name: a\n        tags:\n          - '1'\n          - true\n"
        "          - 1.5\n          -\n",
        [6, 7, 8],
    ),
    "white space for a name": ("groups: [{entries: [{name: a},\n  {name: '  '}]}]\n", [2]),
    "an alias that leads in circles": (
        "groups:\n  - &again\n    entries:\n      - *again\n",
        [2],
    ),
}


@pytest.mark.parametrize(("text", "lines"), WRONG.values(), ids=WRONG)
def test_a_fault_is_reported_with_the_line_of_its_key_or_entry(
    tmp_path: Path, text: str, lines: list[int]
) -> None:
    path = tmp_path / "book.yml"
    path.write_text(text, "utf-8")
    book, findings = load(path, Book)
    assert book is None
    assert {finding.file for finding in findings} == {path}
    assert sorted({finding.line or 0 for finding in findings}) == lines


def test_the_same_key_in_two_entries_and_an_entry_named_again_are_right(tmp_path: Path) -> None:
    path = tmp_path / "book.yml"
    path.write_text(
        "groups:\n  - &first\n    entries:\n      - name: ' a '\n      - name: b\n  - *first\n"
    )
    book, findings = load(path, Book)
    assert findings == []
    assert book
    assert [[entry.name for entry in group.entries] for group in book.groups] == [["a", "b"]] * 2


@pytest.mark.parametrize(
    "scalar",
    ["no", "NO", "on", "y", "~", "null", "0700", "1e3", "2023-02-30", "0x10", "1_0", "'7'"],
)
def test_a_scalar_is_the_text_that_was_written(tmp_path: Path, scalar: str) -> None:
    path = tmp_path / "book.yml"
    path.write_text(f"groups: [{{entries: [{{name: {scalar}}}]}}]\n", "utf-8")
    book, findings = load(path, Book)
    assert findings == []
    assert book
    assert book.groups[0].entries[0].name == scalar.strip("'")


class Remark(Model):
    said: str | None


@pytest.mark.parametrize(
    ("written", "said"),
    [("", None), ("''", ""), ('""', ""), ("|", ""), ("a", "a"), ("'a'", "a")],
)
def test_no_value_is_told_from_an_empty_text(
    tmp_path: Path, written: str, said: str | None
) -> None:
    path = tmp_path / "remark.yml"
    path.write_text(f"said: {written}\n", "utf-8")
    remark, findings = load(path, Remark)
    assert findings == []
    assert remark
    assert remark.said == said


@pytest.mark.parametrize("text", ["[" * 1_000, "\x07", "a: b: c", "- a\nb"])
def test_invalid_yaml_is_reported_and_breaks_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "book.yml"
    path.write_text(text)
    book, (finding,) = load(path, Book)
    assert book is None
    assert finding.file == path
    assert finding.found not in (None, "", "None")


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("groups",), 1),
        (("groups", 0), 2),
        (("groups", 1), 4),
        (("groups", 1, "entries", 1), 6),
        (("groups", 1, "entries", 1, "tags"), 7),
        (("groups", 1, "entries", 1, "tags", 2), 8),
        (("groups", 1, "entries", 1, "nothing"), 6),
        (("groups", 1, "entries", 1, "tags", "nothing"), 7),
        (("by_year", 2021), 10),
        (("by_year", 2022), 9),
        (("nothing",), 1),
    ],
)
def test_a_place_that_is_named_by_its_keys_has_a_line(
    tmp_path: Path, keys: tuple[int | str, ...], line: int
) -> None:
    path = tmp_path / "book.yml"
    path.write_text(
        "groups:\n"
        "  - entries:\n"
        "      - name: a\n"
        "  - entries:\n"
        "      - name: b\n"
        "      - name: c\n"
        "        tags: [1, 2,\n"
        "               3]\n"
        "by_year:\n"
        "  2021: {name: a}\n"
    )
    assert line_of(path, *keys) == line


class Search(Model):
    pattern: Regex


def test_a_pattern_that_does_not_compile_stops_the_program_with_the_place_and_the_reason(
    tmp_path: Path,
) -> None:
    path = tmp_path / "search.yml"
    path.write_text("\npattern: (a\n")
    with pytest.raises(BuildError) as refused:
        load_bundled(path, Search)
    (finding,) = refused.value.findings
    assert (finding.file, finding.line) == (path, 2)
    assert "unterminated" in finding.expected
    path.write_text("pattern: (a)\n")
    assert load_bundled(path, Search).pattern == "(a)"
