# SPDX-License-Identifier: GPL-2.0-or-later
"""Conditions of the route policy language on AS paths [DOC].

`as-path originates-from '64500'`, `passes-through '64500 64501'`, `neighbor-is '64500'` (with
`exact`), `is-local`, `length ge 5`, `unique-length ...`, and `in (ios-regex '_64500_', ...)`.
A text between quotes is a sequence of AS numbers, each a number, `*` for any one or a range
`[64500..64510]`. `in NAME` asks an as-path-set, whose members are the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

_QUOTED = re.compile(r"'([^']*)'")
_RANGE = re.compile(r"\[(\d+)\.\.(\d+)\]")
_TESTS: dict[str, Callable[[int, int], bool]] = {
    "eq": int.__eq__,
    "is": int.__eq__,
    "ge": int.__ge__,
    "le": int.__le__,
}


class BadCondition(ValueError):
    """No condition on an AS path."""


SetBody = Callable[[str], Sequence[str] | None]  # of an as-path-set; None: it does not exist
TOKEN = re.compile(r"'[^']*'|[(),]|[^\s(),']+")


def holds(
    take: Callable[[], str], peek: Callable[[], str], path: Sequence[int], sets: SetBody
) -> bool:
    """Read what stands behind `as-path` and judge `path` by it.

    Args:
        take: the next token; quoted texts are one token.
        peek: the same, without taking it.
        path: AS numbers, the nearest first.
        sets: the body of an as-path-set by name.

    Raises:
        BadCondition: no such condition.
    """
    word = take()
    if word == "in":
        return _inline(take, path) if peek() == "(" else in_set(sets(take()), path)
    if word == "is-local":
        return not path
    if word in ("length", "unique-length"):
        test, number = _TESTS.get(take()), take()
        if test is None or not number.isdecimal():
            raise BadCondition(word)
        return test(len(path) if word == "length" else len(set(path)), int(number))
    if word not in _PLACES:
        raise BadCondition(word)
    wanted = [_member(member) for member in _text(take()).split()]
    exact = peek() == "exact" and bool(take())
    found = path if exact else _once(path)
    return bool(wanted) and _PLACES[word](wanted, found)


def in_set(body: Sequence[str] | None, path: Sequence[int]) -> bool:
    """Whether a member of an as-path-set fits; one that does not exist has none."""
    lines = [line for line in body or () if not line.strip().startswith(("#", "end-set"))]
    tokens = TOKEN.findall(" ".join(lines))
    if not tokens:
        return False
    rest = iter(["(", *tokens, ")"])
    return _inline(lambda: next(rest, ""), path)


_Member = Callable[[int], bool]


def _member(text: str) -> _Member:
    if text == "*":
        return lambda number: True
    between = _RANGE.fullmatch(text)
    if between:
        low, high = int(between[1]), int(between[2])
        return lambda number: low <= number <= high
    if not text.isdecimal():
        raise BadCondition(text)
    wanted = int(text)
    return lambda number: number == wanted


def _text(token: str) -> str:
    quoted = _QUOTED.fullmatch(token)
    if quoted is None:
        raise BadCondition(token)
    return quoted[1]


def _once(path: Sequence[int]) -> list[int]:
    """Without `exact` repeated numbers (prepending) count once [DOC]."""
    return [number for at, number in enumerate(path) if at == 0 or path[at - 1] != number]


def _fits(wanted: Sequence[_Member], part: Sequence[int]) -> bool:
    return len(wanted) == len(part) and all(
        member(number) for member, number in zip(wanted, part, strict=True)
    )


def _origin(wanted: Sequence[_Member], path: Sequence[int]) -> bool:
    return _fits(wanted, path[-len(wanted) :])


def _nearest(wanted: Sequence[_Member], path: Sequence[int]) -> bool:
    return _fits(wanted, path[: len(wanted)])


def _anywhere(wanted: Sequence[_Member], path: Sequence[int]) -> bool:
    return any(_fits(wanted, path[at : at + len(wanted)]) for at in range(len(path)))


_PLACES: dict[str, Callable[[Sequence[_Member], Sequence[int]], bool]] = {
    "originates-from": _origin,
    "neighbor-is": _nearest,
    "passes-through": _anywhere,
}


def _inline(take: Callable[[], str], path: Sequence[int]) -> bool:
    """`in (ios-regex 'R', originates-from 'N', ...)`: any of them."""
    if take() != "(":
        raise BadCondition("in")
    found, separator = False, ","
    while separator == ",":
        kind = take()
        text = _text(take())
        if kind == "ios-regex":
            pattern = re.compile(text.replace("_", r"(?:^|$|[ ,{}()])"))
            found = pattern.search(" ".join(map(str, path))) is not None or found
        elif kind in _PLACES:
            members = [_member(member) for member in text.split()]
            found = _PLACES[kind](members, _once(path)) or found
        else:
            raise BadCondition(kind)
        separator = take()
    if separator != ")":
        raise BadCondition(separator)
    return found
