# SPDX-License-Identifier: GPL-2.0-or-later
"""A golden case's BIRD, read by the driver's own parsers.

``actual.txt`` is our include file. Above it, each begun by ``=== NAME`` (and the file then by
``=== enforcer.conf``), may stand what differs from the usual: ``running`` (``nothing``: BIRD does
not know our file; ``another``), ``show protocols all`` and ``bird.conf``.
"""

from __future__ import annotations

from pathlib import Path

from drivers._router.known import KnownRules
from drivers.bird.answers import conversation, protocols
from drivers.bird.configured import configuration
from drivers.bird.holdings import ReadMembers, sessions
from drivers.bird.model import Box, Protocol
from drivers.bird.names import digest_of
from drivers.bird.parse import include_file, owner_of
from drivers.bird.render import state_of
from enforcer.core.rules import HOLD_MARKER, Actual
from tests.unit.drivers.golden import READ_AT, Case

_USUAL = Path(__file__).parent / "usual"
SHOW = "show protocols all"


def sections(text: str) -> dict[str, str]:
    """The parts of an ``actual.txt``, with the usual ones."""
    found = {
        SHOW: (_USUAL / "protocols.txt").read_text(encoding="utf-8"),
        "bird.conf": (_USUAL / "bird.conf").read_text(encoding="utf-8"),
        "running": "",
    }
    if not text.startswith("=== "):
        return found | {"enforcer.conf": text}
    for part in text.split("=== ")[1:]:
        name, _, rest = part.partition("\n")
        found[name] = rest
    return found


def reading(known: KnownRules, case: Case) -> Actual:
    """What the driver's session would read of `case.actual`."""
    name = case.device.name
    parts = sections(case.actual)
    file = include_file(name, parts["enforcer.conf"].encode())
    running: str | None = {"nothing\n": None, "another\n": "f" * 16}.get(
        parts["running"], state_of(file.items) if file.state else None
    )
    (reply,) = conversation(name, parts[SHOW].encode(), [SHOW])
    by_neighbor: dict[str, list[Protocol]] = {}
    for one in protocols(name, reply).bgp:
        by_neighbor.setdefault(one.neighbor, []).append(one)
    box = Box(
        file,
        running,
        frozenset(n for n in file.items if digest_of(n) and running is not None),
        bool(file.holds) or HOLD_MARKER in parts["bird.conf"],
        {neighbor: tuple(some) for neighbor, some in by_neighbor.items()},
        configuration(parts["bird.conf"]),
    )
    owner = owner_of(name, file)
    found = ReadMembers(box, known)
    return Actual(name, READ_AT, owner, found, sessions(box), box, hold=box.hold)
