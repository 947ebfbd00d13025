# SPDX-License-Identifier: GPL-2.0-or-later
"""An edit of the files never takes away what an order may stand on; a person's decision does."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.core.intervals import rows_of, subtract
from enforcer.core.inventory_change import (
    confirm_gone,
    draining_attachments,
    merge,
    other_boxes,
    remaining_places,
    settled,
    with_mode,
    with_move,
    with_retirement,
    without_device,
    without_mode,
)
from enforcer.core.protection import with_derived
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    Interface,
    Leaving,
    Mode,
    Topology,
)
from tests.strategies import topologies

ETH1 = Attachment("edge1", "eth1")
ETH2 = Attachment("edge2", "eth2")


def device(name: str, mode: Mode = Mode.OBSERVE) -> Device:
    return Device(name, "fake", roles=frozenset({ROLE_BORDER}), mode=mode)


def customer(name: str, *prefixes: str, at: tuple[Attachment, ...] = ()) -> Customer:
    return Customer(name, tuple(map(ip_network, prefixes)), at)


def files(*entries: Device | Customer) -> Topology:
    """What files that state these would load into."""
    return Topology(
        {e.name: e for e in entries if isinstance(e, Device)},
        {e.name: e for e in entries if isinstance(e, Customer)},
    )


EDGES = (device("edge1"), device("edge2"))
FIRST = customer("first", "192.0.2.0/24", at=(ETH1,))


@st.composite
def edits(draw: st.DrawFn) -> Topology:
    """Other files: some devices and customers are missing, others stated otherwise."""
    whole = draw(topologies())
    gone = draw(st.sets(st.sampled_from(sorted(whole.devices))))
    left = draw(st.sets(st.sampled_from(sorted(whole.customers))))
    customers = {
        name: replace(c, attachments=tuple(a for a in c.attachments if a.device not in gone))
        for name, c in whole.customers.items()
        if name not in left
    }
    devices = {name: d for name, d in whole.devices.items() if name not in gone}
    return replace(whole, devices=devices, customers=customers)


# -- what holds for all inventories ------------------------------------------------------------


@given(topologies())
def test_the_same_files_again_change_nothing(stated: Topology) -> None:
    assert merge(stated, stated).digest == stated.digest
    assert merge(None, stated) is stated


@given(topologies(), edits(), edits())
def test_merging_twice_is_merging_once(first: Topology, second: Topology, third: Topology) -> None:
    before = merge(first, second)
    once = merge(before, third)
    assert merge(once, third).digest == once.digest


@given(topologies(), edits())
def test_nothing_that_an_order_stands_on_is_lost(before: Topology, loaded: Topology) -> None:
    after = merge(before, loaded)
    assert before.devices.keys() <= after.devices.keys()
    assert before.customers.keys() <= after.customers.keys()
    for name, had in before.customers.items():
        has = after.customers[name]
        assert {a.device for a in had.attachments} <= {a.device for a in has.attachments}
    for name in before.devices.keys() - loaded.devices.keys():
        assert after.devices[name] == replace(before.devices[name], leaving=Leaving.GONE)


@given(topologies(), edits())
def test_a_kept_customer_keeps_every_address_that_nobody_newly_owns(
    before: Topology, loaded: Topology
) -> None:
    after = merge(before, loaded)
    for name in before.customers.keys() - loaded.customers.keys():
        assert after.customers[name].leaving is Leaving.GONE
        for family in (4, 6):
            had = rows_of(p for p in before.customers[name].prefixes if p.version == family)
            has = rows_of(p for p in after.customers[name].prefixes if p.version == family)
            new = rows_of(
                p
                for other, c in loaded.customers.items()
                for p in c.prefixes
                if p.version == family
                and p not in getattr(before.customers.get(other), "prefixes", ())
            )
            assert subtract(had, new)[0].pairs() == subtract(has, rows_of(()))[0].pairs()


@given(topologies(), edits())
def test_what_the_files_state_is_in_force_as_they_state_it(
    before: Topology, loaded: Topology
) -> None:
    after = merge(before, loaded)
    for name, stated in loaded.devices.items():
        assert after.devices[name] == stated
    for name, wanted in loaded.customers.items():
        found = after.customers[name]
        assert found.prefixes == wanted.prefixes and found.leaving is Leaving.NO
        places = found.attachments[: len(wanted.attachments)]
        assert places == wanted.attachments and not any(a.leaving for a in places)


# -- devices -----------------------------------------------------------------------------------


def test_a_device_that_comes_back_loses_the_mark() -> None:
    before = merge(files(*EDGES), files(EDGES[0]))
    assert before.devices["edge2"].leaving is Leaving.GONE
    assert merge(before, files(*EDGES)).devices["edge2"].leaving is Leaving.NO


def test_a_retired_device_drains_through_reloads_until_it_is_empty() -> None:
    draining = with_retirement(files(*EDGES), "edge2")
    assert draining.draining() == {"edge2"} and draining.borders() == ("edge1",)
    again = merge(draining, files(*EDGES))
    assert again.draining() == {"edge2"}
    assert merge(draining, files(EDGES[0])).draining() == {"edge2"}
    assert settled(again, {"edge1"}, ()) is again
    assert settled(again, {"edge2"}, ()).devices.keys() == {"edge1"}


def test_a_retired_device_stays_out_while_the_files_state_it() -> None:
    out = settled(with_retirement(files(*EDGES), "edge2"), {"edge2"}, ())
    still_stated = merge(out, files(*EDGES))
    assert still_stated.devices.keys() == {"edge1"} and still_stated.retired == {"edge2"}
    no_longer = merge(still_stated, files(EDGES[0]))
    assert no_longer.retired == frozenset()
    assert merge(no_longer, files(*EDGES)).devices["edge2"].leaving is Leaving.NO


def test_a_device_that_was_gone_before_it_was_retired_may_return_at_once() -> None:
    gone = merge(files(*EDGES), files(EDGES[0]))
    out = settled(with_retirement(gone, "edge2"), {"edge2"}, ())
    assert out.retired == frozenset()
    assert merge(out, files(*EDGES)).devices["edge2"].leaving is Leaving.NO


def test_a_device_that_leaves_takes_the_attachments_with_it() -> None:
    before = files(*EDGES, customer("first", "192.0.2.0/24", at=(ETH1, ETH2)))
    assert without_device(before, "edge2").customers["first"].attachments == (ETH1,)
    out = settled(with_retirement(before, "edge2"), {"edge2"}, ())
    assert merge(out, before).customers["first"].attachments == (ETH1,)


def test_what_a_kept_device_stands_on_stays_protected() -> None:
    link = Interface("eth0", addresses=(ip_interface("203.0.113.1/30"),))
    box = replace(device("edge2"), interfaces=(link,))
    before = with_derived(files(EDGES[0], box))
    loaded = with_derived(files(EDGES[0]))
    assert {str(p.prefix) for p in before.protected} == {"203.0.113.1/32", "203.0.113.0/30"}
    kept = merge(before, loaded)
    assert {p.prefix for p in kept.protected} == {p.prefix for p in before.protected}
    assert without_device(kept, "edge2").protected == ()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"transport": {"netns": "b", "counters": "no"}}, "netns a -> b"),
        ({"transport": {"host": "192.0.2.1"}}, "host none -> 192.0.2.1, netns a -> none"),
        ({"transport": {"netns": "a"}, "platform": "other"}, "platform fake -> other"),
        ({"transport": {"netns": "a", "unheard": "of"}}, "unheard none -> of"),
        ({"transport": {"netns": "a", "counters": "yes"}, "site": "mainz"}, ""),
        ({"transport": {"netns": "a"}}, ""),
    ],
)
@pytest.mark.parametrize("leaving", list(Leaving))
def test_a_name_stays_with_its_box(changed: dict[str, Any], told: str, leaving: Leaving) -> None:
    known = {"netns": "a", "counters": "no"}
    before = replace(device("edge1"), transport=known, leaving=leaving)
    problems = [said for _, said in other_boxes(files(before), files(replace(before, **changed)))]
    assert bool(problems) == bool(told)
    assert all(f"edge1 would become another box ({told})" in said for said in problems)


# -- modes -------------------------------------------------------------------------------------


def test_a_mode_that_a_person_set_survives_reloads_until_the_files_may_say_again() -> None:
    set_to = with_mode(files(*EDGES), "edge1", Mode.ENFORCE)
    again = merge(set_to, files(*EDGES))
    assert again.devices["edge1"].mode is Mode.ENFORCE
    assert again.devices["edge2"].mode is Mode.OBSERVE
    left = without_mode(again, "edge1", Mode.OBSERVE)
    assert left.devices["edge1"].mode is Mode.OBSERVE and not left.modes


# -- customers and attachments -----------------------------------------------------------------


def test_a_customer_that_left_is_kept_until_somebody_confirms() -> None:
    kept = merge(files(*EDGES, FIRST), files(*EDGES))
    assert kept.customers["first"] == replace(FIRST, leaving=Leaving.GONE)
    assert confirm_gone(kept, "first").customers == {}
    assert merge(kept, files(*EDGES, FIRST)).customers["first"] == FIRST


@pytest.mark.parametrize(
    ("owned", "left"),
    [
        ("192.0.2.0/24", ()),
        ("192.0.0.0/16", ()),
        ("192.0.2.0/25", ("192.0.2.128/25",)),
        ("192.0.2.64/26", ("192.0.2.0/26", "192.0.2.128/25")),
        ("198.51.100.0/24", ("192.0.2.0/24",)),
    ],
)
def test_a_new_owner_wins_and_the_kept_customer_keeps_the_rest(
    owned: str, left: tuple[str, ...]
) -> None:
    loaded = files(*EDGES, customer("second", owned))
    kept = merge(files(*EDGES, FIRST), loaded)
    assert kept.customers["first"].prefixes == tuple(map(ip_network, left))
    assert kept.customers["second"].prefixes == (ip_network(owned),)


def test_a_customer_inside_another_one_takes_nothing_that_it_had_before() -> None:
    inner = customer("inner", "192.0.2.64/26")
    kept = merge(files(*EDGES, FIRST, inner), files(*EDGES, inner))
    assert kept.customers["first"].prefixes == FIRST.prefixes


def test_an_attachment_that_left_the_files_is_enforced_beside_the_new_one() -> None:
    moved = replace(FIRST, attachments=(ETH2,))
    both = merge(files(*EDGES, FIRST), files(*EDGES, moved))
    places = {a: a.leaving for a in both.customers["first"].attachments}
    assert places == {ETH2: Leaving.NO, ETH1: Leaving.GONE}
    back = merge(both, files(*EDGES, replace(FIRST, attachments=(ETH1, ETH2))))
    assert not any(a.leaving for a in back.customers["first"].attachments)


def test_a_moved_attachment_drains_through_reloads_until_the_others_are_proved() -> None:
    moved = files(*EDGES, replace(FIRST, attachments=(ETH2,)))
    draining = with_move(merge(files(*EDGES, FIRST), moved), "first", ETH1)
    again = merge(draining, moved)
    assert draining_attachments(again) == {"first": (ETH1,)}
    assert remaining_places(again, "first") == {"edge2"}
    assert settled(again, (), {"other"}) is again
    assert settled(again, (), {"first"}).customers["first"].attachments == (ETH2,)


def test_an_interface_that_is_somebody_elses_now_is_not_cut_for_who_was_there() -> None:
    second = customer("second", "198.51.100.0/24", at=(ETH1,))
    after = merge(files(*EDGES, FIRST), files(*EDGES, second))
    (kept,) = after.customers["first"].attachments
    assert (kept.device, kept.interface) == ("edge1", "")
    assert after.customers["second"].attachments == (ETH1,)
