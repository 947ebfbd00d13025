# SPDX-License-Identifier: GPL-2.0-or-later
"""``/api/v1/notices``: what goes out by mail, chat, pager and webhook, and what could not."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import Path
from fastapi.responses import Response

from enforcer.api.audit import place_of
from enforcer.api.callers import DeviceKeeper, People
from enforcer.api.fields import Name
from enforcer.api.guard import ServicesOf
from enforcer.api.keyed import KeyedRoute
from enforcer.api.one_call import api_router
from enforcer.api.paging import Page, PagingOf
from enforcer.api.turns import SlowTurn
from enforcer.application.notice_views import ChannelView, NoticeView

router = api_router(prefix="/notices", tags=["notices"], route_class=KeyedRoute)

NoticeId = Annotated[int, Path(ge=1, le=2**53)]


class NoticeState(StrEnum):
    """What became of a notice; dead: given up after all attempts."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@router.get("", response_model=Page[NoticeView])
def notices(
    services: ServicesOf, caller: People, paging: PagingOf, state: NoticeState | None = None
) -> Response | Page[NoticeView]:
    """Notices, newest first."""
    before = None if paging.after is None else place_of(paging.after)
    wanted = None if state is None else str(state)
    found = services.notices.notices(caller.actor, wanted, paging.limit + 1, before)
    return paging.answer(found, lambda notice: str(notice.id), NoticeView)


@router.get("/channels", response_model=Page[ChannelView])
def channels(
    services: ServicesOf, caller: People, paging: PagingOf
) -> Response | Page[ChannelView]:
    """The channels of the settings; never where they lead."""
    found = services.notices.channels(caller.actor)
    return paging.answer_all(found, lambda channel: channel.name, ChannelView)


@router.post("/channels/{name}/test")
def test(name: Name, services: ServicesOf, caller: DeviceKeeper, turn: SlowTurn) -> NoticeView:
    """Send one notice to a channel now, whatever events it is told; nothing is stored.

    502 where it was not taken: `detail` says why.
    """
    return services.notices.test(caller.actor, name)


@router.post("/{notice_id}/retry")
def retry(notice_id: NoticeId, services: ServicesOf, caller: DeviceKeeper) -> NoticeView:
    """Try a dead one again, from now on."""
    return services.notices.retry(caller.actor, notice_id)
