# SPDX-License-Identifier: GPL-2.0-or-later
"""Exports: exact, complete, streamed, and read back as they were."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.application.commands import ExportEnforced, ImportList
from enforcer.core.intervals import Ranges, merge
from enforcer.core.lists import ListContent, content_of
from enforcer.core.orders import (
    BlockAddress,
    BlockFlow,
    BlockList,
    Direction,
    PortRange,
    Selection,
    SuspendCustomer,
)
from enforcer.core.rules import Exempt, Key, Members, Rule, Service
from enforcer.core.topology import Attachment, Customer, Interface
from enforcer.errors import InvalidInput, NotFound
from enforcer.usecases.export import list_lines
from enforcer.usecases.export_nft import match, script
from enforcer.usecases.export_rows import Enforced, address, blocks
from enforcer.usecases.local import LocalApplication
from inventory.list_files import Limits, parse_list
from tests.unit.usecases.office import ANN, ESSENTIALS, TOPOLOGY, Office

HERE = "edge1"


def exported(office: Office, **what: object) -> list[str]:
    command = ExportEnforced.model_validate(what)
    return list(office.app.export(ANN, command))


def listed(office: Office, text: str) -> None:
    office.app.import_list(ANN, ImportList(name="botnets", text=text, source="test"))


# -- lists -----------------------------------------------------------------------------------

sizes_s = st.one_of(
    st.tuples(st.just(4), st.integers(2**24, 2**30), st.integers(0, 300)),
    st.tuples(st.just(6), st.integers(2**125, 2**125 + 2**90), st.integers(0, 2**70)),
)


def content(found: list[tuple[int, int, int]]) -> ListContent:
    v4, v6 = (
        Ranges.of(sorted((first, first + more) for f, first, more in found if f == family))
        for family in (4, 6)
    )
    return content_of(v4, v6, 3)


@given(st.lists(sizes_s, max_size=10), st.sampled_from(["text", "csv", "json"]))
def test_what_is_exported_is_imported_as_it_was(
    found: list[tuple[int, int, int]], form: str
) -> None:
    stated = content(found)
    text = "\n".join(list_lines("botnets", stated, form))
    parsed = parse_list(text, limits=Limits(1, 1))
    assert parsed.rejected == ()
    for family, columns in ((4, parsed.v4), (6, parsed.v6)):
        back = merge(Ranges(columns.first, columns.last))
        assert back.pairs() == merge(stated.ranges(family)).pairs()


prefixes_s = st.lists(
    st.builds(
        lambda first, length: ip_network((first, length), strict=False),
        st.integers(11 * 2**24, 90 * 2**24),
        st.integers(8, 32),
    ),
    max_size=10,
)


@given(prefixes_s, st.sampled_from(["text", "csv", "json"]))
def test_entries_come_back_one_by_one(found: list[object], form: str) -> None:
    parsed = parse_list("\n".join(map(str, found)))
    stated = content_of(
        Ranges(parsed.v4_first, parsed.v4_last), Ranges(parsed.v6_first, parsed.v6_last)
    )
    back = parse_list("\n".join(list_lines("botnets", stated, form)))
    assert back.duplicates == 0
    assert stated.same_as(
        content_of(Ranges(back.v4_first, back.v4_last), Ranges(back.v6_first, back.v6_last))
    )


def test_an_import_of_an_export_changes_nothing(office: Office) -> None:
    listed(
        office, "203.0.113.200\n203.0.113.128/25\n198.51.100.130-198.51.100.137\n2001:db8:9::/48"
    )
    for form in ("text", "csv", "json"):
        lines = exported(office, list_name="botnets", format=form)
        command = ImportList(name="botnets", text="\n".join(lines), source="export")
        assert office.app.import_list(ANN, command).changed is False


def test_each_form_of_a_list(office: Office) -> None:
    listed(office, "203.0.113.200\n198.51.100.128/26\n")
    listed(office, "203.0.113.201\n198.51.100.128/26\n2001:db8:9::1\n")
    assert exported(office, list_name="botnets") == [
        "# list botnets version 2",
        "198.51.100.128/26",
        "203.0.113.201",
        "2001:db8:9::1",
    ]
    assert exported(office, list_name="botnets", version=1)[2] == "203.0.113.200"
    assert exported(office, list_name="botnets", format="csv")[:2] == [
        "prefix,list,version",
        "198.51.100.128/26,botnets,2",
    ]
    (first, *_) = exported(office, list_name="botnets", format="json")
    assert json.loads(first) == {"prefix": "198.51.100.128/26", "list": "botnets", "version": 2}


def test_a_long_list_is_not_built_in_memory_first(office: Office) -> None:
    stated = content([(4, 2**24 + 4 * n, 1) for n in range(10_000)])
    for form in ("text", "csv", "json", "nft"):
        lines = list_lines("long", stated, form)
        assert isinstance(lines, Iterator)
        longest = max(map(len, lines))
        assert longest < 200_000, "an nft statement holds some thousands"


# -- what is enforced ------------------------------------------------------------------------


def test_whole_blocks_are_entries_and_partial_ones_are_comments(office: Office) -> None:
    office.place(BlockAddress(ip_network("203.0.113.0/30"), Direction.FROM))
    only = Selection(prefixes=(ip_network("203.0.113.9/32"),))
    relay = Selection(prefixes=(ip_network("198.51.100.200/32"),))
    office.place(BlockFlow(only, relay, (6,), (PortRange(25, 25),)))
    lines = exported(office, device=HERE)
    assert [line for line in lines if not line.startswith("#")] == ["203.0.113.0/30"]
    assert "# edge1: from, IPv4, all" in lines
    assert "# edge1: from, IPv4, tcp to port 25; peers 198.51.100.200" in lines
    assert "# 203.0.113.9" in lines
    read = parse_list("\n".join(lines))
    assert (len(read), read.rejected) == (1, ())


def test_csv_and_json_tell_everything(office: Office) -> None:
    ends = office.place(
        BlockAddress(ip_network("203.0.113.8/31"), Direction.TO, exceptions=ESSENTIALS)
    )
    stays = office.place(
        BlockAddress(ip_network("203.0.113.16/32"), Direction.TO), duration=None, open_ended=True
    )
    lines = exported(office, device=HERE, format="csv")
    rows = {row["prefix"]: row for row in csv.DictReader(lines)}
    assert rows["203.0.113.8/31"] == {
        "prefix": "203.0.113.8/31",
        "interface": "",
        "direction": "to",
        "service": "all",
        "peers": "",
        "except": "203.0.113.53",
        "order": ends.id,
        "end": "2026-05-04T14:00:00Z",
        "device": HERE,
    }
    assert rows["203.0.113.16"]["end"] == ""
    assert rows["203.0.113.16"]["order"] == stays.id
    found = [json.loads(line) for line in exported(office, device=HERE, format="json")]
    assert sorted(found, key=str) == sorted(rows.values(), key=str)


def test_every_device_is_exported_when_none_is_named(office: Office) -> None:
    listed(office, "203.0.113.200\n2001:db8:9::/48\n")
    office.place(BlockList("botnets"))
    rows = list(csv.DictReader(exported(office, format="csv")))
    assert {(r["device"], r["prefix"], r["direction"]) for r in rows} == {
        (device, prefix, direction)
        for device in TOPOLOGY.devices
        for prefix in ("203.0.113.200", "2001:db8:9::/48")
        for direction in ("from", "to")
    }


def test_a_suspension_by_interface_is_told_by_interface(office: Office) -> None:
    suspended = Customer("cust9", (ip_network("203.0.113.240/28"),), (Attachment(HERE, "eth9"),))
    edge = replace(TOPOLOGY.devices[HERE], interfaces=(Interface("eth9", "cust9"),))
    topology = replace(
        TOPOLOGY,
        devices={**TOPOLOGY.devices, HERE: edge},
        customers={**TOPOLOGY.customers, "cust9": suspended},
    )
    office.app = LocalApplication(replace(office.world, load_topology=lambda: topology))
    office.place(SuspendCustomer("cust9", by="interface", exceptions=ESSENTIALS))
    rows = list(csv.DictReader(exported(office, device=HERE, format="csv")))
    assert {(row["prefix"], row["interface"]) for row in rows} == {("", "eth9")}
    assert all(not line or line.startswith("#") for line in exported(office, device=HERE))


@pytest.mark.parametrize(
    "what, error, why",
    [
        ({"format": "xml"}, InvalidInput, "use text, csv, json, nft"),
        ({"list_name": "botnets", "device": HERE}, InvalidInput, "name one of them"),
        ({"version": 1}, InvalidInput, "name the list"),
        ({"format": "nft"}, InvalidInput, "name the device"),
        ({"device": "edge9"}, NotFound, "no device 'edge9'"),
        ({"list_name": "nothing"}, NotFound, "no list 'nothing'"),
        ({"list_name": "botnets", "version": 4}, NotFound, "no version 4"),
    ],
)
def test_what_cannot_be_exported_is_said_before_the_first_line(
    office: Office, what: dict[str, object], error: type[Exception], why: str
) -> None:
    listed(office, "203.0.113.200\n")
    with pytest.raises(error, match=why):
        office.app.export(ANN, ExportEnforced.model_validate(what))


# -- blocks ----------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**12))
def test_blocks_are_exact(first: int, more: int) -> None:
    last = min(first + more, 2**32 - 1)
    networks = [ip_network(block) for block in blocks(4, first, last)]
    assert int(networks[0].network_address) == first
    assert int(networks[-1].broadcast_address) == last
    for one, following in pairwise(networks):
        assert int(one.broadcast_address) + 1 == int(following.network_address)


@given(st.integers(0, 2**128 - 1))
def test_addresses_are_written_as_python_writes_them(number: int) -> None:
    assert address(6, number) == str(IPv6Address(number))
    assert address(6, number >> 96) == str(IPv6Address(number >> 96))
    assert address(4, number >> 96) == str(IPv4Address(number >> 96))


# -- nft -------------------------------------------------------------------------------------


def test_an_nft_match_says_all_of_the_rule() -> None:
    rule = Rule(4, Key.DESTINATION, Service(17, (53, 53), (1, 9)), ((1, 2), (9, 9)))
    assert match(rule) == (
        f"ip daddr @set_{rule.digest} ip saddr {{ 0.0.0.1-0.0.0.2, 0.0.0.9 }}"
        " meta l4proto 17 th sport 53 th dport 1-9"
    )
    by_name = Rule(6, Key.INPUT_INTERFACE)
    assert match(by_name) == f"meta nfproto ipv6 iifname @set_{by_name.digest}"


def test_exceptions_return_from_the_rules_own_chain() -> None:
    rule = Rule(4, Key.SOURCE, exempt=(Exempt(8, 8, None, (53, 53)), Exempt(9, 10, 6)))
    lines = [line.strip() for line in script([Enforced(HERE, rule, Members.none())], ["forward"])]
    at = lines.index(f"chain rule_{rule.digest} {{")
    assert lines[at + 1 : at + 6] == [
        "ip daddr 0.0.0.8 meta l4proto { 6, 17, 33, 132, 136 } th dport 53 return",
        "ip saddr 0.0.0.8 meta l4proto { 6, 17, 33, 132, 136 } th sport 53 return",
        "ip daddr 0.0.0.9-0.0.0.10 meta l4proto 6 return",
        "ip saddr 0.0.0.9-0.0.0.10 meta l4proto 6 return",
        "drop",
    ]
