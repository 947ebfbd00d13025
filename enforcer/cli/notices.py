# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer notice list | channels | events | retry | test``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from enforcer.cli.options import flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command

notices = typer.Typer(
    help="Notices that go out by mail, chat, pager and webhook.", no_args_is_help=True
)

NoticeArgument = Annotated[
    int, typer.Argument(metavar="NOTICE", min=1, help="The notice's number.")
]


@command(notices, "list")
def list_notices(
    session: Session,
    everything: Annotated[
        bool, flag("--all", "-a", help="Those that were sent too; else what waits or was given up.")
    ] = False,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="waiting, sent or dead.")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=1000, help="At most so many.")
    ] = 50,
) -> int:
    """List notices, newest first: what waits or was given up, unless asked otherwise.

    Example:
      enforcer notice list --state dead
    """
    from enforcer.application.notice_views import NoticeView

    if everything or state is not None:
        found = [*session.notices.notices(session.actor, state, limit)]
    else:
        either = [session.notices.notices(session.actor, one, limit) for one in ("waiting", "dead")]
        found = sorted((n for some in either for n in some), key=lambda n: -n.id)[:limit]
    session.out.many(found, NoticeView)
    return 0


@command(notices, "channels")
def channels(session: Session) -> int:
    """List the channels of the settings, and what waits for each or was given up.

    Example:
      enforcer notice channels
    """
    from enforcer.application.notice_views import ChannelView

    session.out.many(session.notices.channels(session.actor), ChannelView)
    return 0


@command(notices, "events")
def events(session: Session) -> int:
    """List the events that a channel can be told.

    Example:
      enforcer notice events
    """
    from enforcer.notify.events import EVENTS

    sys.stdout.write("".join(f"{name}\n" for name in EVENTS))
    return 0


@command(notices, "retry")
def retry(session: Session, notice: NoticeArgument) -> int:
    """Try again what was given up, from now on.

    Example:
      enforcer notice retry 17
    """
    session.out.one(session.notices.retry(session.actor, notice))
    return 0


@command(notices, "test")
def test(
    session: Session,
    channel: Annotated[
        str, typer.Argument(metavar="CHANNEL", help="The channel's name in the settings.")
    ],
) -> int:
    """Send one notice to a channel now, whatever events it is told.

    Example:
      enforcer notice test noc
    """
    session.out.one(session.notices.test(session.actor, channel))
    return 0
