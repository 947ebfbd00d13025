# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong, seen from here and from the routers."""

from __future__ import annotations

from collections.abc import Iterator

from drivers.gobgp.capability import missing
from drivers.gobgp.guarantee import own
from drivers.gobgp.model import Peering
from drivers.gobgp.options import Options
from drivers.gobgp.speaker import Speaker
from drivers.gobgp.witnesses import Witnesses
from enforcer.core.topology import Blackholing, Device
from enforcer.driver_api import Diagnosis
from enforcer.errors import DeviceError


def diagnose(device: Device, options: Options, witnesses: Witnesses) -> tuple[Diagnosis, ...]:
    """Asks the speaker and the routers, changes nothing."""
    try:
        with Speaker.opened(device.name, options) as speaker:
            found = speaker.peerings()
            return (
                *_speaker(speaker, options, found),
                *_inventory(device),
                *_routers(device, witnesses, found),
            )
    except DeviceError as error:
        advice = f"start gobgpd with --api-hosts {options.target}, or correct transport.grpc"
        return (Diagnosis("reachable", False, error.message, advice),)


def _speaker(speaker: Speaker, options: Options, found: tuple[Peering, ...]) -> Iterator[Diagnosis]:
    asn = speaker.asn()
    yield Diagnosis("reachable", True, f"gobgpd at {options.target}, AS {asn}")
    down = [p.address for p in found if not p.up]
    yield Diagnosis(
        "sessions",
        bool(found) and not down,
        f"{len(found)} neighbors, {', '.join(down) + ' not up' if down else 'all up'}",
        "make our routers its neighbors in gobgpd's configuration, and the speaker theirs",
    )
    outside = [f"{p.address} (AS {p.asn})" for p in found if p.external]
    yield Diagnosis(
        "inside only",
        not outside,
        f"sessions with other networks: {', '.join(outside) or 'none'}",
        "take them out of gobgpd's configuration: blackholes would leave the network there",
    )


def _inventory(device: Device) -> Iterator[Diagnosis]:
    why = missing(device.blackholing)
    yield Diagnosis(
        "inventory", not why, why or "next hops, canaries and witnesses are stated", why
    )


def _routers(
    device: Device, witnesses: Witnesses, found: tuple[Peering, ...]
) -> Iterator[Diagnosis]:
    try:
        heard = witnesses.ask(())
        known = own(heard, device.blackholing or Blackholing())
        unknown = [p.address for p in found if p.address not in known]
        yield Diagnosis(
            "neighbors watched",
            not unknown,
            f"no addresses of witnesses that tell of them: {', '.join(unknown) or 'none'}",
            "name these routers under rtbh.witnesses, or the addresses under rtbh.trusted",
        )
        for testimony in heard:
            said = testimony.failure or f"{len(testimony.external)} neighbors in other networks up"
            yield Diagnosis(
                f"witness {testimony.witness.device}",
                not testimony.failure,
                said,
                "let the controller run its show commands there, as its driver's page says",
            )
    finally:
        witnesses.close()
