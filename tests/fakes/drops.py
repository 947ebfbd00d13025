# SPDX-License-Identifier: GPL-2.0-or-later
"""Packets dropped, as a test wants them."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.application.drop_views import DroppedView


class FakeDrops:
    """`view` is what every order dropped."""

    def __init__(self) -> None:
        self.view = DroppedView(packets=None, shared_by=None, samples=[])

    def dropped(self, actor: Actor, order_id: str) -> DroppedView:
        """The same for each."""
        return self.view
