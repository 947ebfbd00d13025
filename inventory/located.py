# SPDX-License-Identifier: GPL-2.0-or-later
"""YAML text to plain values, with the line of each.

YAML 1.2 (``no`` is a word, ``010`` is ten). Only what an inventory needs is read: mappings,
lists, text, numbers, true and false, null. Duplicate keys, aliases and tags are problems.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from inventory.problems import Problem, dotted

YamlPath = tuple[str | int, ...]
Plain = dict[str, "Plain"] | list["Plain"] | str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
_SCALARS = ("str", "timestamp", "null", "bool", "int", "float")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_REAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,18}")


@dataclass(frozen=True)
class Document:
    """One file as read. `content` is None for an empty file and after a syntax error."""

    file: str
    content: Plain
    lines: Mapping[YamlPath, int]
    problems: tuple[Problem, ...]

    def line(self, path: YamlPath) -> int:
        """The line of `path`, or of what is nearest around it; 0: the file has no lines."""
        known = path
        while known and known not in self.lines:
            known = known[:-1]
        return self.lines.get(known, 1)

    def problem(self, path: YamlPath, message: str) -> Problem:
        """A problem at `path`, or as near to it as the file goes."""
        return Problem(self.file, self.line(path), dotted(path), message)


def read_document(text: str, file: str) -> Document:
    """Read one YAML document; never raises: what is wrong is in `problems`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a re-used anchor; aliases are refused anyway
            root = YAML(typ="safe", pure=True).compose(text)
        reader = _Reader(file)
        content = None if root is None else reader.plain(root, ())
    except RecursionError:
        return _unreadable(file, 0, "it is nested too deeply")
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 0
        return _unreadable(file, line, str(error.problem or error.context))
    except (YAMLError, ValueError) as error:
        return _unreadable(file, 0, " ".join(str(error).split()))
    return Document(file, content, reader.lines, tuple(reader.problems))


def _unreadable(file: str, line: int, why: str) -> Document:
    return Document(file, None, {}, (Problem(file, line, "", f"this is not YAML: {why}"),))


@dataclass
class _Reader:
    """Walks a node tree once."""

    file: str
    lines: dict[YamlPath, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def plain(self, node: Node, path: YamlPath) -> Plain:
        if id(node) in self.seen:
            message = "aliases (*name) are not supported: write the value out"
            self._complain(self.lines.get(path) or self.lines[path[:-1]], path, message)
            return None
        self.seen.add(id(node))
        line = self.lines.setdefault(path, node.start_mark.line + 1)
        kind = str(node.tag).removeprefix(_TAG)
        if isinstance(node, MappingNode) and kind == "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and kind == "seq":
            return [self.plain(item, (*path, i)) for i, item in enumerate(node.value)]
        if isinstance(node, ScalarNode) and kind in _SCALARS:
            return self._scalar(kind, str(node.value), line, path)
        self._complain(line, path, f"the tag {node.tag} is not supported: remove it")
        return None

    def _mapping(self, node: MappingNode, path: YamlPath) -> Plain:
        mapping: dict[str, Plain] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._complain(line, path, "a key must be a plain word")
                continue
            key = str(key_node.value)
            if key in mapping:
                first = self.lines[*path, key]
                self._complain(line, (*path, key), f"given twice; first in line {first}")
                continue
            self.lines[*path, key] = line
            mapping[key] = self.plain(value_node, (*path, key))
        return mapping

    def _scalar(self, kind: str, text: str, line: int, path: YamlPath) -> Plain:
        if kind in ("str", "timestamp"):
            return text
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() == "true"
        if kind == "int" and _INTEGER.fullmatch(text):
            return int(text)
        if kind == "float" and _REAL.fullmatch(text):
            return float(text)
        self._complain(line, path, f"'{text}' is not a plain number or text: put it in quotes")
        return None

    def _complain(self, line: int, path: YamlPath, message: str) -> None:
        self.problems.append(Problem(self.file, line, dotted(path), message))
