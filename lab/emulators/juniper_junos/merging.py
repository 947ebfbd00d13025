# SPDX-License-Identifier: GPL-2.0-or-later
"""How a private copy of the emulated Junos comes together with what others committed meanwhile."""

from __future__ import annotations

from lab.emulators.juniper_junos.nodes import Node


def merge(base: Node, mine: Node, target: Node) -> None:
    """Do in `target` what was done from `base` to `mine`.

    What both sides changed ends as in `mine`; the order of entries stays that of `target`.
    """
    for identity in base.children:
        if identity not in mine.children:
            target.children.pop(identity, None)
    for identity, node in mine.children.items():
        old = base.children.get(identity)
        present = target.children.get(identity)
        if old is None and present is None:
            target.children[identity] = node.clone()
            continue
        if present is None:
            if old is not None and old.same(node):  # somebody else deleted it, I left it alone
                continue
            present = target.children.setdefault(identity, Node(node.statement, node.key))
        before = Node(node.statement, node.key) if old is None else old
        _merge_values(before, node, present)
        merge(before, node, present)


def _merge_values(base: Node, mine: Node, target: Node) -> None:
    if mine.statement.kind == "leaf-list":
        gone = set(base.values) - set(mine.values)
        kept = [value for value in target.values if value not in gone]
        new = [v for v in mine.values if v not in base.values and v not in kept]
        target.values = kept + new
    elif mine.values != base.values:
        target.values = list(mine.values)
    if mine.inactive != base.inactive:
        target.inactive = mine.inactive
