# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of an emulated Junos configuration: set, delete, deactivate, insert, rename."""

from __future__ import annotations

from collections.abc import Sequence

from lab.emulators.juniper_junos.nodes import Identity, Node, StatementRefused, Step, steps_of
from lab.errors import LabError


class EditRefused(LabError):
    """A change that names nothing, or that the place does not allow; the message is Junos's."""


NOT_FOUND = "warning: statement not found"


def put(root: Node, words: Sequence[str]) -> bool:
    """`set`: True when the configuration changed.

    Raises:
        StatementRefused: the line does not fit the schema; nothing was changed.
    """
    changed = False
    parent = root
    for step in steps_of(words, root.statement):
        child = parent.children.get(step.identity)
        if child is None:
            _make_room(parent, step)
            child = Node(step.statement, step.key)
            parent.children[step.identity] = child
            changed = True
        if step.values and _assign(child, step):
            changed = True
        if step.descends:
            parent = child
    return changed


def _make_room(parent: Node, step: Step) -> None:
    """Statements of one choice replace each other."""
    choice = step.statement.choice
    if choice:
        for identity, sibling in list(parent.children.items()):
            if sibling.statement.choice == choice:
                del parent.children[identity]


def _assign(child: Node, step: Step) -> bool:
    if step.statement.kind == "leaf":
        if child.values == list(step.values):
            return False
        child.values = list(step.values)
        return True
    added = [value for value in dict.fromkeys(step.values) if value not in child.values]
    child.values += added
    return bool(added)


def find(root: Node, words: Sequence[str]) -> tuple[list[Node], Step | None]:
    """The nodes from `root` to what `words` name, and the last step.

    Raises:
        StatementRefused: the line does not fit the schema.
        EditRefused: there is no such statement.
    """
    steps = steps_of(words, root.statement, deleting=True)
    nodes = [root]
    for step in steps:
        child = nodes[-1].children.get(step.identity)
        if child is None or any(value not in child.values for value in step.values):
            raise EditRefused(NOT_FOUND)
        nodes.append(child)
    return nodes, steps[-1] if steps else None


def remove(root: Node, words: Sequence[str]) -> bool:
    """`delete`: True; containers that it leaves empty go too, list entries stay.

    Raises:
        StatementRefused, EditRefused: as `find`.
    """
    nodes, step = find(root, words)
    if step is None:
        root.children.clear()
        return True
    target = nodes[-1]
    if step.statement.kind == "leaf-list" and step.values:
        target.values = [value for value in target.values if value not in step.values]
        if target.values:
            return True
    for parent, child in zip(reversed(nodes[:-1]), reversed(nodes[1:]), strict=True):
        if child is target or _vanishes(child):
            del parent.children[child.identity]
        else:
            break
    return True


def _vanishes(node: Node) -> bool:
    statement = node.statement
    kinds = ("container", "list")
    return statement.kind in kinds and not statement.presence and not node.children


def activate(root: Node, words: Sequence[str], *, inactive: bool) -> bool:
    """`activate` and `deactivate`: True when the configuration changed.

    Raises:
        StatementRefused, EditRefused: as `find`.
    """
    nodes, step = find(root, words)
    if step is None or nodes[-1].inactive == inactive:
        return False
    nodes[-1].inactive = inactive
    return True


def insert(root: Node, words: Sequence[str], where: str, anchor: Sequence[str]) -> bool:
    """`insert WORDS before|after ANCHOR`: an entry of a list or a value of a leaf-list.

    Raises:
        StatementRefused, EditRefused: as `find`; also when `anchor` is no sibling.
    """
    nodes, step = find(root, words)
    if step is None:
        raise EditRefused("error: invalid path")
    target = nodes[-1]
    if step.statement.kind == "leaf-list":
        return _insert_value(target, step.values, where, anchor)
    parent = nodes[-2]
    siblings = parent.children
    wanted: Identity = tuple(anchor) if target.statement.name else ("", *anchor)
    if target.statement.kind != "list" or wanted not in siblings or wanted == target.identity:
        raise EditRefused(f"error: statement '{' '.join(anchor)}' not found")
    order = [identity for identity in siblings if identity != target.identity]
    order.insert(order.index(wanted) + (where == "after"), target.identity)
    if order == list(siblings):
        return False
    parent.children = {identity: siblings[identity] for identity in order}
    return True


def _insert_value(target: Node, values: Sequence[str], where: str, anchor: Sequence[str]) -> bool:
    wanted = anchor[-1] if anchor else ""
    if len(values) != 1 or wanted not in target.values or wanted == values[0]:
        raise EditRefused(f"error: statement '{wanted}' not found")
    order = [value for value in target.values if value != values[0]]
    order.insert(order.index(wanted) + (where == "after"), values[0])
    changed = order != target.values
    target.values = order
    return changed


def rename(root: Node, words: Sequence[str], new: Sequence[str]) -> bool:
    """`rename WORDS to NEW`: a list entry gets another key and keeps its place.

    Raises:
        StatementRefused, EditRefused: as `find`; also when the new name is taken.
    """
    nodes, step = find(root, words)
    if step is None or step.statement.kind != "list":
        raise EditRefused("error: only entries of a list can be renamed")
    target, parent = nodes[-1], nodes[-2]
    renamed = steps_of(new, parent.statement)
    if len(renamed) != 1 or renamed[0].statement is not step.statement:
        raise StatementRefused(0, "syntax error")
    if renamed[0].identity in parent.children:
        raise EditRefused(f"error: target '{' '.join(new)}' already exists")
    old = target.identity
    target.key = renamed[0].key
    parent.children = {
        (target.identity if identity == old else identity): node
        for identity, node in parent.children.items()
    }
    return True


def apply_set_line(root: Node, words: Sequence[str]) -> bool:
    """One line in set format: set, delete, deactivate, activate, insert or rename.

    Raises:
        StatementRefused: it does not fit the schema; `index` counts from the verb.
        EditRefused: see `find`.
    """
    verb, rest = words[0], list(words[1:])
    try:
        if verb == "set":
            return put(root, rest)
        if verb == "delete":
            return remove(root, rest)
        if verb in ("activate", "deactivate"):
            return activate(root, rest, inactive=verb == "deactivate")
        if verb == "insert":
            at = next((i for i, w in enumerate(rest) if w in ("before", "after")), None)
            if at is None:
                raise StatementRefused(len(rest), "missing argument.")
            return insert(root, rest[:at], rest[at], rest[at + 1 :])
        if verb == "rename" and "to" in rest:
            at = rest.index("to")
            return rename(root, rest[:at], rest[at + 1 :])
    except StatementRefused as refusal:
        raise StatementRefused(refusal.index + 1, refusal.reason) from None
    raise StatementRefused(0, "unknown command")
