# SPDX-License-Identifier: GPL-2.0-or-later
"""What people say about an order: an entry of its history, and nothing else."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.commands import LONGEST_COMMENT, CommentOrder
from enforcer.application.views import EventView
from enforcer.errors import InvalidInput
from enforcer.usecases.reasons import check_text
from enforcer.usecases.second_person import only_people
from enforcer.usecases.world import World, existing

COMMENTED = "order.commented"


def comment(world: World, actor: Actor, command: CommentOrder) -> EventView:
    """Record a comment; the order, which may be over, stays as it is.

    Raises InvalidInput (empty, too long, no text), NotFound, Forbidden for a detector.
    """
    only_people(actor, "comment an order")
    text = _text(command.text)
    now = world.clock.now()
    with world.database.write() as work:
        order = existing(work, command.order)
        sequence = work.record(
            "order.commented", actor, at=now, subject=order.id, payload={"text": text}
        )
    return EventView(
        sequence=sequence,
        at=now,
        kind=COMMENTED,
        actor=actor.name,
        source=actor.source,
        subject=order.id,
        device=None,
        detail={"text": text},
    )


def _text(stated: str) -> str:
    """Trimmed, with the line ends that browsers send made plain. Raises InvalidInput."""
    text = "\n".join(line.rstrip() for line in stated.strip().splitlines())
    if not text:
        raise InvalidInput("the comment is empty: say something, or leave it")
    if len(text) > LONGEST_COMMENT:
        raise InvalidInput(
            f"the comment has {len(text)} characters, and at most {LONGEST_COMMENT:,} are kept:"
            " say it in short, and name a --ticket that has the rest"
        )
    for line in text.split("\n"):
        check_text(line, "the comment")
    return text
