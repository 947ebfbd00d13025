# SPDX-License-Identifier: GPL-2.0-or-later
"""Notices as people see them: what was sent, waits or was given up; tried again by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from enforcer.application.actor import Actor
from enforcer.application.notice_views import ChannelView, Notices, NoticeView
from enforcer.clock import Clock
from enforcer.core.access import Action
from enforcer.errors import Forbidden, InvalidInput, NotFound
from enforcer.notify.channels import channel_of
from enforcer.notify.events import TEST, Event
from enforcer.notify.outlets import Outlets
from enforcer.notify.running import texts_of
from enforcer.notify.stored import notice_body
from enforcer.secrets import is_reference
from enforcer.service_settings import NotifySettings
from enforcer.storage.database import Database
from enforcer.storage.notices import DEAD, SENT, WAITING, StoredNotice

_STATES = (WAITING, SENT, DEAD)


class NoticeDesk:
    """Implements `Notices` on one database."""

    def __init__(self, database: Database, clock: Clock, outlets: Outlets | None = None) -> None:
        self._database = database
        self._clock = clock
        self._outlets = outlets

    def notices(
        self,
        actor: Actor,
        state: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[NoticeView]:
        """See `Notices.notices`."""
        _need(actor, Action.READ)
        if state is not None and state not in _STATES:
            raise InvalidInput(f"no notice is {state!r}: they are {', '.join(_STATES)}")
        with self._database.read() as reader:
            return [view(notice) for notice in reader.notices.newest(state, limit, before)]

    def retry(self, actor: Actor, notice_id: int) -> NoticeView:
        """See `Notices.retry`. Raises InvalidInput where it is not dead."""
        _need(actor, Action.DEVICES)
        with self._database.write() as work:
            notice = work.notices.get(notice_id)
            if notice.state != DEAD:
                raise InvalidInput(
                    f"notice {notice_id} is {notice.state}: only a dead one is retried"
                )
            again = replace(notice, state=WAITING, attempts=0, next=self._clock.now())
            work.notices.change(again)
        return view(again)

    def channels(self, actor: Actor) -> Sequence[ChannelView]:
        """See `Notices.channels`."""
        _need(actor, Action.READ)
        found = () if self._outlets is None else self._outlets.settings.notify
        with self._database.read() as reader:
            numbers = reader.notices.counts()
        return [
            ChannelView(
                name=one.name,
                kind=kind_of(one),
                events=list(one.events),
                waiting=numbers.get((one.name, WAITING), 0),
                dead=numbers.get((one.name, DEAD), 0),
            )
            for one in found
        ]

    def test(self, actor: Actor, channel: str) -> NoticeView:
        """See `Notices.test`."""
        _need(actor, Action.DEVICES)
        if self._outlets is None:
            raise NotFound(f"no channel {channel!r}: none is configured")
        return send_test(self._outlets, channel, actor, self._clock)


def kind_of(settings: NotifySettings) -> str:
    """What a channel is, without telling where it leads."""
    if settings.webhook:
        return "webhook"
    scheme, separator, _ = settings.url.partition("://")
    hidden = is_reference(settings.url) or not separator
    return "apprise" if hidden else scheme.lower()


def _need(actor: Actor, action: Action) -> None:
    if not actor.may(action):
        raise Forbidden(f"{actor.name} may not do this to notices: it needs the right '{action}'")


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
