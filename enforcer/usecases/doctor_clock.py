# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's check of the clock: orders begin and end by it."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from datetime import datetime, timedelta

from enforcer.application.views import DoctorCheck
from enforcer.errors import AuditBroken
from enforcer.storage.audit import Which
from enforcer.usecases.doctor_findings import finding, good
from enforcer.usecases.world import World

TOLERANCE = timedelta(seconds=2)
STA_UNSYNC = 0x40
"""linux/timex.h: the clock is not synchronised."""

_ADVICE = (
    "set this machine's clock and keep it right with an NTP client (chrony, systemd-timesyncd):"
    " orders begin and end by it"
)


class _Timex(ctypes.Structure):
    """The beginning of struct timex (adjtimex(2)), with room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def kernel_status() -> int | None:
    """The kernel's status bits of its clock; None: it does not tell. Needs no rights."""
    answer = _Timex()
    try:
        asked = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(answer))
    except (AttributeError, OSError):
        return None
    return None if asked == -1 else int(answer.status)


def clock(world: World, status: Callable[[], int | None] = kernel_status) -> DoctorCheck:
    """Wrong is a clock before what was recorded, or another than the database server's.

    One that nothing synchronises is information: in a container another system does it.
    Raises StorageError.
    """
    before = world.clock.now()
    server = world.database.server()
    after = world.clock.now()
    if server is not None and not before - TOLERANCE <= server.now <= after + TOLERANCE:
        apart = abs((server.now - after).total_seconds())
        side = "behind" if server.now > after else "ahead of"
        said = f"{apart:.0f} s {side} the database server's"
        return finding("clock", f"{_shown(after)}: {said}", _ADVICE)
    newest = _newest_record(world)
    if newest is not None and after < newest - TOLERANCE:
        said = f"before what was recorded at {_shown(newest)}"
        return finding("clock", f"{_shown(after)}: {said}", _ADVICE)
    return good("clock", f"{_shown(after)}, {_synchronised(status())}")


def _shown(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S}Z"


def _synchronised(status: int | None) -> str:
    if status is None:
        return "the kernel does not tell whether it is synchronised"
    if status & STA_UNSYNC:
        return "nothing synchronises it (adjtimex): run an NTP client, or orders end early or late"
    return "synchronised"


def _newest_record(world: World) -> datetime | None:
    """When the newest audit entry or inventory was written."""
    with world.database.read() as reader:
        inventory = reader.inventories.newest()
        try:
            entries = reader.audit.page(Which(), limit=1, newest_first=True)
        except AuditBroken:
            # The check of the chain says so.
            entries = []
    found = [entry.at for entry in entries]
    if inventory is not None:
        found.append(inventory.at)
    return max(found, default=None)
