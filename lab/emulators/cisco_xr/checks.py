# SPDX-License-Identifier: GPL-2.0-or-later
"""What the router verifies at commit, and how it says that a commit failed.

The wording of a reason is recorded for the two captures in `commit_failed_*` alone; the others
are [GUESS]es: a driver may rely on the `!!%` and nothing more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from lab.emulators.cisco_xr.ace import Ace, Ends
from lab.emulators.cisco_xr.rpl import references
from lab.emulators.cisco_xr.tree import Act, Node, render
from lab.emulators.cisco_xr.view import View
from lab.emulators.faults import FaultPlan

PSEUDO_ATOMIC = (
    "\n% Failed to commit one or more configuration items during a pseudo-atomic operation. "
    "All changes made have been reverted. Please issue 'show configuration failed [inheritance]' "
    "from this session to view the errors"
)
ATOMIC = (
    "\n% Failed to commit one or more configuration items during an atomic operation. "
    "No changes have been made. Please issue 'show configuration failed if-committed' "
    "from this session to view the errors"
)
_PREAMBLE = [
    "!! SEMANTIC ERRORS: This configuration was rejected by ",
    "!! the system due to semantic errors. The individual ",
    "!! errors with each failed configuration command can be ",
    "!! found below.",
    "",
    "",
]


@dataclass(frozen=True)
class Failure:
    """One statement that the router does not take.

    Attributes:
        path: keys from the top to the statement.
        reason: what stands behind `!!%`.
    """

    path: tuple[str, ...]
    reason: str


def failures(before: View, after: View, edits: Node, faults: FaultPlan) -> Iterator[Failure]:
    """Everything that keeps the change from `before` to `after` from being committed."""
    yield from _groups(after, edits)
    yield from _lists(before, after)
    yield from _policies(after, edits)
    if faults.limits_entries():
        yield from _capacity(after, edits, faults)


def _culprit(edits: Node, keys: tuple[str, ...], removed: str) -> tuple[str, ...]:
    """The removal of the object, where the buffer removes it; else the statement that names it."""
    edit = edits.get(removed)
    return (removed,) if edit is not None and edit.act is Act.REMOVE else keys


def _groups(after: View, edits: Node) -> Iterator[Failure]:
    """An entry names an object-group that does not exist [GUESS: refused]."""
    for version in (4, 6):
        for block in after.top.under(f"ipv{version} access-list "):
            name = block.line.split()[-1]
            for number, entry in after.access_list(version, name) or []:
                for kind, group in _named(entry):
                    if after.members(kind, group) is not None:
                        continue
                    key = f"object-group {kind} {group}"
                    yield Failure(
                        _culprit(edits, (block.key, str(number)), key),
                        "'ACLMGR' detected the 'warning' condition "
                        f"'Object-group {group} is not configured or is in use by an ACL'",
                    )


def _named(entry: Ace) -> Iterator[tuple[str, str]]:
    for side in (entry.source, entry.destination):
        if side.group:
            yield f"network ipv{entry.version}", side.group
        if side.port_group:
            yield "port", side.port_group


def _lists(before: View, after: View) -> Iterator[Failure]:
    """A bound list cannot be removed [GUESS]; one that never existed can be bound [GUESS]."""
    for binding in after.bindings():
        key = f"ipv{binding.version} access-list {binding.name}"
        if before.top.get(key) is not None and after.top.get(key) is None:
            yield Failure(
                (key,),
                "'ACLMGR' detected the 'warning' condition "
                f"'ACL {binding.name} is in use by interface {binding.interface}'",
            )


def _policies(after: View, edits: Node) -> Iterator[Failure]:
    """Attached policies, and what they use, must exist [GUESS]; unattached ones need not [LIVE]."""
    for attached in after.attachments():
        place = (*attached.place, f"route-policy {attached.direction}")
        for kind, name in _missing(after, attached.policy, frozenset()):
            yield Failure(
                _culprit(edits, place, f"{kind} {name}"),
                f"Could not find entry in list: {kind} [{name}] is used by an attach point "
                "and does not exist",
            )


def _missing(after: View, policy: str, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    body = after.policy(policy)
    if body is None:
        yield "route-policy", policy
        return
    for name in sorted(references(body, "prefix-set")):
        if after.prefix_set(name) is None:
            yield "prefix-set", name
    for name in sorted(references(body, "as-path-set")):
        if after.path_set(name) is None:
            yield "as-path-set", name
    for name in sorted(references(body, "route-policy") - seen):
        yield from _missing(after, name, seen | {name})


# ---------------------------------------------------------------- capacity


def uncompressed(edits: Node) -> Iterator[Failure]:
    """Bindings with `compress level`, on line cards that have no external TCAM [CAPTURE]."""
    for interface in edits.under("interface "):
        for child in interface.children:
            if " compress level " in child.line and child.act is not Act.REMOVE:
                yield Failure(
                    (interface.key, child.key),
                    "'dnx_feat_mgr' detected the 'resource not available' condition "
                    "'ACL compression is not supported on this LC due to configuration or LC type'",
                )


def entries_in_use(view: View) -> int:
    """TCAM entries: each bound list once per interface and direction, groups multiplied out."""
    return sum(
        _expanded(view, entry)
        for binding in view.bindings()
        for _, entry in view.access_list(binding.version, binding.name) or []
    )


def _expanded(view: View, entry: Ace) -> int:
    def places(ends: Ends) -> int:
        spans = view.spans(f"network ipv{entry.version}", ends.group) if ends.group else [(0, 0)]
        return max(1, len(spans))

    def ports(ends: Ends) -> int:
        return max(1, len(view.spans("port", ends.port_group)) if ends.port_group else 1)

    ends = (entry.source, entry.destination)
    return prod(places(side) * ports(side) for side in ends)


def _capacity(after: View, edits: Node, faults: FaultPlan) -> Iterator[Failure]:
    if not faults.is_full(entries_in_use(after)):
        return
    first = next(iter(edits.children), None)
    if first is None:
        return
    path: tuple[str, ...] = (first.key,)
    node = first
    while node.children:
        node = node.children[-1]
        path = (*path, node.key)
    yield Failure(
        path,
        "'dnx_feat_mgr' detected the 'resource not available' condition "
        "'Out of resources: internal TCAM is full'",
    )


# ---------------------------------------------------------------- show configuration failed


def failed_text(edits: Node, found: list[Failure]) -> str:
    """What `show configuration failed` prints [CAPTURE: its frame]."""
    lines = list(_PREAMBLE)
    for failure in found:
        lines += _refused(edits, failure)
    return "\n".join([*lines, "end"])


def _refused(edits: Node, failure: Failure) -> list[str]:
    node: Node | None = edits
    lines: list[str] = []
    closers: list[str] = []
    for depth, key in enumerate(failure.path):
        node = None if node is None else node.get(key)
        pad = " " * depth
        if node is None:
            lines.append(pad + key)
        elif depth == len(failure.path) - 1:
            lines += [text for text in render(node, depth) if text.strip() != "!"]
        else:
            lines.append(pad + node.line)
            closers.insert(0, f"{pad}!")
    return [*lines, f"!!% {failure.reason}", *(closers or ["!"])]
