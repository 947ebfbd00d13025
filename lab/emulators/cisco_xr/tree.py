# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration tree of IOS-XR, and changes to it.

A committed configuration is a tree of `Node` that nobody alters any more. A target buffer is a
tree of the same form that says what to set and what to remove; `merge` makes the next committed
tree of both and shares what did not change, so that "nothing changed" is an identity.
"""

from __future__ import annotations

import enum
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Rank = tuple[Any, ...]


class Act(enum.Enum):
    """What a node of a target buffer does."""

    SET = "set"
    REMOVE = "remove"
    REPLACE = "replace"  # remove what is there, then set: `no X` followed by `X`


@dataclass(eq=False)
class Node:
    """One statement, perhaps with statements below it.

    Attributes:
        line: canonical text without indentation.
        key: identity among its siblings: a statement of the same key replaces it.
        rank: its place among its siblings.
        block: opens a submode, even when nothing is in it.
        body: what follows `line` verbatim, with the closing word (`end-set`); RPL objects.
        ephemeral: a block that exists only while something is in it (a physical interface).
        act: what it does, in a target buffer.
        children: statements below, in order.
    """

    line: str
    key: str
    rank: Rank = ()
    block: bool = False
    body: tuple[str, ...] = ()
    ephemeral: bool = False
    act: Act = Act.SET
    children: list[Node] = field(default_factory=list)
    index: dict[str, Node] = field(default_factory=dict)

    def get(self, *keys: str) -> Node | None:
        """The statement below by the keys of the path to it."""
        node: Node | None = self
        for key in keys:
            node = None if node is None else node.index.get(key)
        return node

    def put(self, child: Node) -> None:
        """Set `child` in a buffer or in a tree being built; the same key is replaced."""
        old = self.index.get(child.key)
        if old is None:
            self.children.insert(_place(self.children, child.rank), child)
        else:
            self.children[self.children.index(old)] = child
        self.index[child.key] = child

    def append(self, child: Node) -> None:
        """Set `child` behind all others, as the operator's text has it; the last one counts."""
        if child.key in self.index:
            self.put(child)
            return
        self.children.append(child)
        self.index[child.key] = child

    def bare(self) -> Node:
        """The same statement with nothing below it, set."""
        return Node(self.line, self.key, self.rank, self.block, self.body, self.ephemeral)

    def under(self, prefix: str) -> Iterator[Node]:
        """The statements directly below whose line begins with `prefix`."""
        return (child for child in self.children if child.line.startswith(prefix))


def root() -> Node:
    """An empty configuration or buffer."""
    return Node("", "", block=True)


def _place(siblings: list[Node], rank: Rank) -> int:
    """Behind the last sibling that does not stand after `rank`.

    From the end, because an operator's text need not be in our order, and sorted input is
    appended; long lists (members, ACEs) are sorted, so bisection finds the same place.
    """
    if not siblings or siblings[-1].rank <= rank:
        return len(siblings)
    if len(siblings) > 200:
        return bisect_right(siblings, rank, key=lambda node: node.rank)
    for position in range(len(siblings), 0, -1):
        if siblings[position - 1].rank <= rank:
            return position
    return 0


def _fresh(edit: Node) -> Node | None:
    """What setting `edit` creates where nothing was; None: nothing."""
    if edit.act is Act.REMOVE:
        return None
    node = edit.bare()
    for child in edit.children:
        made = _fresh(child)
        if made is not None:
            node.append(made)
    return None if node.ephemeral and not node.children else node


def _outcome(old: Node | None, edit: Node) -> Node | None:
    """What `old` becomes; `old` itself when nothing changes, None when it is not there then."""
    if edit.act is Act.REMOVE:
        return None
    if old is None:
        return _fresh(edit)
    if edit.act is Act.REPLACE:
        made = _fresh(edit)
        return old if made is not None and same(made, old) else made
    if edit.block:
        merged = merge(old, edit)
        return None if merged.ephemeral and not merged.children else merged
    return old if (old.line, old.body) == (edit.line, edit.body) else edit.bare()


def merge(base: Node, edit: Node) -> Node:
    """`base` with the changes of `edit` made; `base` itself when they change nothing."""
    changed: dict[str, Node | None] = {}
    added: list[Node] = []
    for child in edit.children:
        old = base.index.get(child.key)
        new = _outcome(old, child)
        if new is old:
            continue
        if old is None and new is not None:
            added.append(new)
        else:
            changed[child.key] = new
    if not changed and not added:
        return base
    result = base.bare()
    for child in base.children:
        kept = changed.get(child.key, child)
        if kept is not None:
            result.children.append(kept)
            result.index[kept.key] = kept
    for new in added:
        result.put(new)
    return result


def difference(base: Node, edit: Node) -> Node:
    """The part of `edit` that changes `base`: what `show configuration` prints."""
    part = edit.bare()
    part.act = edit.act
    for child in edit.children:
        old = base.index.get(child.key)
        if _outcome(old, child) is old:
            continue
        nested = child.block and child.act is Act.SET and old is not None
        part.append(difference(old, child) if nested and old is not None else child)
    return part


def same(one: Node, other: Node) -> bool:
    """Whether both say the same, in whatever order they were typed."""
    if one is other:
        return True
    if (one.line, one.body) != (other.line, other.body) or one.index.keys() != other.index.keys():
        return False
    return all(same(child, other.index[child.key]) for child in one.children)


def render(node: Node, depth: int = 0) -> list[str]:
    """The lines of `node` itself and of what is below it, each block closed by `!` [CAPTURE]."""
    pad = " " * depth
    if node.act is Act.REMOVE:
        return [f"{pad}no {node.line}"]
    lines = [f"{pad}no {node.line}"] if node.act is Act.REPLACE else []
    lines.append(pad + node.line)
    if node.body:
        lines += [*node.body, "!"]
    elif node.block:
        for child in node.children:
            lines += render(child, depth + 1)
        lines.append(f"{pad}!")
    return lines


def render_all(top: Node) -> list[str]:
    """The lines of everything below `top`."""
    return [line for child in top.children for line in render(child)]
