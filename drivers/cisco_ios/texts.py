# SPDX-License-Identifier: GPL-2.0-or-later
"""A plan as the commands that are typed, and the commands that undo it. Pure, lazy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drivers.cisco_ios.edits import Edits
from drivers.cisco_ios.planning import Payload, Sight, shared_by
from drivers.cisco_ios.steps import Where, backwards, text
from enforcer.core.plan import Batch

UNGUARDED = (
    "! no `archive` with a `path` on this device: no revert timer is armed; what cannot be proved"
    " reachable is taken back by hand, as far as the session lives"
)


def native(at: Sight, found: Edits, batches: Iterable[Batch], minutes: int) -> Iterator[str]:
    """The commands, batch by batch."""
    yield from shared_by(at.held.box, found)
    for why in sorted(set(found.blocked.values())):
        yield f"! left out: {why}"
    for batch in batches:
        payload = batch.payload
        assert isinstance(payload, Payload)
        timed = batch.structural and at.held.archive
        if batch.structural and not timed:
            yield UNGUARDED
        yield f"configure terminal revert timer {minutes}" if timed else "configure terminal"
        places: list[Where] = [step.where for step in payload.steps]
        yield from text([*places, *(((), line) for line in payload.refresh)])
        yield "end"
        if timed:
            yield "configure confirm"


def undo(found: Edits) -> Iterator[str]:
    """The commands back; numbers are those that lines had."""
    if not found.steps:
        return
    yield "configure terminal"
    yield from text([*backwards(found.steps), *(((), line) for line in found.refresh)])
    yield "end"
