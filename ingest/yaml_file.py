"""Read a YAML file into a pydantic model, with a finding, file and line, for all that is wrong."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, ValidationError

from ingest.characters import is_hidden
from ingest.findings import Finding, Refused, quoted


def _visible(text: str) -> str:
    if hidden := sorted({f"U+{ord(character):04X}" for character in text if is_hidden(character)}):
        raise ValueError(f"characters that can be seen, and not {', '.join(hidden)}")
    return text


Text = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_visible)
]
"""A string that says something, all of which can be seen."""


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"a regular expression: {error}") from error
    return pattern


Regex = Annotated[str, AfterValidator(_compiles)]
"""A regular expression."""


class Model(BaseModel):
    """A record that takes the named keys, and no others, without converting their values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


M = TypeVar("M", bound=Model)


class _Loader(yaml.SafeLoader):
    """The safe loader, which also gives the line of a value such as the date 2023-02-30."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except ValueError as error:
            raise yaml.MarkedYAMLError(
                problem=f"{quoted(str(node.value))}: {error}", problem_mark=node.start_mark
            ) from error


def load(path: Path, model: type[M]) -> tuple[M | None, list[Finding]]:
    """The file at `path` as `model`; or None, with every reason why it is not one."""
    try:
        text = path.read_text("utf-8")
        root = yaml.compose(text, Loader=_Loader)
        data = yaml.load(text, Loader=_Loader)
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return None, [_unreadable(path, None, str(error))]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        return None, [_unreadable(path, mark.line + 1 if mark else None, problem)]
    findings = [
        Finding(path, line, f"the key '{key}' a second time", "each key once", "keep one of them")
        for key, line in _repeated_keys(root)
    ]
    try:
        record = model.model_validate(data)
    except ValidationError as error:
        return None, findings + [
            Finding(
                path,
                _line_of(root, problem["loc"]),
                f"{'.'.join(map(str, problem['loc'])) or 'the file'}: {_shown(problem)}",
                problem["msg"][:1].lower() + problem["msg"][1:],
                f"mend it in {path.name}",
            )
            for problem in error.errors(include_url=False)
        ]
    return (None if findings else record), findings


def load_own(path: Path, model: type[M]) -> M:
    """The project's own file at `path` as `model`. Raises Refused, with every finding, if it is none."""
    read, findings = load(path, model)
    if not read:
        raise Refused(findings)
    return read


def line_of(path: Path, *keys: int | str) -> int | None:
    """The line on which the YAML file at `path` states what stands under `keys`, or nearest above."""
    return _line_of(yaml.compose(path.read_text("utf-8"), Loader=_Loader), keys)


def _unreadable(path: Path, line: int | None, problem: str) -> Finding:
    return Finding(path, line, problem, "a YAML file in UTF-8", f"mend {path.name}")


def _shown(problem: Any) -> str:
    return "nothing" if problem["type"] == "missing" else reprlib.repr(problem["input"])


def _repeated_keys(root: yaml.Node | None) -> Iterator[tuple[str, int]]:
    """Every key that stands again in its mapping, with the line of the second."""
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


def _line_of(node: yaml.Node | None, keys: tuple[int | str, ...]) -> int | None:
    """The line of the deepest node on the way down `keys`."""
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
