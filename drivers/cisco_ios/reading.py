# SPDX-License-Identifier: GPL-2.0-or-later
"""A box as read, as the neutral state of a device. Pure."""

from __future__ import annotations

from datetime import datetime

from drivers._router.names import OWNER
from drivers.cisco_ios.identify import always_known
from drivers.cisco_ios.marks import read_owner
from drivers.cisco_ios.model import Box
from drivers.cisco_ios.planning import Held, Setup
from drivers.cisco_ios.standing import Standing
from enforcer.core.rules import Actual, Owner
from enforcer.errors import ParseFailed


def reading(
    setup: Setup,
    box: Box,
    read_at: datetime,
    *,
    archive: bool,
    clock: float | None,
    token: str = "",
) -> Actual:
    """The state of `box`. `clock`: seconds that its clock is ahead of ours, None not asked.

    Raises ParseFailed for a mark that nobody understands.
    """
    setup.known.learn(always_known())
    found = Standing(box, setup.layout, setup.known)
    return Actual(
        setup.layout.device,
        read_at,
        _owner(setup.layout.device, box),
        found.addresses,
        found.interfaces,
        Held(box, archive, clock),
        token=token,
        hold=box.hold,
    )


def _owner(device: str, box: Box) -> Owner | None:
    mark = box.groups.get(OWNER)
    if mark is None or not mark.description:
        return None
    owner = read_owner(mark.description)
    if owner is None:
        raise ParseFailed(
            device,
            f"object-group {OWNER} says {mark.description!r}, which no controller of this release"
            " writes: find out who did, and remove it by hand if nobody needs it",
        )
    return owner
