# SPDX-License-Identifier: GPL-2.0-or-later
"""What the inventory says of BGP: sessions, speakers of blackholes, witnesses."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from textwrap import dedent

import pytest

from enforcer.core.topology import Blackholing, Neighbor, Topology, Witness
from inventory.render import render
from inventory.yaml_files import load
from tests.unit.inventory.conftest import Complain

COMPLETE = """\
devices:
  speaker:
    platform: gobgp
    roles: [rtbh]
    rtbh:
      communities: ["65535:666", "64500:666"]
      next_hops: [192.0.2.254, "100::1"]
      upstreams: {transit1: "64496:666"}
      canaries: [198.51.100.253]
      witnesses: [edge1]
      trusted: [192.0.2.200]
  edge1:
    platform: frr
    transport: {netns: edge1}
    credentials: env:EDGE
    neighbors:
      - {address: 203.0.113.1, asn: 64496, behind: upstream, name: transit1, families: [6, 4]}
  filter1: {platform: nftables, neighbors: [{address: 203.0.113.9}]}
  edge2: {platform: bird, bgp: false}
customers:
  cust1: {prefixes: [192.0.2.0/25]}
"""


def loaded(folder: Path, text: str) -> Topology:
    file = folder / "all.yaml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    topology = loaded(tmp_path, COMPLETE)
    neighbor = Neighbor(ip_address("203.0.113.1"), 64496, "upstream", "default", "transit1", (4, 6))
    assert topology.devices["edge1"].neighbors == (neighbor,)
    assert topology.devices["speaker"].blackholing == Blackholing(
        ("65535:666", "64500:666"),
        {"4": "192.0.2.254", "6": "100::1"},
        {"transit1": "64496:666"},
        {"4": "198.51.100.253"},
        (Witness("edge1", "frr", {"netns": "edge1"}, "env:EDGE", (neighbor,)),),
        ("192.0.2.200",),
    )
    assert {n: d.bgp for n, d in topology.devices.items() if not d.bgp} == {"edge2": False}
    assert loaded(tmp_path, render(topology)) == topology


def test_what_is_not_said(tmp_path: Path) -> None:
    text = "devices: {s: {platform: gobgp, roles: [rtbh], rtbh: {}}}\n"
    assert loaded(tmp_path, text).devices["s"].blackholing == Blackholing()


def changed(old: str, new: str) -> str:
    assert old in COMPLETE
    return COMPLETE.replace(old, new)


BROKEN = [
    (changed("    roles: [rtbh]\n", ""), ":4: devices.speaker.rtbh: blackholes go to devices with"
     " the role 'rtbh': add it"),
    (changed("platform: bird, bgp: false", "platform: bird, roles: [rtbh]"),
     ":19: devices.edge2.roles: a device with the role 'rtbh' announces blackholes: state how"),
    (changed("witnesses: [edge1]", "witnesses: [edge1, edge3]"),
     "rtbh.witnesses[1]: no device 'edge3'; did you mean"),
    (changed("witnesses: [edge1]", "witnesses: [edge1, filter1]"),
     "rtbh.witnesses[1]: filter1 is nftables, which cannot be asked: name a router with the"
     " platform frr or bird"),
    (changed("witnesses: [edge1]", "witnesses: [edge1, speaker]"),
     "rtbh.witnesses[1]: a speaker is no witness of itself"),
    (changed("canaries: [198.51.100.253]", "canaries: [192.0.2.7]"),
     "rtbh.canaries[0]: 192.0.2.7 is cust1's"),
    (changed("customers:\n",
             "pools:\n  homes: {prefixes: [198.51.100.0/24], lease: 1h}\ncustomers:\n"),
     "rtbh.canaries[0]: 198.51.100.253 is in pools homes"),
    (changed("platform: frr\n", "platform: frr\n    filters: true\n"),
     "edge1.filters: frr filters no packets"),
    (changed('next_hops: [192.0.2.254, "100::1"]', 'next_hops: ["100::1"]'),
     "rtbh.canaries[0]: 198.51.100.253 is IPv4, and 'next_hops' has no address of that family"),
    (changed('next_hops: [192.0.2.254, "100::1"]', "next_hops: [192.0.2.254, 192.0.2.253]"),
     "'next_hops' names two of one address family"),
    (changed('upstreams: {transit1:', 'upstreams: {transit2:'),
     "rtbh.upstreams.transit2: no witness has a neighbor with the name 'transit2'; did you mean"
     " 'transit1'? (known: transit1)"),
    (changed('{transit1: "64496:666"}', '{transit1: "65536:666"}'),
     "expected a community, two numbers up to 65535"),
    (changed("neighbors:\n", "neighbors:\n      - {address: 203.0.113.2, name: transit1}\n"),
     "neighbors[1].name: edge1 has two neighbors called 'transit1'"),
    (changed("platform: nftables,", "platform: nftables, bgp: true,"),
     "filter1.bgp: nftables has no BGP sessions to filter: state the daemon as a device"),
    (changed("families: [6, 4]", "families: [6, 5]"), "families[1]: "),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), BROKEN)
def test_each_mistake_and_where(complaints: Complain, text: str, expected: str) -> None:
    (said,) = complaints(a=dedent(text))
    assert expected in said
