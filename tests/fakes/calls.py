# SPDX-License-Identifier: GPL-2.0-or-later
"""What every part of the fake application shares: the record of calls, devices and a clock."""

from __future__ import annotations

from datetime import datetime
from threading import Event
from typing import Any

from enforcer.application.actor import Actor
from enforcer.application.views import DeviceView
from enforcer.errors import DeviceUnreachable, EnforcerError, NotFound
from tests.fakes.views import NOW, a_device

_PATIENCE = 60.0


class FakeCalls:
    """`calls` has the name and the arguments of every call, in order; `fails` is raised.

    Nothing is answered while `answers` is clear.
    """

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now
        self.fails: EnforcerError | None = None
        self.answers = Event()
        self.answers.set()
        self.calls: list[tuple[str, Actor, Any]] = []
        self.device_views = [a_device("edge1"), a_device("edge2", status="failing", error="away")]
        self.unreachable: set[str] = set()

    def _called(self, name: str, actor: Actor, arguments: object) -> None:
        self.calls.append((name, actor, arguments))
        self.answers.wait(_PATIENCE)
        if self.fails is not None:
            raise self.fails

    def _device(self, name: str) -> DeviceView:
        if name in self.unreachable:
            raise DeviceUnreachable(name, "no route: check its management address")
        for view in self.device_views:
            if view.name == name:
                return view
        raise NotFound(f"there is no device '{name}': 'enforcer device list' shows all")

    def _changed_device(self, name: str, **changes: object) -> DeviceView:
        changed = self._device(name).model_copy(update=changes)
        self.device_views = [changed if v.name == name else v for v in self.device_views]
        return changed
