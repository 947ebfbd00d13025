# SPDX-License-Identifier: GPL-2.0-or-later
"""A box as an actual state. Pure."""

from __future__ import annotations

from datetime import datetime

from drivers._router.known import KnownRules
from drivers.cisco_xr.identify import held_addresses, held_interfaces
from drivers.cisco_xr.model import Box, Held, Setup
from drivers.cisco_xr.names import OWNER_KEY, digest_of, mark_of
from drivers.cisco_xr.recognised import Recognised
from enforcer.core.rules import Actual


def actual_of(
    device: str, setup: Setup, box: Box, known: KnownRules, read_at: datetime, token: str = ""
) -> Actual:
    """Everything that is there of ours."""
    digests = frozenset(digest_of(name) for _, name in box.groups)
    digests |= frozenset(digest_of(name) for name in box.sets)
    return Actual(
        device,
        read_at,
        mark_of(box.groups.get((OWNER_KEY.family, OWNER_KEY.name))),
        Recognised(digests, known, lambda: held_addresses(box, known, setup)),
        Recognised(digests, known, lambda: held_interfaces(box, known)),
        Held(box),
        token=token,
        hold=box.hold,
    )
