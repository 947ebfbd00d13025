# SPDX-License-Identifier: GPL-2.0-or-later
"""The conversation: proofs, staleness, restarts, crashes, rebuilt namespaces, strange output."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterable, Iterator
from datetime import timedelta
from ipaddress import ip_address

import pytest

from drivers.nftables.driver import NftablesDriver
from drivers.nftables.netlink.attributes import Message
from drivers.nftables.netlink.constants import NFT_MSG_DELTABLE, NFT_MSG_NEWRULE
from drivers.nftables.netlink.errors import KernelRefused
from drivers.nftables.netlink.socket import EventSocket, NftSocket
from drivers.nftables.transport import LocalTransport, Options
from enforcer.clock import SystemClock
from enforcer.core.drift import compare_region
from enforcer.core.plan import Region
from enforcer.core.rules import NO_END, Desired, Exempt, InterfaceMember, Key, Owner, Rule, Service
from enforcer.core.topology import Device
from enforcer.driver_api import Foreseeing
from enforcer.errors import (
    CommandRejected,
    DeviceUnreachable,
    ParseFailed,
    StaleState,
)
from tests.integration.nft_router import (
    OWNER,
    Router,
    bound,
    columns,
    desired,
    in_,
    members,
    namespaces,
    routers,
)

pytestmark = pytest.mark.root

SOURCE = Rule(4, Key.SOURCE)
RELAY = int(ip_address("192.0.2.25"))
LENIENT = Rule(4, Key.SOURCE, exempt=(Exempt(RELAY, RELAY, 6, (25, 25)),))
FLOW = Rule(4, Key.SOURCE, Service(17, None, (53, 53)), ((RELAY, RELAY + 8),))
BY_INTERFACE = Rule(6, Key.OUTPUT_INTERFACE)
T = "inet enforcer"


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        yield made


@pytest.fixture
def wanted() -> Desired:
    return desired(
        {
            SOURCE: members(("198.51.100.7", in_(2), 1), ("198.51.100.16/28", NO_END, 2)),
            LENIENT: members(("203.0.113.9", NO_END, 3)),
            FLOW: members(("203.0.113.64/26", in_(1), 4)),
        },
        {BY_INTERFACE: (InterfaceMember("eth7", in_(1), 6),)},
    )


def restarted(router: Router) -> Iterator[Router]:
    """The same router as a controller sees it that knows nothing."""
    driver = bound(router.namespace)
    with driver.connect() as session:
        yield Router(router.namespace, driver, session)


# -- what a controller without memory makes of it ------------------------------------------


def test_a_restarted_controller_knows_every_rule(router: Router, wanted: Desired) -> None:
    router.apply(wanted)
    for again in restarted(router):
        _, drift = again.look(wanted)
        assert not drift, (drift.findings, drift.examples)


def test_orders_that_ended_meanwhile_go(router: Router, wanted: Desired) -> None:
    router.apply(desired({}))
    empty = router.listing()
    router.apply(wanted)
    for again in restarted(router):
        drift = again.apply(desired({}))
        assert drift.tally.extra == len(wanted)
        assert again.listing() == empty


def test_changed_exceptions_and_a_restart(router: Router, wanted: Desired) -> None:
    """The rule can no longer be told from the device: its members count as somebody's."""
    router.apply(wanted)
    before = router.listing()
    chain = next(line.split()[1] for line in before.splitlines() if "chain x" in line)
    router.nft(f"add element {T} {chain}_0 {{ 10.0.0.0/8 }}")
    for again in restarted(router):
        actual = again.session.read_state()
        assert max(int(m.order.max()) for m in actual.addresses.values()) == 4
        drift = again.apply(wanted)
        assert (drift.tally.missing, drift.tally.extra) == (1, 1)


def test_an_extra_rule_on_the_device_is_reported_with_its_orders(router: Router) -> None:
    router.apply(desired({LENIENT: members(("203.0.113.9", NO_END, 77))}))
    for again in restarted(router):
        actual = again.session.read_state()
        assert [m.order.tolist() for m in actual.addresses.values()] == [[77]]


def test_members_that_all_expired_leave_a_finding(router: Router, wanted: Desired) -> None:
    router.apply(wanted)
    router.nft(f"flush set {T} h{LENIENT.digest}_a")
    told = router.apply(desired({})).findings
    assert any(f.what == f"set h{LENIENT.digest}_a" for f in told)


# -- staleness -----------------------------------------------------------------------------


def test_a_moved_ruleset_is_stale_and_nothing_is_written(router: Router, wanted: Desired) -> None:
    router.apply(desired({}))
    actual, drift = router.look(wanted)
    (batch,) = router.driver.plan(wanted, drift, actual).batches
    router.nft("add table ip theirs")
    before = router.listing(f"table {T}")
    with pytest.raises(StaleState):
        router.session.stage(batch)
    assert router.listing(f"table {T}") == before
    staged = router.session.stage(batch, guarded=False)
    assert staged.token == ""
    assert not router.look(wanted)[1]


def test_what_is_expected_is_what_the_kernel_says_unless_somebody_wrote(router: Router) -> None:
    """And then a guarded write of members refuses, so that an order need not ask first."""
    session = router.session
    assert isinstance(session, Foreseeing)
    router.apply(desired({SOURCE: members(("198.51.100.7", in_(2), 1))}))
    assert session.expected() == session.fingerprint()
    both = desired({SOURCE: members(("198.51.100.7", in_(2), 1), ("198.51.100.8", in_(1), 2))})
    actual, drift = router.look(both)
    (batch,) = router.driver.plan(both, drift, actual).batches
    router.nft(f"add set {T} theirs {{ type ipv4_addr; }}")
    assert session.expected() != session.fingerprint()
    before = router.listing()
    with pytest.raises(StaleState):
        session.stage(batch)
    assert router.listing() == before
    session.stage(batch, guarded=False)
    assert session.expected() is None
    session.read_state()
    assert session.expected() == session.fingerprint()


def test_an_element_that_is_there_already_is_stale(router: Router) -> None:
    """Kernel expiry moves no generation: so the write itself may find another state."""
    router.apply(desired({}))
    wanted = desired({SOURCE: members(("198.51.100.7", NO_END, 1))})
    actual, drift = router.look(wanted)
    (batch,) = router.driver.plan(wanted, drift, actual).batches
    router.session.stage(batch)
    with pytest.raises(StaleState):
        router.session.stage(batch)


def test_two_controllers_interleaved_converge(router: Router, wanted: Desired) -> None:
    router.apply(desired({}))
    for other in restarted(router):
        mine, theirs = router.look(wanted), other.look(wanted)
        router.write(wanted, mine[1], mine[0])
        with pytest.raises(StaleState):
            other.write(wanted, theirs[1], theirs[0])
        assert not other.look(wanted)[1]


def test_a_fingerprint_tells_changes_and_knows_the_next_expiry(router: Router) -> None:
    end = in_(1)
    wanted = desired({SOURCE: members(("198.51.100.7", end, 1), ("198.51.100.8", end + 9000, 2))})
    router.apply(wanted)
    first = router.session.fingerprint()
    assert first == router.session.fingerprint()
    assert first.token == router.session.read_state().token
    assert first.valid_until is not None
    lead = first.valid_until - SystemClock().now()
    assert timedelta(minutes=60) < lead < timedelta(minutes=62)
    later = desired({SOURCE: members(("198.51.100.8", end + 9000, 2))})
    router.apply(later)
    second = router.session.fingerprint()
    assert second.token != first.token
    assert second.valid_until is not None
    assert second.valid_until > first.valid_until
    router.apply(desired({}))
    assert router.session.fingerprint().valid_until is None


# -- crashes -------------------------------------------------------------------------------


@pytest.mark.parametrize("staged", range(5))
def test_killed_half_way_the_next_pass_repairs(router: Router, staged: int) -> None:
    """Growing from one set to many takes many batches; any of them may be the last."""
    few = desired({SOURCE: members(("10.0.0.7", NO_END, 1), ("10.9.0.0/30", NO_END, 1))})
    hosts = columns([(20 << 24) + 3 * n for n in range(60_000)], 1)
    many = desired({SOURCE: hosts, LENIENT: members(("203.0.113.9", NO_END, 3))})
    router.apply(few)
    actual, drift = router.look(many)
    batches = router.driver.plan(many, drift, actual).batches
    assert len(batches) > 4
    for batch in batches[:staged]:
        router.session.stage(batch)
    for again in restarted(router):
        again.apply(many)
        again.apply(few)


# -- the last repair -----------------------------------------------------------------------


class Refusing(NftSocket):
    """The kernel, refusing every structural transaction but a whole new table."""

    def commit(self, messages: Iterable[Message], generation: int | None = None) -> None:
        listed = list(messages)
        kinds = {message.kind & 0xFF for message in listed}
        if NFT_MSG_NEWRULE in kinds and NFT_MSG_DELTABLE not in kinds:
            raise KernelRefused(errno.EBUSY, 0)
        super().commit(listed, generation)


class RefusingTransport(LocalTransport):
    """Opens conversations that refuse."""

    def open(self) -> NftSocket:
        return Refusing.open(self.namespace)


def test_a_refused_repair_builds_the_table_anew(router: Router, wanted: Desired) -> None:
    router.apply(wanted)
    router.nft(f"flush chain {T} blocks")
    device = Device("r1", "nftables")
    driver = NftablesDriver(device, OWNER, Options(RefusingTransport(router.namespace), True))
    with driver.connect() as session:
        refused = Router(router.namespace, driver, session)
        with pytest.raises(CommandRejected):
            refused.apply(wanted)
        actual, drift = refused.look(wanted)
        plan = driver.plan(wanted, drift, actual)
        assert next(plan.native()) == "delete table inet enforcer"
        (batch,) = plan.batches
        session.stage(batch)
        assert not refused.look(wanted)[1]


# -- bad days ------------------------------------------------------------------------------


def test_a_rebuilt_namespace_is_noticed(root: None, wanted: Desired) -> None:
    with namespaces() as name:
        driver = bound(name)
        with driver.connect() as session:
            router = Router(name, driver, session)
            router.apply(wanted)
            before = session.fingerprint().token
            subprocess.run(["ip", "netns", "delete", name], check=True)
            with pytest.raises(DeviceUnreachable, match="no network namespace"):
                session.fingerprint()
            subprocess.run(["ip", "netns", "add", name], check=True)
            for ask in (session.fingerprint, session.read_state):
                with pytest.raises(DeviceUnreachable, match="rebuilt"):
                    ask()
            with driver.connect() as anew:
                again = Router(name, driver, anew)
                assert again.apply(wanted).findings
                assert anew.fingerprint().token != before


def test_a_missing_namespace(root: None) -> None:
    with pytest.raises(DeviceUnreachable, match="create it or correct the inventory"):
        bound("no-such-namespace").connect().__enter__()


class Garbling(NftSocket):
    """The kernel, speaking a dialect."""

    def replies(self, question: Message) -> list[bytes]:
        return [reply[:20] + b"\x03\x00" + reply[22:] for reply in super().replies(question)]


class GarblingTransport(LocalTransport):
    """Opens conversations that nobody understands."""

    def open(self) -> NftSocket:
        return Garbling.open(self.namespace)

    def watch(self) -> EventSocket:
        return EventSocket.open(self.namespace)


def test_unknown_output_is_no_empty_device(router: Router, wanted: Desired) -> None:
    router.apply(wanted)
    device = Device("r1", "nftables")
    driver = NftablesDriver(device, OWNER, Options(GarblingTransport(router.namespace), True))
    with driver.connect() as session, pytest.raises(ParseFailed):
        session.read_state()


def test_a_region_read_by_a_fresh_session(router: Router, wanted: Desired) -> None:
    actual, drift = router.look(wanted)
    router.write(wanted, drift, actual)
    for again in restarted(router):
        region = again.session.read_state(Region(drift.delta))
        assert region.region
        assert not compare_region(drift.delta, region)
        assert region.owner == OWNER


def test_the_mark_of_another_controller_is_told(router: Router) -> None:
    given = Options(LocalTransport(router.namespace), counters=True)
    theirs = NftablesDriver(Device("r1", "nftables"), Owner("other", 9), given)
    with theirs.connect() as session:
        other = Router(router.namespace, theirs, session)
        actual, drift = other.look(desired({}))
        other.write(desired({}), drift, actual)
    actual, drift = router.look(desired({}))
    assert actual.owner == Owner("other", 9)
    assert [f.detail for f in drift.findings] == ["other epoch 9"]
