# SPDX-License-Identifier: GPL-2.0-or-later
"""What an interface or a neighbor gets from elsewhere: `groups`, `interface-range`. Pure.

What is inherited is in force, and no line of the section itself shows it. Where it would stand
beside ours, nothing is written: a statement of ours would take its place, or be joined to it.
(Junos CLI user guide, "Using configuration groups": a group's statements stand below
``groups NAME`` with their whole paths, ``<...>`` in them is a wildcard, and they are in force
below every path with ``apply-groups NAME``.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

Words = tuple[str, ...]

_APPLY = "apply-groups"
_RANGE = ("interfaces", "interface-range")
_MEMBERSHIP = ("member", "member-range", "description")


@dataclass(frozen=True, slots=True)
class Given:
    """One statement from elsewhere: its `words`, with wildcards as in a group; `source`: where
    it stands, as after ``set``."""

    words: Words
    source: str

    def reaches(self, path: str) -> bool:
        """Whether it is at `path`, or below it."""
        return _alike(self.words, path.split(" "))


def given(statements: Iterable[Words], inactive: Sequence[str]) -> tuple[Given, ...]:
    """All that is inherited somewhere, by the statements of groups and ranges, and by those that
    apply groups."""
    awake = [words for words in dict.fromkeys(statements) if not _asleep(words, inactive)]
    grouped = [words for words in awake if words[0] == "groups" and len(words) > 2]
    found = dict.fromkeys(_ranged([w for w in awake if w[:2] == _RANGE and len(w) > 3]))
    for at, name in _applied(awake):
        for words in grouped:
            if words[1] == name and _APPLY not in words and _alike(words[2:], at):
                found[Given(_below(at, words[2:]), f"groups {name}")] = None
    return tuple(found)


def source(all_given: Iterable[Given], path: str) -> str:
    """Where a statement at `path` or below it comes from; "": from nowhere else."""
    return next((one.source for one in all_given if one.reaches(path)), "")


def _applied(awake: Iterable[Words]) -> Iterator[tuple[Words, str]]:
    """(where, which): what a group applies counts where the group's own statement stands."""
    for words in awake:
        if len(words) > 1 and words[-2] == _APPLY:
            at = words[:-2]
            yield (at[2:] if at[:1] == ("groups",) else at), words[-1]


def _ranged(ranges: Sequence[Words]) -> Iterator[Given]:
    """Of an interface-range: its statements at each of its members.

    Of a `member-range` every interface of that type is taken to be a member: rather too many.
    """
    members: dict[str, list[str]] = {}
    for words in ranges:
        if words[3] in ("member", "member-range") and len(words) > 4:
            name = words[4] if words[3] == "member" else f"{words[4].partition('-')[0]}-*"
            members.setdefault(words[2], []).append(name.strip('"'))
    for words in ranges:
        if words[3] not in _MEMBERSHIP:
            for name in members.get(words[2], ()):
                path = ("interfaces", f"<{name}>", *words[3:])
                yield Given(path, f"interfaces interface-range {words[2]}")


def _asleep(words: Words, inactive: Sequence[str]) -> bool:
    path = " ".join(words)
    return any(path == top or path.startswith(f"{top} ") for top in inactive)


def _alike(words: Sequence[str], path: Sequence[str]) -> bool:
    """Whether `words` are those of `path`, or go on below it."""
    return len(words) >= len(path) and all(map(_same, words, path))


def _same(one: str, other: str) -> bool:
    # Of two wildcards, as in a group that applies a group, nobody can say: rather too many.
    return one == other or _wild(other) or (_wild(one) and fnmatchcase(other, one[1:-1]))


def _wild(word: str) -> bool:
    return word.startswith("<") and word.endswith(">")


def _below(at: Words, words: Words) -> Words:
    """`words` where they are applied: there, `at` says which names a wildcard stands for."""
    named = (there if _wild(one) else one for one, there in zip(words, at, strict=False))
    return (*named, *words[len(at) :])
