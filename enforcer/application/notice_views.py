# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices that go out, as they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from enforcer.application.actor import Actor
from enforcer.application.views import View


class NoticeView(View):
    """One notice to one channel."""

    id: int
    channel: str
    event: str
    sequence: int
    """The audit entry that it tells of."""
    title: str
    text: str
    state: str
    """waiting, sent, dead (given up after all attempts)."""
    attempts: int
    next: datetime | None
    error: str = ""


class ChannelView(View):
    """One channel of the settings; never where it leads, which is a secret of some."""

    name: str
    kind: str
    """webhook, or the scheme of its URL: mailto, slack, ...; apprise: a reference hides it."""
    events: list[str]
    """As the settings have them: names, and patterns such as ``alarm.*``."""
    waiting: int
    dead: int


class Notices(Protocol):
    """What was sent, waits, or could not be sent. Raises NotFound, Forbidden, StorageError."""

    def notices(
        self,
        actor: Actor,
        state: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[NoticeView]:
        """Notices, newest first; `before`: with a lower number than this."""
        ...

    def retry(self, actor: Actor, notice_id: int) -> NoticeView:
        """Try a dead one again, from now on."""
        ...

    def channels(self, actor: Actor) -> Sequence[ChannelView]:
        """The channels of the settings, in their order."""
        ...

    def test(self, actor: Actor, channel: str) -> NoticeView:
        """Send one notice to a channel now, whatever events it is told; nothing is stored.

        Raises ConfigurationInvalid, NotSent too.
        """
        ...
