# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces shut on Linux: the link, our record of it, and what an operator does meanwhile."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.netlink.errors import LinkRefused
from drivers.nftables.netlink.netns import inside
from drivers.nftables.transport import LocalTransport, Made, Options
from enforcer.core.capability import unsupported
from enforcer.core.orders import order_id
from enforcer.core.plan import Plan
from enforcer.core.rules import NO_END, Desired, InterfaceMember, Key, Rule
from enforcer.core.topology import Device, Interface, Mode
from enforcer.driver_api import EventKind, Foreseeing
from enforcer.errors import DeviceError
from tests.integration.nft_router import OWNER, NoSecrets, Router, desired, in_, members, routers

pytestmark = pytest.mark.root

SHUT, SOURCE = Rule(0, Key.INTERFACE), Rule(4, Key.SOURCE)
BLOCK = {SOURCE: members(("198.51.100.7", NO_END, 1))}
NOTHING = desired(BLOCK)
FIVE, SIX = order_id(5), order_id(6)


def shut(*names: str, order: int = 5, end: int = NO_END) -> Desired:
    """A block as ever, and interfaces down."""
    return desired(BLOCK, {SHUT: tuple(InterfaceMember(name, end, order) for name in names)})


DOWN = shut("cust1")


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        made.run(["ip", "link", "add", "cust1", "type", "veth", "peer", "cust2"])
        for name in ("cust1", "cust2"):
            link(made, name, up=True)
        made.apply(NOTHING)
        yield made


def link(router: Router, name: str, *, up: bool) -> None:
    router.run(["ip", "link", "set", name, "up" if up else "down"])


def is_up(router: Router, name: str) -> bool:
    (told,) = json.loads(router.run(["ip", "-j", "link", "show", name]))
    return "UP" in told["flags"]


def record(router: Router) -> dict[str, str]:
    """Names and comments, as nft shows them; empty: there is no record."""
    listed = json.loads(router.run(["nft", "-j", "list", "ruleset"]))["nftables"]
    sets = [entry["set"] for entry in listed if entry.get("set", {}).get("name") == "shut"]
    return {e["elem"]["val"]: e["elem"]["comment"] for s in sets for e in s.get("elem", [])}


def another(router: Router) -> Router:
    """The controller was restarted: nothing is remembered."""
    driver = NftablesDriver(
        Device("r1", "nftables", mode=Mode.ENFORCE),
        OWNER,
        Options(LocalTransport(router.namespace), counters=True),
    )
    return Router(router.namespace, driver, router.session)


def restarted(router: Router, wanted: Desired) -> None:
    """One full pass of another process."""
    fresh = another(router)
    with fresh.driver.connect() as session:
        replace(fresh, session=session).apply(wanted)


# ---------------------------------------------------------------- there and back


def test_the_link_goes_down_is_recorded_and_comes_back_without_a_trace(router: Router) -> None:
    before = router.listing()
    drift = router.apply(shut("cust1", end=(end := in_(2))))
    assert drift.tally.missing == 1
    assert not is_up(router, "cust1") and is_up(router, "cust2")
    assert record(router) == {"cust1": f"{FIVE} until {end}"}
    assert "timeout" not in router.listing("set inet enforcer shut")
    actual, _ = router.look(shut("cust1", end=end))
    assert actual.interfaces[SHUT] == (InterfaceMember("cust1", end, 5),)
    router.apply(NOTHING)
    assert is_up(router, "cust1")
    assert router.listing() == before


def test_one_of_two_comes_back_alone(router: Router) -> None:
    router.apply(shut("cust1", "cust2"))
    router.apply(DOWN)
    assert not is_up(router, "cust1") and is_up(router, "cust2")
    assert list(record(router)) == ["cust1"]


def test_a_new_end_and_another_order_move_the_record_and_no_link(router: Router) -> None:
    router.apply(DOWN)
    with router.driver.watch() as watch:
        events = watch.events()
        for wanted in (shut("cust1", end=in_(3)), shut("cust1", order=6)):
            drift = router.apply(wanted)
            assert drift.tally.altered == 1
            assert not is_up(router, "cust1")
        router.nft("add table ip over")
        kinds = []
        while (event := next(events)).kind is not EventKind.UNTOUCHED:
            kinds.append(event.kind)
    assert set(kinds) == {EventKind.OWN}
    assert record(router) == {"cust1": SIX}
    router.apply(NOTHING)
    assert is_up(router, "cust1")


def test_a_preview_says_what_a_person_would_type(router: Router) -> None:
    actual, drift = router.look(DOWN)
    plan: Plan = router.driver.plan(DOWN, drift, actual)
    lines = list(plan.native())
    assert lines[-2].endswith(": ip link set dev cust1 down")
    assert f'shut {{ "cust1" comment "{FIVE}" }}' in lines[-1]
    assert any(line.endswith(": ip link set dev cust1 up") for line in plan.undo())
    assert not any("@shut" in line for line in lines), "no rule refers to it"


# ---------------------------------------------------------------- the operator's own


def test_what_the_operator_shut_himself_is_never_brought_up(router: Router) -> None:
    link(router, "cust1", up=False)
    assert not router.look(NOTHING)[1], "no record: not ours"
    router.apply(DOWN)
    assert record(router) == {"cust1": f"{FIVE} found down"}
    router.apply(shut("cust1", order=6))
    assert record(router) == {"cust1": f"{SIX} found down"}
    router.apply(NOTHING)
    assert not is_up(router, "cust1")
    assert record(router) == {}


def test_brought_up_by_somebody_is_drift_and_is_repaired(router: Router) -> None:
    router.apply(DOWN)
    proof = router.session.fingerprint()
    assert router.session.fingerprint() == proof
    assert isinstance(router.session, Foreseeing)
    assert router.session.expected() is None, "links move without writing"
    with router.driver.watch() as watch:
        link(router, "cust1", up=True)
        event = next(event for event in watch.events() if event.kind is not EventKind.OWN)
    assert (event.kind, event.what) == (EventKind.CHANGED, "interface brought up: cust1")
    assert router.session.fingerprint().token != proof.token
    drift = router.apply(DOWN)
    assert drift.tally.missing == 1
    assert not is_up(router, "cust1")
    router.apply(NOTHING)
    assert is_up(router, "cust1"), "it was ours all the time"


def test_brought_up_and_lifted_it_is_forgotten(router: Router) -> None:
    """Else what the operator shuts later would be brought up by us."""
    router.apply(shut("cust1", "cust2"))
    link(router, "cust1", up=True)
    router.apply(shut("cust2"))
    assert list(record(router)) == ["cust2"]
    link(router, "cust1", up=False)
    router.apply(NOTHING)
    assert not is_up(router, "cust1") and is_up(router, "cust2")


def test_an_element_that_somebody_put_into_the_record_is_taken_out_alone(router: Router) -> None:
    router.apply(DOWN)
    link(router, "cust2", up=False)
    router.nft('add element inet enforcer shut { "cust2" comment "mine" }')
    router.apply(DOWN)
    assert list(record(router)) == ["cust1"]
    assert not is_up(router, "cust2")


# ---------------------------------------------------------------- reboots and lost records


def test_after_a_reboot_the_next_pass_shuts_it_again(router: Router) -> None:
    router.apply(DOWN)
    router.nft("flush ruleset")
    link(router, "cust1", up=True)
    restarted(router, DOWN)
    assert not is_up(router, "cust1") and record(router) == {"cust1": FIVE}
    restarted(router, NOTHING)
    assert is_up(router, "cust1")


@pytest.mark.parametrize(
    "commands", ["flush ruleset", "delete set inet enforcer shut", "flush set inet enforcer shut"]
)
def test_a_lost_record_is_written_again_and_the_link_comes_back(
    router: Router, commands: str
) -> None:
    router.apply(DOWN)
    router.nft(commands)
    assert router.look(DOWN)[1]
    router.apply(DOWN)
    assert record(router) == {"cust1": FIVE}
    router.nft(commands)
    router.apply(NOTHING)
    assert is_up(router, "cust1"), "this process knows that it shut it"
    assert record(router) == {}


def test_a_restarted_controller_finds_the_record(router: Router) -> None:
    router.apply(DOWN)
    restarted(router, DOWN)
    restarted(router, NOTHING)
    assert is_up(router, "cust1")


def test_without_record_and_memory_it_counts_as_the_operators(router: Router) -> None:
    router.apply(DOWN)
    router.nft("flush ruleset")
    restarted(router, DOWN)
    assert record(router) == {"cust1": f"{FIVE} found down"}
    restarted(router, NOTHING)
    assert not is_up(router, "cust1")


def test_an_interface_that_does_not_exist_is_recorded_and_shut_once_it_is_there(
    router: Router,
) -> None:
    wanted = shut("later")
    router.apply(wanted)
    assert list(record(router)) == ["later"]
    router.run(["ip", "link", "add", "later", "type", "veth", "peer", "other"])
    assert not router.look(wanted)[1], "it is made down"
    link(router, "later", up=True)
    router.apply(wanted)
    assert not is_up(router, "later")
    router.run(["ip", "link", "delete", "later"])
    router.apply(NOTHING)
    assert record(router) == {}


# ---------------------------------------------------------------- faults


class Stubborn:
    """A way to the device whose links cannot be set while it is so."""

    def __init__(self, namespace: str) -> None:
        self.through = LocalTransport(namespace)
        self.namespace = namespace
        self.stubborn = True
        self.identity = self.through.identity
        self.open = self.through.open
        self.watch = self.through.watch

    def inside(self, make: Callable[[], Made]) -> Made:
        if self.stubborn and make.__name__ == "act":
            raise LinkRefused("interface cust1 cannot be set: busy")
        return inside(self.namespace, make)


def test_a_link_that_cannot_be_set_is_recorded_first_and_holds_nothing_else_up(
    router: Router,
) -> None:
    way = Stubborn(router.namespace)
    driver = NftablesDriver(Device("r1", "nftables"), OWNER, Options(way, counters=True))
    more = members(("198.51.100.7", NO_END, 1), ("198.51.100.9", NO_END, 2))
    wanted = replace(DOWN, addresses={SOURCE: more})
    with driver.connect() as session:
        stuck = Router(router.namespace, driver, session)
        with pytest.raises(DeviceError, match="cust1 cannot be set"):
            stuck.apply(wanted)
        assert "198.51.100.9" in router.listing()
        assert record(router) == {"cust1": FIVE} and is_up(router, "cust1")
        way.stubborn = False
        drift = stuck.apply(wanted)
        assert drift.tally.missing == 1 and not is_up(router, "cust1")
        way.stubborn = True
        with pytest.raises(DeviceError, match="cust1 cannot be set"):
            stuck.apply(replace(NOTHING, addresses={SOURCE: more}))
        assert record(router) == {"cust1": FIVE}, "the record goes last"
        way.stubborn = False
        stuck.apply(replace(NOTHING, addresses={SOURCE: more}))
        assert is_up(router, "cust1") and record(router) == {}


def test_an_altered_record_set_is_made_anew(router: Router) -> None:
    router.apply(DOWN)
    router.nft(
        "delete set inet enforcer shut; "
        "add set inet enforcer shut { type ifname; flags timeout; timeout 1h; }"
    )
    router.apply(DOWN)
    assert "timeout" not in router.listing("set inet enforcer shut")
    assert record(router) == {"cust1": FIVE}
    router.apply(NOTHING)
    assert is_up(router, "cust1")


def test_the_doctor_tells_what_we_shut_from_what_is_merely_down(router: Router) -> None:
    way = LocalTransport(router.namespace)
    device = Device("r1", "nftables", interfaces=(Interface("cust1"), Interface("cust2")))
    driver = NftablesDriver(device, OWNER, Options(way, counters=True))
    router.apply(DOWN)
    (found,) = (d for d in driver.diagnose() if d.check == "interfaces")
    assert found.ok and found.detail == "cust2 up; cust1 shut by us"
    link(router, "cust2", up=False)
    (found,) = (d for d in driver.diagnose() if d.check == "interfaces")
    assert not found.ok and found.detail == "cust2 down"


def test_it_cannot_be_done_over_ssh() -> None:
    given = {"host": "192.0.2.14", "username": "enforcer", "key_file": "k", "known_hosts": "k"}
    device = Device("r1", "nftables", transport=given)
    driver = NftablesDriver.from_device(device, NoSecrets(), OWNER)
    assert SHUT.key not in {key for _, key in driver.capability.keys}
    refused = unsupported(SHUT, device, driver.capability)
    assert refused == "r1 cannot shut an interface down."
