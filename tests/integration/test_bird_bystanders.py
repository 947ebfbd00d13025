# SPDX-License-Identifier: GPL-2.0-or-later
"""What is the operator's own on a real BIRD stays as he left it, whoever writes or dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from enforcer.core.rules import Key
from enforcer.driver_api import RoutingSession
from enforcer.errors import DeviceBusy, DeviceError
from tests.integration.bird_router import (
    CUSTOMER,
    EDGE,
    LEAK,
    LEAKED,
    LEGITIMATE,
    UPSTREAM,
    Hasty,
    Net,
    announced,
    configure,
    converge,
    made_old,
    members,
    net,
    received,
    staged,
    told,
    until,
    wanted,
)

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def shared() -> Iterator[Net]:
    with net() as made:
        yield made


@pytest.fixture
def birds(shared: Net) -> Net:
    shared.reset()
    return shared


def test_his_edit_with_an_old_time_is_not_put_into_force(birds: Net) -> None:
    """As `cp -p` and `rsync -a` leave it: to a driver that saw it configured, and to a new one."""
    seen = birds.driver()
    converge(seen, wanted())
    text = birds.config.read_text()
    none = text.replace("export where !enf_out_10_9_2_2();", "export none;")
    assert none != text
    birds.config.write_text(none)
    made_old(birds.config)
    for driver in (seen, birds.driver()):
        with driver.connect() as session, pytest.raises(DeviceBusy, match=r"bird\.conf was edited"):
            staged(driver, session, wanted(LEAK))
    assert birds.upstream.prefixes() == {*LEGITIMATE, *LEAKED}
    # What was configured and stands again is no edit, to who saw it.
    birds.config.write_text(text)
    converge(seen, wanted(LEAK))
    birds.settled(set(LEAKED))
    # Somebody's own configuration: of that only times tell.
    birds.edge.said("configure")
    converge(seen, wanted())


def test_a_change_that_takes_more_routes_than_it_may_is_taken_back(birds: Net) -> None:
    """Edited the moment before BIRD reads it: what came of it is seen."""
    driver = birds.driver(Hasty())
    converge(driver, wanted())
    with driver.connect() as session:
        held = staged(driver, session, wanted({announced(4): members("8.8.8.0/24")}))
        birds.settled({"8.8.8.0/24"})
        with pytest.raises(
            DeviceError, match=r"customer has 0 of 2 routes received of ipv6, which"
        ):
            without_routes(birds, held.confirm)
    birds.settled(set())


def without_routes(birds: Net, act: Callable[[], object]) -> None:
    """The customer sends no route of IPv6 meanwhile."""
    birds.customer.said("disable s6")
    try:
        until(lambda: not any(":" in p for p in birds.edge.prefixes()))
        act()
    finally:
        birds.customer.said("enable s6")


def test_nothing_is_configured_while_he_has_a_protocol_disabled(birds: Net) -> None:
    """Whoever configures BIRD enables it, and if we died then nobody would disable it again."""
    driver = birds.driver()
    converge(driver, wanted())
    before = birds.include.read_bytes()
    birds.edge.said('disable upstream "maintenance"')
    why = r"upstream was disabled by hand.*put `disabled;`"
    with driver.connect() as session, pytest.raises(DeviceBusy, match=why):
        staged(driver, session, wanted(LEAK))
    assert " down " in birds.edge.said("show protocols upstream")
    assert birds.include.read_bytes() == before
    assert any(not d.ok and "disabled by hand" in d.detail for d in driver.diagnose())
    # The way out: it is disabled by the configuration.
    configure(birds, EDGE.replace("protocol bgp upstream {{", "protocol bgp upstream {{ disabled;"))
    assert " down " in birds.edge.said("show protocols upstream")
    converge(driver, wanted(LEAK))
    assert " down " in birds.edge.said("show protocols upstream")
    birds.edge.said("enable upstream")
    with driver.connect() as session, pytest.raises(DeviceBusy, match="enabled by hand"):
        staged(driver, session, wanted())


def test_who_dies_before_the_confirmation_leaves_the_file_as_it_was(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted(None, CUSTOMER))
    before = birds.include.read_bytes()
    with driver.connect() as session:
        held = staged(driver, session, wanted(LEAK, CUSTOMER))
        # BIRD has it; a BIRD that is started now, and one that goes back, have the old one.
        assert birds.include.read_bytes() == before
        assert "TRUE" in birds.edge.said(f"eval 8.8.8.0/24 ~ ENF_{received(4).digest}")
        birds.edge.said("configure undo")
        with pytest.raises(DeviceError, match="did not take what was written"):
            held.confirm()
    assert birds.include.read_bytes() == before
    assert not list(birds.edge.folder.glob(".enforcer.conf*"))
    # The session that was shut came up with it, and carries nothing until it is shut again.
    until(lambda: "Established" in birds.edge.said("show protocols customer"))
    assert not birds.edge.prefixes("protocol customer")
    assert len(told(driver, wanted(None, CUSTOMER))) == 0


def test_names_in_quotes(birds: Net) -> None:
    text = EDGE.replace("bgp customer", "bgp 'cust-1.a'").replace("bgp upstream", "bgp 'up-1'")
    configure(birds, text.replace("from_customer", "'from-c.1'"))
    birds.settled(set())
    driver = birds.driver()
    converge(driver, wanted(LEAK))
    birds.settled(set(LEAKED))
    with driver.connect() as session:
        assert isinstance(session, RoutingSession)
        assert len(session.routes(CUSTOMER, 4, Key.RECEIVED).accepted) == 1
    converge(driver, wanted(LEAK, UPSTREAM))
    assert " down " in birds.edge.said("show protocols 'up-1'")
    assert "Established" in birds.edge.said("show protocols 'cust-1.a'")
    converge(driver, wanted())
    birds.settled(set())
    assert not told(driver, wanted())


def test_a_path_that_his_filter_prepends_to_is_no_leak(birds: Net) -> None:
    """What a path was when our function saw it cannot be told of what passed."""
    call = "if enf_in_10_9_1_2() then reject;"
    configure(birds, EDGE.replace(call, f"{call} bgp_path.prepend(64777);"))
    until(lambda: "64777" in birds.edge.said("show route protocol customer all"))
    driver = birds.driver()
    desired = wanted({received(4, passes=64777): members("0.0.0.0/0")})
    converge(driver, desired)
    birds.settled({"1.1.1.0/24"})
    assert not told(driver, desired)
