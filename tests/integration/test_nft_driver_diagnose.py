# SPDX-License-Identifier: GPL-2.0-or-later
"""What `enforcer doctor` is told of a device with nftables, by the kernel and by nft itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.netlink.netns import inside
from drivers.nftables.planning import Setup
from drivers.nftables.sample import sample
from drivers.nftables.second_opinion import check_only
from drivers.nftables.transport import LocalTransport, Options
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Interface
from enforcer.driver_api import Diagnosis
from tests.integration.nft_router import namespaces

pytestmark = pytest.mark.root

OWNER = Owner("C0FFEE", 3)
DEVICE = Device("r1", "nftables", hooks=frozenset({"input", "forward"}))


@pytest.fixture
def namespace(root: None) -> Iterator[str]:
    with namespaces() as name:
        yield name


def run(namespace: str, *command: str) -> str:
    there = ["ip", "netns", "exec", namespace, *command]
    return subprocess.run(there, check=True, capture_output=True, text=True).stdout


def diagnosed(namespace: str, device: Device = DEVICE) -> dict[str, Diagnosis]:
    options = Options(LocalTransport(namespace), counters=True)
    return {one.check: one for one in NftablesDriver(device, OWNER, options).diagnose()}


def named(*names: str) -> Device:
    return replace(DEVICE, interfaces=tuple(map(Interface, names)))


def test_what_previews_print_is_taken_and_nothing_stands_afterwards(namespace: str) -> None:
    before = diagnosed(namespace)["reachable"].detail
    found = diagnosed(namespace)
    version = run(namespace, "nft", "--version").split()[1].lstrip("v")
    assert found["commands"].ok
    assert found["commands"].detail == f"nft {version} takes what previews print"
    assert run(namespace, "nft", "list", "ruleset") == ""
    assert found["reachable"].detail == before, "the generation did not move"


def test_what_stands_there_does_not_matter(namespace: str) -> None:
    """Not even a table of ours that is nothing like what we would make."""
    run(namespace, "nft", "add table inet enforcer; add chain inet enforcer owner_mark")
    assert diagnosed(namespace)["commands"].ok


@pytest.mark.parametrize("spoil", ["ip saddr", "counter drop", "flags timeout"])
def test_commands_that_nft_does_not_take_are_noticed(namespace: str, spoil: str) -> None:
    text = sample("r1", Setup(OWNER, DEVICE.hooks, counters=True))
    assert spoil in text
    opinion = inside(namespace, lambda: check_only(text.replace(spoil, "drivel", 1)))
    assert "Error" in opinion.refused


def test_commands_that_the_kernel_does_not_take_are_noticed(namespace: str) -> None:
    """nft takes them; only a transaction that the kernel has looked at tells."""
    odd = "add table inet t; add chain inet t a { type nat hook forward priority 0; }"
    opinion = inside(namespace, lambda: check_only(odd))
    assert "Could not process rule" in opinion.refused
    assert run(namespace, "nft", "list", "ruleset") == ""


def test_interfaces_must_be_there_and_up(namespace: str) -> None:
    run(namespace, "ip", "link", "add", "one", "type", "veth", "peer", "name", "two")
    run(namespace, "ip", "link", "set", "one", "up")
    run(namespace, "ip", "link", "property", "add", "dev", "one", "altname", "another")
    assert diagnosed(namespace)["interfaces"].ok
    assert diagnosed(namespace, named("one"))["interfaces"].detail == "one up"
    found = diagnosed(namespace, named("one", "two", "eno", "another"))["interfaces"]
    assert not found.ok and found.advice
    assert "no eno, another" in found.detail, "iifname does not match alternative names"
    assert "two down" in found.detail and "one" not in found.detail.replace("one,", "")


def test_chains_that_see_packets_before_ours_are_listed(namespace: str) -> None:
    run(
        namespace,
        "nft",
        "add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; };"
        "add table inet fw; add chain inet fw early { type filter hook forward priority -200; };"
        "add chain inet fw late { type filter hook forward priority 0; };"
        "add chain inet fw out { type filter hook output priority -300; };"
        "add table ip6 x; add chain ip6 x in { type filter hook input priority -151; };"
        "add table bridge b; add chain bridge b f { type filter hook forward priority -300; }",
    )
    found = diagnosed(namespace)["other tables"]
    assert found.ok
    assert found.detail == (
        "see packets before ours: inet fw early (forward -200), ip nat pre (prerouting -100), "
        "ip6 x in (input -151)"
    )


def test_no_flowtables(namespace: str) -> None:
    assert diagnosed(namespace)["flowtables"] == Diagnosis("flowtables", True, "none")


def test_none_before_ours(namespace: str) -> None:
    assert diagnosed(namespace)["other tables"].detail == "none is hooked before ours"


def test_a_missing_namespace_is_a_diagnosis(root: None) -> None:
    (found,) = diagnosed("no-such-namespace").values()
    assert (found.check, found.ok) == ("reachable", False)
    assert "no network namespace" in found.detail and found.advice
