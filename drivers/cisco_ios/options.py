# SPDX-License-Identifier: GPL-2.0-or-later
"""How the driver works on one device: the inventory's `options`, understood. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

PROOF_SECONDS = 60
"""What a proof takes besides the hold time: a fresh login, and its wait for a place."""
MARGIN = 15
"""Seconds before the end of the timer from which nothing is confirmed any more."""
WRITING_SECONDS = 45
"""What the lines of a batch take, at a slow box's pace."""
KEYS = (
    "confirm",
    "counters",
    "hold_time",
    "ipv6_lines",
    "pace",
    "save",
    "tag",
    "time_range",
)
SAVES = ("each", "nightly", "never")
_SWITCH = {"yes": True, "no": False}
_LONGEST_TIMER = 7_200
"""Seconds: ``configure terminal revert timer`` takes 1 to 120 minutes."""


@dataclass(frozen=True, slots=True)
class Options:
    """`confirm`: seconds until the router takes back what was not confirmed. `hold_time`:
    seconds until adjacencies are judged. `save`: when ``write memory`` is typed. `tag`: of
    discard routes. `ipv6_lines`: how many lines one IPv6 address of a rule may take."""

    confirm: int = 300
    hold_time: int = 180
    save: str = "never"
    time_range: bool = False
    counters: bool = True
    tag: int = 1145
    ipv6_lines: int = 1_024

    @classmethod
    def of(cls, device: Device) -> Self:
        """Raises ConfigurationInvalid, with what may stand there."""
        name, given = device.name, device.options
        unknown = sorted(given.keys() - set(KEYS))
        if unknown:
            near = get_close_matches(unknown[0], KEYS, n=1)
            raise ConfigurationInvalid(
                f"{name}: options has {', '.join(unknown)}; cisco_ios knows {', '.join(KEYS)}"
                + (f"; did you mean {near[0]}?" if near else "")
            )
        save = given.get("save", "never")
        if save not in SAVES:
            raise ConfigurationInvalid(
                f"{name}: options.save is {save!r}: say {' or '.join(SAVES)}"
            )
        confirm = _number(name, given, "confirm", 300, (60, _LONGEST_TIMER))
        hold = _number(name, given, "hold_time", 180, (0, _LONGEST_TIMER))
        needed = PROOF_SECONDS + (MARGIN + WRITING_SECONDS if hold else 0)
        if hold + needed > confirm:
            raise ConfigurationInvalid(
                f"{name}: options.hold_time is {hold} and confirm {confirm}: the timer may run"
                f" out before it is proved that nothing broke; give confirm {needed} s more"
                " than hold_time"
            )
        return cls(
            confirm,
            hold,
            save,
            _switch(name, given, "time_range", "no"),
            _switch(name, given, "counters", "yes"),
            _number(name, given, "tag", 1145, (1, 2**32 - 1)),
            _number(name, given, "ipv6_lines", 1_024, (1, 100_000)),
        )

    @property
    def minutes(self) -> int:
        """`confirm` as the platform counts it."""
        return -(-self.confirm // 60)


def _number(
    name: str, given: Mapping[str, str], key: str, default: int, among: tuple[int, int]
) -> int:
    text = given.get(key, str(default))
    low, high = among
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise ConfigurationInvalid(f"{name}: options.{key} is {text!r}: say {low} to {high}")
    return int(text)


def _switch(name: str, given: Mapping[str, str], key: str, default: str) -> bool:
    text = given.get(key, default)
    if text not in _SWITCH:
        raise ConfigurationInvalid(f"{name}: options.{key} is {text!r}: say yes or no")
    return _SWITCH[text]
