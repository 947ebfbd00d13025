# SPDX-License-Identifier: GPL-2.0-or-later
"""Alarms about the inventory: raised for what waits for a person, cleared when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from shlex import quote

from enforcer.application.actor import Actor
from enforcer.control.evidence import CONTROLLER
from enforcer.core.inventory_differences import place_text
from enforcer.core.shrunk_protection import shrunk_sentence
from enforcer.core.topology import Attachment, Leaving, Topology
from enforcer.storage.unit_of_work import UnitOfWork

BAD = "inventory-bad"
FILES = "inventory"
"""The subject of `BAD` and `SHRANK`."""
SHRANK = "protection-shrank"
DEVICE_GONE, CUSTOMER_GONE, ATTACHMENT_GONE = "device-gone", "customer-gone", "attachment-gone"
DRAINING = "device-draining"
_OURS = frozenset({DEVICE_GONE, CUSTOMER_GONE, ATTACHMENT_GONE, DRAINING})

Waiting = tuple[str, str, str]
"""Kind, subject, and the sentence that says the way out."""


def waiting(topology: Topology) -> Iterator[Waiting]:
    """What of an inventory in force waits for a person, or for a device."""
    for name, device in sorted(topology.devices.items()):
        if device.leaving is Leaving.GONE:
            said = (
                f"device {name} left the inventory's files and stays in force with what stands"
                f" on it: put it back, or let it go with `enforcer device retire {name}`"
            )
            yield DEVICE_GONE, name, said
        elif device.leaving is Leaving.DRAINING:
            said = (
                f"device {name} is retired and leaves the inventory when it is proved empty:"
                f" see `enforcer device show {name}` for what it waits for"
            )
            yield DRAINING, name, said
    for name, customer in sorted(topology.customers.items()):
        if customer.leaving is Leaving.GONE:
            said = (
                f"customer {name} left the inventory's files; its last known prefixes stay"
                f" enforced: put it back, or let it go with `enforcer customer confirm-gone {name}`"
            )
            yield CUSTOMER_GONE, name, said
            continue
        gone = [a for a in customer.attachments if a.leaving is Leaving.GONE]
        if gone:
            places, commands = map(place_text, gone), (_move(name, a) for a in gone)
            said = (
                f"customer {name} is still enforced at {', '.join(places)}, which the inventory's"
                f" files no longer state: put it back, or let it go with {', '.join(commands)}"
            )
            yield ATTACHMENT_GONE, name, said


def _move(customer: str, attachment: Attachment) -> str:
    """The command that lets an attachment go, as it is typed."""
    place = attachment.interface or attachment.neighbor or attachment.news_site
    return f"`enforcer device move {customer} {attachment.device} {quote(place)}`"


def warnings(topology: Topology) -> list[str]:
    """The sentences of `waiting`, and what the files state in vain."""
    left_out = (
        f"device {name} was retired and is left out of force, but the files still state it:"
        " take it out of the files, reload, and put it back if it is to return"
        for name in sorted(topology.retired - topology.devices.keys())
    )
    return [*(said for _, _, said in waiting(topology)), *left_out]


def update_alarms(work: UnitOfWork, actor: Actor, at: datetime, topology: Topology) -> None:
    """Raise what `topology` makes necessary, clear what it makes obsolete."""
    wanted = {(kind, subject): said for kind, subject, said in waiting(topology)}
    _clear(work, actor, at, wanted)
    for (kind, subject), said in wanted.items():
        work.raise_alarm(kind, actor, at=at, subject=subject, said=said)


def update_shrinking(work: UnitOfWork, actor: Actor, at: datetime, lost: Sequence[str]) -> None:
    """Raise what a reload guards no longer; a person's reload by which nothing is lost clears it.

    `lost`: as `shrunk` says. The controller reloads by itself, which nobody has looked at.
    """
    if lost:
        said = shrunk_sentence(lost)
        work.raise_alarm(SHRANK, actor, at=at, subject=FILES, said=said)
    elif actor != CONTROLLER:
        why = "a reload by a person lost nothing more"
        work.clear_alarm(SHRANK, actor, at=at, subject=FILES, why=why)


def _clear(work: UnitOfWork, actor: Actor, at: datetime, wanted: Iterable[tuple[str, str]]) -> None:
    stay = set(wanted)
    for alarm in work.alarms.open():
        if alarm.kind in _OURS and (alarm.kind, alarm.subject) not in stay:
            why = "the inventory in force says otherwise now"
            work.clear_alarm(alarm.kind, actor, at=at, subject=alarm.subject, why=why)
