"""Read a YAML file into a pydantic model, reporting each error as a finding with its file and line.

Every scalar is read as text and converted only by the model, so that `no`, `0700` or a date never
changes its type on the way. A key must not be repeated in a mapping. An empty value is None. A value
that begins with the word DECIDE is one that a person has not decided on yet, and is refused.

Validators raise ValueError with what was expected, because it becomes `Finding.expected`.
"""

from __future__ import annotations

import datetime
import difflib
import re
import reprlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from ingest.config.files import MAX_YAML, OutOfBounds, read_regular
from ingest.records.findings import BuildError, Finding
from ingest.text.characters import is_hidden

_MAX_VALUES = 100_000
"""Values in one YAML file."""
_MAX_FINDINGS = 100
"""Findings about the values of one file; finding the line of each takes time."""
MARK = "DECIDE"
"""The word with which a value begins that is still to be decided on. What follows it, if anything, is a proposal."""
_MARKED = re.compile(rf"{MARK}(?: +(.*))?", re.DOTALL)


def visible(text: str) -> str:
    """Return `text`. Raise ValueError if it has hidden characters."""
    if hidden := sorted({f"U+{ord(character):04X}" for character in text if is_hidden(character)}):
        raise ValueError(f"visible characters only, not {', '.join(hidden)}")
    return text


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"a regular expression: {error}") from error
    return pattern


def _iso_date(text: object) -> object:
    if isinstance(text, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("a date as YYYY-MM-DD")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(visible)
]
"""Text that is not empty and has no hidden characters."""
Regex = Annotated[str, AfterValidator(_compiles)]
"""A regular expression."""
IsoDate = Annotated[datetime.date, BeforeValidator(_iso_date)]
"""A date written YYYY-MM-DD."""


class Model(BaseModel):
    """A record that allows no other keys than those named."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _remember_whose_keys(cls, data: object, info: ValidationInfo) -> object:
        """Note which model a mapping is read into, so that `parse` can name the nearest of its keys."""
        if isinstance(data, dict) and isinstance(info.context, Loading):
            info.context.models[id(data)] = cls
        return data

    @classmethod
    def keys(cls) -> list[str]:
        """The keys that its mapping may have in YAML."""
        return [field.alias or name for name, field in cls.model_fields.items()]


M = TypeVar("M", bound=Model)


@dataclass
class Loading:
    """What validators may know about the file they are reading: its path."""

    path: Path
    models: dict[int, type[Model]] = field(default_factory=dict)
    """The model of each mapping, by the mapping's identity."""


@dataclass(frozen=True)
class Undecided:
    """A value that is still to be decided on: its keys, its line, what is proposed ("" if nothing is), and the
    part of the file's text that it takes."""

    keys: tuple[int | str, ...]
    line: int
    proposal: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """Its keys, without the numbers in lists, such as `tables.columns.codes.a blank`."""
        return ".".join(key or "a blank" for key in self.keys if isinstance(key, str))


def undecided_in(text: str) -> list[Undecided]:
    """Return the values in the YAML `text` that are still to be decided on, in the order of their lines.

    Raise YAMLError if it is not YAML.
    """
    return _undecided(_compose(text))


def load(path: Path, model: type[M]) -> tuple[M | None, list[Finding]]:
    """Return the file at `path` as `model`, or None and every reason why it is not valid."""
    try:
        text = _read(path)
    except OutOfBounds as error:
        found = error.strerror or str(error)
        expected = f"a YAML file of at most {MAX_YAML:,} bytes"
        return None, [Finding(path, None, found, expected, "replace it with a file that is one")]
    except (OSError, UnicodeDecodeError) as error:
        return None, [_unreadable(path, None, str(error))]
    return parse(text, model, path)


def parse(text: str, model: type[M], path: Path) -> tuple[M | None, list[Finding]]:
    """Return `text`, which is the start of the file at `path`, as `model`, or None and the reasons."""
    try:
        root = _compose(text)
        data = _plain(root, (), iter(range(_MAX_VALUES)))
    except RecursionError:
        return None, [_unreadable(path, None, "values nested too deeply")]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        return None, [_unreadable(path, mark.line + 1 if mark else None, problem)]
    undecided = _undecided(root)
    findings = [
        Finding(path, line, f"the key '{key}' twice", "each key once", "keep one of them")
        for key, line in _repeated_keys(root)
    ]
    findings += [
        Finding(
            path,
            one.line,
            f"{one.name}: {MARK} {one.proposal}".rstrip(),
            "a value that a person has decided on",
            f"write the value; or delete the word {MARK}, if what follows it is right"
            * bool(one.proposal)
            or f"write the value in place of {MARK}",
        )
        for one in undecided
    ]
    try:
        loading = Loading(path)
        record = model.model_validate(data, context=loading)
    except ValidationError as error:
        return None, findings + [
            _unknown_key(path, root, problem["loc"], _model_of(data, problem["loc"][:-1], loading))
            if problem["type"] == "extra_forbidden"
            else Finding(
                path,
                _line(root, problem["loc"]),
                f"{_named(problem['loc'])}: {_describe(problem)}",
                _expected(problem["msg"]),
                f"correct {path.name}",
            )
            for problem in error.errors(include_url=False)[:_MAX_FINDINGS]
            if not _is_of(undecided, problem)
        ]
    return (None if findings else record), findings


def load_bundled(path: Path, model: type[M]) -> M:
    """Return one of the project's own files as `model`. Raise BuildError, with every finding, if it
    is not valid."""
    record, findings = load(path, model)
    if not record:
        raise BuildError(findings)
    return record


def line_of(path: Path, *keys: int | str) -> int | None:
    """Return the line of the value under `keys` in the YAML file at `path`, or of its closest
    existing parent."""
    return line_in(_read(path), *keys)


def line_in(text: str, *keys: int | str) -> int | None:
    """Return the line of the value under `keys` in the YAML `text`, or of its closest existing
    parent."""
    return _line(_compose(text), keys)


def top_level(path: Path) -> dict[str, str | None]:
    """Return the keys of the mapping in the YAML file at `path`, with their values where these are text; none if
    there is no such file or mapping."""
    try:
        root = _compose(_read(path))
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError):
        return {}
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    return {
        str(name.value): value.value if isinstance(value, yaml.ScalarNode) else None
        for name, value in pairs
    }


def replace_value(text: str, key: str, value: str) -> str:
    """Return the YAML `text` with the value of one top-level `key` replaced and everything else
    unchanged.

    Raise ValueError unless the key appears exactly once.
    """
    root = _compose(text)
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    nodes = [node for name, node in pairs if name.value == key]
    if len(nodes) != 1:
        raise ValueError(f"{key} {len(nodes)} times")
    start, end = nodes[0].start_mark.index, nodes[0].end_mark.index
    # The end of a block scalar is the start of the next line.
    tail = re.search(r"\s*\Z", text[start:end])
    written = yaml.safe_dump(value, allow_unicode=True, width=float("inf"))
    return (
        text[:start]
        + written.removesuffix("...\n").strip()
        + (tail[0] if tail else "")
        + text[end:]
    )


def _read(path: Path) -> str:
    return read_regular(path, MAX_YAML).decode("utf-8")


def _compose(text: str) -> yaml.Node | None:
    root: yaml.Node | None = yaml.compose(text, Loader=yaml.BaseLoader)
    return root


def _plain(node: yaml.Node | None, above: tuple[yaml.Node, ...], budget: Iterator[int]) -> Any:
    """Return the node as dicts, lists, strings and None. Raise YAMLError for values that these
    cannot represent, and for more values than `budget` has: aliases can multiply them."""
    if node is None:
        return None
    if next(budget, None) is None:
        raise _unusable(f"more than {_MAX_VALUES:,} values", node)
    if any(node is one for one in above):
        raise _unusable("a value that contains itself", node)
    above = (*above, node)
    if isinstance(node, yaml.MappingNode):
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise _unusable("a key that is not text", name)
        return {name.value: _plain(value, above, budget) for name, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(value, above, budget) for value in node.value]
    quoted = isinstance(node, yaml.ScalarNode) and node.style is not None
    return node.value if quoted or node.value else None


def _unusable(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _unreadable(path: Path, line: int | None, problem: str) -> Finding:
    return Finding(path, line, problem, "a YAML file in UTF-8", f"correct {path.name}")


def nearest(name: str, names: Iterable[str]) -> str | None:
    """Return the name that `name` was probably meant to be."""
    return next(iter(difflib.get_close_matches(name, list(names), 1)), None)


def _model_of(data: Any, keys: tuple[int | str, ...], loading: Loading) -> type[Model] | None:
    """Return the model of the mapping under `keys`."""
    for key in keys:
        items = dict(enumerate(data)) if isinstance(data, list) else data
        data = items.get(key) if isinstance(items, dict) else None
    return loading.models.get(id(data))


def _unknown_key(
    path: Path, root: yaml.Node | None, loc: tuple[int | str, ...], model: type[Model] | None
) -> Finding:
    known = model.keys() if model else []
    near = nearest(str(loc[-1]), known)
    return Finding(
        path,
        _line(root, loc),
        f"{_named(loc)}, a key that is not known",
        f"{near}, or another of " * bool(near) + (", ".join(known) or "no key here"),
        f"write {near}, or remove the key" if near else "correct the key, or remove it",
    )


def _named(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "the file"


def _expected(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _describe(problem: Any) -> str:
    if problem["type"] == "missing" or problem["input"] is None:
        return "nothing"
    return reprlib.repr(problem["input"])


def _repeated_keys(root: yaml.Node | None) -> Iterator[tuple[str, int]]:
    """Yield each duplicate key, with its line."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if str(key.value) in keys:
                    yield str(key.value), key.start_mark.line + 1
                keys.add(str(key.value))
                waiting.append(value)
        elif isinstance(node, yaml.SequenceNode):
            waiting += node.value


def _undecided(root: yaml.Node | None) -> list[Undecided]:
    found, seen = [], set[int]()
    waiting: list[tuple[yaml.Node | None, tuple[int | str, ...]]] = [(root, ())]
    while waiting:
        node, keys = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            waiting += [(value, (*keys, str(name.value))) for name, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(value, (*keys, index)) for index, value in enumerate(node.value)]
        elif (
            isinstance(node, yaml.ScalarNode)
            and node.style is None
            and (match := _MARKED.fullmatch(node.value))
        ):
            start, end = node.start_mark, node.end_mark
            found.append(Undecided(keys, start.line + 1, match[1] or "", start.index, end.index))
    return sorted(found, key=lambda one: one.start)


def _is_of(undecided: Iterable[Undecided], problem: Any) -> bool:
    """Return whether a problem is about a value that is undecided, or about a mapping or list with one in it."""
    given, keys = problem["input"], tuple(problem["loc"])
    return bool(isinstance(given, str) and _MARKED.fullmatch(given)) or any(
        one.keys[: len(keys)] == keys for one in undecided
    )


def _line(node: yaml.Node | None, keys: tuple[int | str, ...]) -> int | None:
    """Return the line of the deepest node that exists along the path `keys`."""
    if node is None:
        return None
    line: int = node.start_mark.line + 1
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            pairs = {str(name.value): (name, value) for name, value in node.value}
            if str(key) not in pairs:
                break
            name, node = pairs[str(key)]
            line = name.start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int):
            node = node.value[key]
            line = node.start_mark.line + 1
        else:
            break
    return line
