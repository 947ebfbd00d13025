# SPDX-License-Identifier: GPL-2.0-or-later
"""`show` of a configuration in the emulated Junos, with `| display set` and `| compare`."""

from __future__ import annotations

from collections.abc import Sequence

from lab.emulators.juniper_junos.commits import Commit, stamp
from lab.emulators.juniper_junos.database import Database
from lab.emulators.juniper_junos.display import (
    block,
    braces,
    compare,
    list_lines,
    section_lines,
)
from lab.emulators.juniper_junos.edits import EditRefused, find
from lab.emulators.juniper_junos.nodes import Node, StatementRefused
from lab.emulators.juniper_junos.pipes import filtered


def section(root: Node, words: Sequence[str], *, as_set: bool) -> list[str]:
    """The statement that `words` name, in braces or in set format; no lines where it is absent.

    Raises:
        StatementRefused: the words do not fit the schema.
    """
    try:
        nodes, _step = find(root, words)
    except EditRefused:
        return []
    except StatementRefused as refusal:
        if refusal.index < len(words):
            raise
        return _whole_list(root, words, as_set=as_set)
    if as_set:
        return section_lines(root, nodes)
    target = nodes[-1]
    if target.values or not target.children:
        return [] if target is root else block(target, 0)
    return braces(target)


def _whole_list(root: Node, words: Sequence[str], *, as_set: bool) -> list[str]:
    """`show policy-options prefix-list`: every entry, since the key is left out."""
    try:
        nodes, _step = find(root, words[:-1])
    except EditRefused:
        return []
    return list_lines(nodes, words[-1], as_set=as_set)


def show(database: Database, root: Node, words: Sequence[str], pipes: list[str]) -> str:
    """`show [configuration] WORDS | PIPES` of the configuration `root`.

    Raises:
        StatementRefused: the words do not fit the schema.
        EditRefused: a rollback to compare with does not exist.
    """
    others = [pipe for pipe in pipes if not pipe.startswith(("display", "compare", "no-more"))]
    for pipe in pipes:
        if pipe.startswith("compare"):
            lines = _compared(database, root, words, pipe)
            return filtered("\n".join(lines), others)
    as_set = any(pipe.startswith("display set") for pipe in pipes)
    return filtered("\n".join(section(root, words, as_set=as_set)), others)


def _compared(database: Database, root: Node, words: Sequence[str], pipe: str) -> list[str]:
    number = pipe.rsplit(maxsplit=1)[-1] if "rollback" in pipe else ""
    old: Node | None = database.active
    if number:
        old = database.history.configuration(int(number)) if number.isdigit() else None
    if old is None:
        raise EditRefused(f"error: rollback {number} does not exist")
    lines = compare(old, root)
    if not words:
        return lines
    # A hunk above the section that was asked for still shows what changed in it.
    wanted, kept, keeping = " ".join(words), list[str](), False
    for line in lines:
        if line.startswith("["):
            path = line[len("[edit") : -1].strip()
            keeping = f"{path} ".startswith(f"{wanted} ") or f"{wanted} ".startswith(f"{path} ")
        if keeping:
            kept.append(line)
    return kept


def last_commit(commits: list[Commit]) -> str:
    """The first line of `show configuration` in braces."""
    newest = commits[0]
    return f"## Last commit: {stamp(newest.at)} by {newest.user}"
