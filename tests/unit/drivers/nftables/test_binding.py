# SPDX-License-Identifier: GPL-2.0-or-later
"""What a device may say about itself, and what errors become."""

from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.faults import device_error, translated
from drivers.nftables.netlink.errors import (
    MalformedReply,
    MovingRuleset,
    NamespaceMissing,
    Unconfirmed,
    refusal,
)
from drivers.nftables.transport import LocalTransport, options
from enforcer.core.plan import Trait
from enforcer.core.rules import Key, Owner
from enforcer.core.topology import Device, Interface
from enforcer.errors import (
    AuthenticationFailed,
    CommandRejected,
    ConfigurationInvalid,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
)


class NoSecrets:
    def resolve(self, reference: str) -> str:
        raise ConfigurationInvalid(reference)


@pytest.mark.parametrize(
    "given, namespace, counters",
    [
        ({"netns": "edge1"}, "edge1", True),
        ({"netns": "/proc/1/ns/net", "counters": "no"}, "/proc/1/ns/net", False),
        ({"local": "yes"}, None, True),
    ],
)
def test_transports(given: dict[str, str], namespace: str | None, counters: bool) -> None:
    found = options("edge1", given)
    assert (found.transport, found.counters) == (LocalTransport(namespace), counters)


@pytest.mark.parametrize(
    "given, said",
    [
        ({}, "netns: NAME"),
        ({"local": "true"}, "local: yes"),
        ({"local": "yes", "netns": "a"}, "either"),
        ({"host": "edge1"}, "host"),
        ({"netns": "a", "counters": "maybe"}, "counters"),
    ],
)
def test_bad_transports(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=said):
        options("edge1", given)


@pytest.mark.parametrize("hooks", [frozenset(), frozenset({"forward", "ingress"})])
def test_bad_hooks(hooks: frozenset[str]) -> None:
    device = Device("edge1", "nftables", transport={"local": "yes"}, hooks=hooks)
    with pytest.raises(ConfigurationInvalid, match="edge1: hooks"):
        NftablesDriver.from_device(device, NoSecrets(), Owner("c", 1))


@pytest.mark.parametrize(
    "name", ["vlan-to-customer", "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 8]
)
def test_interface_names_that_linux_cannot_carry(name: str) -> None:
    long = Device("edge1", "nftables", "", interfaces=(Interface("eth0"), Interface(name)))
    with pytest.raises(ConfigurationInvalid, match=f"edge1: interface '{name}' .* 15 bytes"):
        NftablesDriver.from_device(long, NoSecrets(), Owner("c", 1))
    short = replace(long, interfaces=(Interface(name[:7]),), transport={"local": "yes"})
    assert NftablesDriver.from_device(short, NoSecrets(), Owner("c", 1)).platform == "nftables"


def test_what_it_can_hold() -> None:
    device = Device("edge1", "nftables", transport={"local": "yes"}, capacity=7)
    driver = NftablesDriver.from_device(device, NoSecrets(), Owner("c", 1))
    packets = {Key.SOURCE, Key.DESTINATION, Key.INPUT_INTERFACE, Key.OUTPUT_INTERFACE}
    by_packet = {(family, key) for family in (4, 6) for key in packets}
    assert driver.capability.keys == by_packet | {(0, Key.INTERFACE)}
    assert driver.capability.capacity == 7
    assert driver.capability.vrfs == {"default"}
    told = Trait.ATOMIC | Trait.SELF_EXPIRING | Trait.WATCHABLE | Trait.GOES_WITH_US
    assert driver.traits == told | Trait.COUNTING


@pytest.mark.parametrize(
    "raised, becomes, said",
    [
        (refusal(errno.EPERM), AuthenticationFailed, "CAP_NET_ADMIN"),
        (refusal(errno.ERESTART), StaleState, "read it again"),
        (refusal(errno.ENOENT, 3), StaleState, "not as it was read"),
        (refusal(errno.EEXIST, 3), StaleState, "not as it was read"),
        (refusal(errno.EBUSY, 3), CommandRejected, "nothing was changed"),
        (NamespaceMissing("there is no network namespace x; create it"), DeviceUnreachable, "x"),
        (MalformedReply("odd"), ParseFailed, "odd"),
        (MovingRuleset("moved"), StaleState, "moved"),
        (Unconfirmed("no verdict"), DeviceUnreachable, "no verdict"),
        (PermissionError(errno.EPERM, "no"), AuthenticationFailed, "CAP_NET_ADMIN"),
        (OSError(errno.EPROTONOSUPPORT, "no"), DeviceUnreachable, "CONFIG_NF_TABLES"),
        (OSError(errno.EBADF, "gone"), DeviceUnreachable, "broke"),
    ],
)
def test_errors_name_the_device_and_the_way_out(
    raised: Exception, becomes: type[DeviceError], said: str
) -> None:
    with pytest.raises(becomes, match=said) as caught, translated("edge1"):
        raise raised
    assert caught.value.device == "edge1"
    assert caught.value.__cause__ is raised


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), translated("edge1"):
        raise KeyError("ours")
    assert isinstance(device_error("edge1", OSError(errno.ENOBUFS, "x")), DeviceUnreachable)
