# SPDX-License-Identifier: GPL-2.0-or-later
"""What is fixed for one router: whose it is, where its edge is, what is wanted of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from enforcer.core import change_policy
from enforcer.core.edges import carries_management, edge_interfaces
from enforcer.core.orders import DEFAULT_VRF
from enforcer.core.rules import Owner
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid

TAG = 4_276_993_775
"""The tag of our discard routes unless the inventory says another: nobody else must use it."""
PROOF_SECONDS = 60
"""What must be left of the timer of an unconfirmed commit after the hold time."""
_MOST_MINUTES = 65_535
_DEFAULTS = {
    "binding": "list",
    "confirm": "300",
    "counters": "yes",
    "hold_time": "180",
    "ipv6_protocol": "payload-protocol",
    "tag": str(TAG),
}
_CHOICES = {
    "binding": ("list", "chain"),
    "counters": ("yes", "no"),
    "ipv6_protocol": ("payload-protocol", "next-header"),
}


@dataclass(frozen=True, slots=True)
class Setup:
    """`confirm`: minutes until an unconfirmed commit is rolled back; `hold_time`: seconds after
    which adjacencies are judged. `edges`: the inventory's interfaces where filters are bound;
    `named`: all of its interfaces; `neighbors`: its BGP neighbors' addresses; `kept_up`: the
    interfaces that are never shut, for we come that way. `chain`: filters are bound as chains.
    `v6`: the match condition for IPv6 protocols. `rtbh`, `urpf`: as the inventory says.
    """

    device: str
    owner: Owner
    edges: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    neighbors: tuple[str, ...] = ()
    kept_up: frozenset[str] = frozenset()
    chain: bool = False
    confirm: int = 5
    counters: bool = True
    hold_time: float = 180.0
    v6: str = "payload-protocol"
    tag: int = TAG
    rtbh: bool = False
    urpf: str = ""

    @classmethod
    def of(cls, device: Device, owner: Owner) -> Setup:
        """From the inventory. Raises ConfigurationInvalid naming the option."""
        given = _options(device.name, device.options)
        confirm = -(-_number(device.name, given, "confirm", 1, 60 * _MOST_MINUTES) // 60)
        hold_time = _number(device.name, given, "hold_time", 0, 3600)
        if hold_time + PROOF_SECONDS > confirm * 60:
            raise ConfigurationInvalid(
                f"{device.name}: options.hold_time is {hold_time} s and the timer {confirm} min:"
                f" leave {PROOF_SECONDS} s for the proof, or the change is always rolled back"
            )
        return cls(
            device.name,
            owner,
            edges=tuple(i.name for i in edge_interfaces(device)),
            named=tuple(sorted(i.name for i in device.interfaces)),
            neighbors=tuple(str(n.address) for n in device.neighbors if n.vrf == DEFAULT_VRF),
            kept_up=frozenset(i.name for i in device.interfaces if carries_management(device, i)),
            chain=given["binding"] == "chain",
            confirm=confirm,
            counters=given["counters"] == "yes",
            hold_time=hold_time,
            v6=given["ipv6_protocol"],
            tag=_number(device.name, given, "tag", 1, 2**32 - 1),
            rtbh=device.mechanism == "rtbh",
            urpf=device.urpf,
        )


def _options(device: str, stated: Mapping[str, str]) -> dict[str, str]:
    known = sorted({*_DEFAULTS, *change_policy.KEYS})
    for key, value in stated.items():
        if key not in known:
            close = get_close_matches(key, known, n=1)
            raise ConfigurationInvalid(
                f"{device}: options has {key}, which Junos does not know; it takes"
                f" {', '.join(known)}" + (f"; did you mean {close[0]}?" if close else "")
            )
        if key in _CHOICES and value not in _CHOICES[key]:
            raise ConfigurationInvalid(
                f"{device}: options.{key} is {value!r}: say {' or '.join(_CHOICES[key])}"
            )
    return _DEFAULTS | dict(stated)


def _number(device: str, given: Mapping[str, str], key: str, low: int, high: int) -> int:
    text = given[key]
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise ConfigurationInvalid(
            f"{device}: options.{key} is {text!r}: say a number from {low} to {high}"
        )
    return int(text)
