# SPDX-License-Identifier: GPL-2.0-or-later
"""What the rules of an order dropped, now and over time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from enforcer.application.actor import Actor
from enforcer.application.views import View


class DropSample(View):
    """How many packets there were at an instant, as the devices counted then."""

    at: datetime
    packets: int


class DroppedView(View):
    """`packets`: at least so many; null: no device that holds the order counts, or answers.

    `shared_by`: of so many orders together; null: of this one alone. `samples`: what was seen
    before, oldest first; a number below the one before it began anew.
    """

    packets: int | None
    shared_by: int | None
    samples: list[DropSample]


class Drops(Protocol):
    """Answers for one order."""

    def dropped(self, actor: Actor, order_id: str) -> DroppedView:
        """Ask the devices now, and tell what was kept. Raises NotFound, InvalidInput."""
        ...
