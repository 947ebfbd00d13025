# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory says about how this driver works on one device."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from drivers.cisco_xr.model import ROUTE_TAG
from enforcer.core.change_policy import KEYS as CONTROLLER_KEYS
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

KEYS = frozenset({"confirm", "hold_time", "counters", "counter_locations", "route_tag"})
SHORTEST, LONGEST = 30, 65_535
"""Seconds that ``commit confirmed`` takes."""
MARGIN = 30
"""Seconds that the proof may take beside the hold time, at least."""
_TAGS = 2**32
_COUNTERS = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Options:
    """`confirm`, `hold_time`: seconds of the trial's timer, and before adjacencies are judged.

    `counter_locations`: line cards (``0/0/CPU0``) whose hardware counters are added up; none: what
    ``show access-lists`` says without a location. `route_tag`: of discard routes.
    """

    confirm: int = 300
    hold_time: int = 180
    counters: bool = True
    counter_locations: tuple[str, ...] = ()
    route_tag: int = ROUTE_TAG

    @classmethod
    def of(cls, device: Device) -> Self:
        """Understand `device.options`. Raises ConfigurationInvalid naming device and option."""
        name, given = device.name, device.options
        _refuse_unknown(name, frozenset(given))
        made = cls(
            confirm=_number(name, "confirm", given.get("confirm", "300"), SHORTEST, LONGEST),
            hold_time=_number(name, "hold_time", given.get("hold_time", "180"), 0, LONGEST),
            counters=_switch(name, given.get("counters", "yes")),
            counter_locations=tuple(given.get("counter_locations", "").replace(",", " ").split()),
            route_tag=_number(
                name, "route_tag", given.get("route_tag", str(ROUTE_TAG)), 1, _TAGS - 1
            ),
        )
        if made.hold_time and made.confirm < made.hold_time + MARGIN:
            raise ConfigurationInvalid(
                f"{name}: options.confirm is {made.confirm} s, but the hold time is"
                f" {made.hold_time} s and the proof needs {MARGIN} s more: say at least"
                f" confirm: {made.hold_time + MARGIN}, or a shorter hold_time"
            )
        return made


def _refuse_unknown(name: str, given: frozenset[str]) -> None:
    known = KEYS | CONTROLLER_KEYS
    unknown = sorted(given - known)
    if not unknown:
        return
    close = get_close_matches(unknown[0], sorted(known), n=1)
    raise ConfigurationInvalid(
        f"{name}: options has {', '.join(unknown)}, which IOS-XR does not take; it takes"
        f" {', '.join(sorted(known))}" + (f"; did you mean {close[0]}?" if close else "")
    )


def _number(name: str, key: str, text: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
        raise ConfigurationInvalid(f"{name}: options.{key} is {text!r}: say {least} to {most}")
    return int(text)


def _switch(name: str, text: str) -> bool:
    if text not in _COUNTERS:
        raise ConfigurationInvalid(f"{name}: options.counters is {text!r}: say yes or no")
    return _COUNTERS[text]
