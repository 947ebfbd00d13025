# SPDX-License-Identifier: GPL-2.0-or-later
"""A configuration tree of the emulated Junos and how words become places in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lab.emulators.juniper_junos.schema import FREE, Statement, schema
from lab.emulators.juniper_junos.values import complaint, lengths_fit, read_value
from lab.errors import LabError

Identity = tuple[str, ...]


class StatementRefused(LabError):
    """A line that does not fit the schema.

    Attributes:
        index: which word is wrong; the number of words when one is missing.
        reason: what Junos says about it, without the caret.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"word {index + 1}: {reason}")
        self.index = index
        self.reason = reason


@dataclass(slots=True)
class Node:
    """One statement of a configuration.

    Attributes:
        statement: its place in the schema.
        key: of a list entry, or the word of a free statement; empty otherwise.
        values: of a leaf (one) or of a leaf-list, in order.
        inactive: deactivated: shown, kept, without effect.
        children: in the order in which they were configured.
    """

    statement: Statement
    key: tuple[str, ...] = ()
    values: list[str] = field(default_factory=list)
    inactive: bool = False
    children: dict[Identity, Node] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        """What tells it from its siblings: the keyword and the key."""
        return (self.statement.name, *self.key)

    @property
    def words(self) -> tuple[str, ...]:
        """Keyword and key, without an absent keyword."""
        return self.identity if self.statement.name else self.key

    def clone(self) -> Node:
        """A copy that shares nothing but the schema."""
        children = {name: child.clone() for name, child in self.children.items()}
        return Node(self.statement, self.key, list(self.values), self.inactive, children)

    def shown(self) -> list[Node]:
        """The children in the order Junos shows them: the schema's, then as configured."""
        if not self.statement.children:
            return list(self.children.values())
        return sorted(self.children.values(), key=lambda child: child.statement.order)

    def same(self, other: Node) -> bool:
        """Whether both show the same, order included."""
        if (self.identity, self.values, self.inactive) != (
            other.identity,
            other.values,
            other.inactive,
        ):
            return False
        mine, others = self.shown(), other.shown()
        return len(mine) == len(others) and all(
            a.same(b) for a, b in zip(mine, others, strict=True)
        )

    # ------------------------------------------------------------ reading, inactive left out

    def get(self, *path: str | Identity) -> Node | None:
        """The active node at `path` (a keyword, or keyword and key); None where there is none."""
        node: Node = self
        for step in path:
            found = node.children.get((step,) if isinstance(step, str) else step)
            if found is None or found.inactive:
                return None
            node = found
        return node

    def value(self, *path: str | Identity) -> str | None:
        """The value of an active leaf."""
        node = self.get(*path)
        return node.values[0] if node is not None and node.values else None

    def listed(self, name: str) -> Iterator[Node]:
        """The active entries of the list `name`, in order."""
        for identity, child in self.children.items():
            if identity[0] == name and child.statement.kind == "list" and not child.inactive:
                yield child

    def several(self, *path: str | Identity) -> list[str]:
        """The values of an active leaf-list, in order; empty where there is none."""
        node = self.get(*path)
        return [] if node is None else node.values


@dataclass(frozen=True)
class Step:
    """One statement on the way of a line: `values` for leaves, `key` for lists."""

    statement: Statement
    key: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    @property
    def identity(self) -> Identity:
        """As `Node.identity`."""
        return (self.statement.name, *self.key)

    @property
    def descends(self) -> bool:
        """Whether the words that follow are below it (else beside it)."""
        return self.statement.kind in ("container", "list", "free")


def empty() -> Node:
    """A configuration without a statement."""
    return Node(schema())


def _reserved(parent: Statement, word: str) -> Statement | None:
    found = parent.children.get(word) if word else None
    return found if found is not None else parent.children.get("")


def _key(statement: Statement, words: Sequence[str], start: int) -> tuple[tuple[str, ...], int]:
    """The key of a list entry from `words[start]` on, and the index behind it."""
    key: list[str] = []
    index = start
    for kind in statement.types:
        key.append(_value(kind, words, index))
        index += 1
        if kind == "length" and key[-1] in ("upto", "prefix-length-range", "through"):
            key.append(_value("word", words, index))
            if not lengths_fit(key[0], key[-2], key[-1]):
                raise StatementRefused(index, "syntax error")
            index += 1
    return tuple(key), index


def _value(kind: str, words: Sequence[str], index: int) -> str:
    if index >= len(words):
        raise StatementRefused(index, "missing argument.")
    value = read_value(kind, words[index])
    if value is None:
        raise StatementRefused(index, complaint(kind, words[index]))
    return value


def _bracketed(words: Sequence[str], index: int) -> tuple[list[str], int]:
    """The words of `[ a b ]` or of a single value at `index`, and the index behind."""
    if index < len(words) and words[index] == "[":
        end = next((at for at in range(index, len(words)) if words[at] == "]"), len(words))
        if end == len(words):
            raise StatementRefused(end, "missing ']'.")
        return list(words[index + 1 : end]), end + 1
    return list(words[index : index + 1]), index + 1


def steps_of(words: Sequence[str], root: Statement, *, deleting: bool = False) -> list[Step]:
    """The statements that a line's words name, from `root` down.

    Args:
        words: without `set`.
        root: where they start.
        deleting: a leaf's value may be left out at the end of the line.

    Raises:
        StatementRefused: a word that the schema does not know, a value that is none, or a
            missing argument.
    """
    steps: list[Step] = []
    parent, index = root, 0
    while index < len(words):
        statement = _reserved(parent, words[index])
        if statement is None:
            if not parent.loose:
                raise StatementRefused(index, "syntax error")
            statement = FREE
        step, index = _step(statement, words, index, deleting)
        if not step.descends and index < len(words) and deleting:
            raise StatementRefused(index, "syntax error")
        steps.append(step)
        if step.descends:
            parent = statement
    return steps


def _step(
    statement: Statement, words: Sequence[str], index: int, deleting: bool
) -> tuple[Step, int]:
    kind = statement.kind
    if statement is FREE:
        if words[index] in "[]":
            raise StatementRefused(index, "syntax error")
        return Step(FREE, (words[index],)), index + 1
    after = index + 1 if statement.name else index
    if kind == "list":
        key, after = _key(statement, words, after)
        return Step(statement, key), after
    if kind == "leaf" and not (deleting and after == len(words)):
        return Step(statement, (), (_value(statement.types[0], words, after),)), after + 1
    if kind == "leaf-list" and not (deleting and after == len(words)):
        given, end = _bracketed(words, after)
        if not given:
            raise StatementRefused(after, "missing argument.")
        read = [_value(statement.types[0], given, at) for at in range(len(given))]
        return Step(statement, (), tuple(read)), end
    return Step(statement), after
