# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory may say of a speaker, and what it can hold then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from drivers.gobgp.capability import capability
from drivers.gobgp.driver import GobgpDriver
from drivers.gobgp.model import MARK, Large
from drivers.gobgp.options import Options, community, shape
from enforcer.core.plan import Trait
from enforcer.core.rules import Key, Owner, Rule
from enforcer.core.topology import Blackholing, Device, Witness
from enforcer.errors import ConfigurationInvalid

FULL = Blackholing(
    next_hops={"4": "192.0.2.254", "6": "2001:db8::1"},
    upstreams={"upa": "65000:1001"},
    canaries={"4": "203.0.113.250"},
    witnesses=(Witness("edge1", "frr", {"local": "yes"}),),
)
DEVICE = Device("rtbh1", "gobgp", blackholing=FULL)


def test_defaults() -> None:
    options = Options.of(DEVICE)
    assert (options.target, options.tls, options.mark) == ("127.0.0.1:50051", None, MARK)


@pytest.mark.parametrize(
    ("transport", "words"),
    [
        ({"grcp": "127.0.0.1:50051"}, "grcp, which is not known"),
        ({"grpc": "127.0.0.1"}, "address and port"),
        ({"grpc": "127.0.0.1:0"}, "address and port"),
        ({"grpc": "unix:relative"}, "address and port"),
        ({"grpc": "192.0.2.1:50051"}, "--tls"),
        ({"grpc": "192.0.2.1:50051", "tls_cert": "x"}, "tls_ca"),
        ({"grpc": "192.0.2.1:50051", "tls_ca": "x", "tls_key": "y"}, "tls_cert with tls_key"),
    ],
)
def test_a_bad_transport_says_what_may_stand_there(
    transport: Mapping[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationInvalid, match=words):
        Options.of(replace(DEVICE, transport=transport))


class NoSecrets:
    """A credential source that knows none."""

    def resolve(self, reference: str) -> str:
        raise ConfigurationInvalid(f"no secret {reference}")


def test_a_speaker_may_run_on_another_host_and_outlive_this_one() -> None:
    traits = GobgpDriver.from_device(DEVICE, NoSecrets(), Owner("c", 1)).traits
    assert Trait.VANISHES in traits and Trait.GOES_WITH_US not in traits


@pytest.mark.parametrize("target", ["unix:/run/api.sock", "localhost:1", "[::1]:50051"])
def test_this_host_needs_no_tls(target: str) -> None:
    assert Options.of(replace(DEVICE, transport={"grpc": target})).target == target


@pytest.mark.parametrize(
    "given", [{"seconds": "0"}, {"canary_hours": "25"}, {"mark": "x"}, {"a": "1"}]
)
def test_a_bad_option_is_refused(given: Mapping[str, str]) -> None:
    with pytest.raises(ConfigurationInvalid, match="rtbh1: options"):
        Options.of(replace(DEVICE, options=given))


def test_communities() -> None:
    assert community("65535:666") == 65535 << 16 | 666
    assert community("64500:1:2") == Large(64500, 1, 2)
    assert community("65536:1") is None and community("a:b") is None and community("1") is None


@pytest.mark.parametrize("text", ["x", f"{MARK}:1:2"])
def test_a_community_that_is_none_or_our_own_mark_is_refused(text: str) -> None:
    device = replace(DEVICE, blackholing=replace(FULL, upstreams={"upa": text}))
    with pytest.raises(ConfigurationInvalid, match="cannot be a community"):
        shape(device, Options.of(device), Owner("A", 1))


def test_it_holds_blackholes_of_families_that_can_be_proved() -> None:
    found = capability(DEVICE)
    assert found.keys == {(4, Key.BLACKHOLE)}, "no canary for IPv6"
    assert not found.refuses(Rule(4, Key.BLACKHOLE, exports=("upa",)))
    assert "upb" in found.refuses(Rule(4, Key.BLACKHOLE, exports=("upa", "upb")))


def test_a_witness_that_cannot_be_asked_makes_it_unusable() -> None:
    witness = Witness("edge9", "cisco_ios")
    found = capability(replace(DEVICE, blackholing=replace(FULL, witnesses=(witness,))))
    assert "edge9 cannot be asked" in found.unusable
