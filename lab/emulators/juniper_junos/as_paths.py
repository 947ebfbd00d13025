# SPDX-License-Identifier: GPL-2.0-or-later
"""AS path expressions of the emulated Junos: `policy-options as-path` and `as-path-group`.

An expression is made of AS numbers, not of characters, and always stands for the whole path
[Juniper, AS path regular expressions]: a number, `.` for any one, a range `64500-64510`, then
`*`, `+`, `?`, `{m}`, `{m,}` or `{m,n}`; `|` between alternatives, brackets around groups, `()`
for an empty path, `^` and `$` without effect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from lab.emulators.juniper_junos.nodes import Node

_TOKEN = re.compile(
    r"\s*(?:(?P<range>\d+-\d+)|(?P<number>\d+)|(?P<any>\.)"
    r"|(?P<times>[*+?]|\{\d+(?:,\d*)?\})|(?P<mark>[|()])|(?P<border>[$^]))"
)


class BadPath(ValueError):
    """No AS path expression."""


@lru_cache(maxsize=1000)
def _tokens(text: str) -> tuple[tuple[str, str], ...]:
    found, at = [], 0
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None or token.lastgroup is None:
            raise BadPath(text)
        found.append((token.lastgroup, token[token.lastgroup]))
        at = token.end()
    return tuple(found)


def _part(kind: str, text: str, path: Sequence[int]) -> str:
    if kind == "border":
        return ""
    if kind == "mark":
        return "(?:" if text == "(" else text
    if kind == "any":
        return r"(?: \d+)"
    if kind == "number":
        return f"(?: {int(text)})"
    if kind == "range":
        low, high = (int(end) for end in text.split("-"))
        inside = [str(number) for number in dict.fromkeys(path) if low <= number <= high]
        return f"(?: (?:{'|'.join(inside)}))" if inside else "(?!)"
    return text


def matches(text: str, path: Sequence[int]) -> bool:
    """Whether the expression `text` stands for the whole of `path`.

    Raises:
        BadPath: it is none.
    """
    try:
        pattern = re.compile("".join(_part(kind, token, path) for kind, token in _tokens(text)))
    except re.error as problem:
        raise BadPath(text) from problem
    return pattern.fullmatch("".join(f" {number}" for number in path)) is not None


def is_expression(text: str) -> bool:
    """Whether `text` can be read."""
    try:
        matches(text, ())
    except BadPath:
        return False
    return True


def expressions(root: Node, conditions: Node) -> list[str] | None:
    """The expressions that a `from` names, any of which may match; None: it names none."""
    paths, groups = conditions.several("as-path"), conditions.several("as-path-group")
    if not paths and not groups:
        return None
    found = []
    for name in paths:
        found += _of(root.get("policy-options", ("as-path", name)))
    for name in groups:
        group = root.get("policy-options", ("as-path-group", name))
        for inner in group.listed("as-path") if group is not None else ():
            found += _of(inner)
    return found


def _of(node: Node | None) -> list[str]:
    return [] if node is None else [one.key[0] for one in node.listed("")]
