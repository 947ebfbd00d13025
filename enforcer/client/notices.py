# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices that go out, by the API."""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.actor import Actor
from enforcer.application.notice_views import ChannelView, Notices, NoticeView
from enforcer.client.connection import Connection, read
from enforcer.client.paths import part


class HttpNotices:
    """Implements `Notices` on a server."""

    def __init__(self, connection: Connection) -> None:
        self._server = connection

    def notices(
        self,
        actor: Actor,
        state: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[NoticeView]:
        """See `Notices.notices`."""
        asked = {"state": state, "cursor": None if before is None else str(before)}
        return self._server.all(NoticeView, "/notices", asked, limit)

    def retry(self, actor: Actor, notice_id: int) -> NoticeView:
        """See `Notices.retry`."""
        return read(NoticeView, self._server.post(f"/notices/{notice_id}/retry"))

    def channels(self, actor: Actor) -> Sequence[ChannelView]:
        """See `Notices.channels`."""
        return self._server.all(ChannelView, "/notices/channels")

    def test(self, actor: Actor, channel: str) -> NoticeView:
        """See `Notices.test`."""
        path = f"/notices/channels/{part(channel)}/test"
        return read(NoticeView, self._server.post_once(path))


_: type[Notices] = HttpNotices
