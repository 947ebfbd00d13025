# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices as people see them: what was sent, waits or was given up; tried again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from enforcer.application.actor import Actor
from enforcer.application.notice_views import Notices, NoticeView
from enforcer.clock import Clock
from enforcer.core.access import Action
from enforcer.errors import Forbidden, InvalidInput, NotFound
from enforcer.notify.channels import channel_of
from enforcer.notify.events import TEST, Event
from enforcer.notify.outlets import Outlets
from enforcer.notify.running import texts_of
from enforcer.notify.stored import notice_body
from enforcer.storage.database import Database
from enforcer.storage.notices import DEAD, SENT, WAITING, StoredNotice

_STATES = (WAITING, SENT, DEAD)


class NoticeDesk:
    """Implements `Notices` on one database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def notices(
        self, actor: Actor, state: str | None = None, limit: int = 100
    ) -> Sequence[NoticeView]:
        """See `Notices.notices`."""
        if not actor.may(Action.READ):
            raise Forbidden(f"{actor.name} may not look at notices: it needs the right 'read'")
        if state is not None and state not in _STATES:
            raise InvalidInput(f"no notice is {state!r}: they are {', '.join(_STATES)}")
        with self._database.read() as reader:
            return [view(notice) for notice in reader.notices.newest(state, limit)]

    def retry(self, actor: Actor, notice_id: int) -> NoticeView:
        """See `Notices.retry`. Raises InvalidInput where it is not dead."""
        if not actor.may(Action.DEVICES):
            raise Forbidden(f"{actor.name} may not send notices: it needs the right 'devices'")
        with self._database.write() as work:
            notice = work.notices.get(notice_id)
            if notice.state != DEAD:
                raise InvalidInput(
                    f"notice {notice_id} is {notice.state}: only a dead one is retried"
                )
            again = replace(notice, state=WAITING, attempts=0, next=self._clock.now())
            work.notices.change(again)
        return view(again)


def send_test(outlets: Outlets, name: str, actor: Actor, clock: Clock) -> NoticeView:
    """Send one notice to a channel now, whatever events it is told; nothing is stored.

    Raises NotFound, ConfigurationInvalid, NotSent.
    """
    settings = outlets.settings.notify
    found = next((channel for channel in settings if channel.name == name), None)
    if found is None:
        known = ", ".join(channel.name for channel in settings) or "none is configured"
        raise NotFound(f"no channel {name!r}: {known}")
    now = clock.now()
    event = Event(TEST, 0, now, actor=actor.name, source=actor.source)
    body = notice_body(texts_of(outlets.settings, outlets.base).event(event), event, now)
    notice = StoredNotice(name, 0, TEST, now, body, attempts=1)
    channel_of(found, outlets.resolve, clock).send(notice)
    return view(replace(notice, state=SENT))


def view(notice: StoredNotice) -> NoticeView:
    """One notice."""
    body = notice.body
    return NoticeView(
        id=notice.id,
        channel=notice.channel,
        event=notice.event,
        sequence=body["entry"],
        title=body["title"],
        text=body["text"],
        state=notice.state,
        attempts=notice.attempts,
        next=notice.next if notice.state == WAITING else None,
        error=body["error"],
    )


_: type[Notices] = NoticeDesk
