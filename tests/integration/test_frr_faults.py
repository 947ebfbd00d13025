# SPDX-License-Identifier: GPL-2.0-or-later
"""A real FRR on which something goes wrong, or somebody else works, and what then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from drivers.frr.model import Binding, Native
from enforcer.control.writing import compared
from enforcer.core.routes import Route
from enforcer.driver_api import RoutingSession
from enforcer.errors import AuthenticationFailed, DeviceError, DeviceUnreachable, StaleState
from tests.contract.worlds import NOTHING, converge, drift_of, read, write
from tests.integration.frr_isp import (
    CLOUD,
    CONFIG,
    CUSTOMER,
    EVERY,
    FINE,
    GOOGLE,
    LEGIT,
    OWN,
    Isp,
    an_isp,
    drop,
    untouched,
    wanted,
)

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def world() -> Iterator[Isp]:
    with an_isp() as made:
        yield made


@pytest.fixture
def isp(world: Isp) -> Iterator[Isp]:
    with untouched(world):
        yield world


def test_a_clear_in_the_middle_lets_nothing_through(isp: Isp) -> None:
    due = wanted(drop(GOOGLE, CLOUD))
    heard = isp.upstream.heard_of(LEGIT)
    with isp.driver.connect() as session:
        actual = session.read_state()
        plan = isp.driver.plan(due, compared(isp.driver, due, actual), actual)
        for batch in plan.batches:
            staged = session.stage(batch)
            isp.edge.show(f"clear bgp ipv4 unicast {CUSTOMER} soft in")
            staged.confirm()
    isp.passes(LEGIT, OWN, FINE)
    assert isp.upstream.heard_of(LEGIT) == heard
    assert not drift_of(isp.driver, due)


def test_a_change_by_somebody_in_the_middle_is_not_written_over(isp: Isp) -> None:
    due = wanted(drop(GOOGLE))
    with isp.driver.connect() as session:
        actual = session.read_state()
        plan = isp.driver.plan(due, compared(isp.driver, due, actual), actual)
        session.stage(plan.batches[0]).confirm()
        isp.edge.by_hand("ip prefix-list MINE seq 5 permit 198.18.0.0/15")
        with pytest.raises(StaleState):
            session.stage(plan.batches[1])
    isp.passes(*EVERY)
    converge(isp.driver, due)
    isp.passes(*(EVERY - {GOOGLE}))
    isp.edge.by_hand("no ip prefix-list MINE")


def test_a_daemon_that_died_unsaved_gets_its_filters_back(isp: Isp) -> None:
    """And the mark: a saved configuration from before it ever was ours."""
    due = wanted(drop(GOOGLE, CLOUD))
    converge(isp.driver, due)
    isp.passes(LEGIT, OWN, FINE)
    (isp.edge.folder / "frr.conf").write_text(CONFIG)
    isp.edge.kill()
    with pytest.raises(DeviceUnreachable, match="bgpd does not answer"):
        read(isp.driver)
    isp.edge.start()
    assert read(isp.driver).owner is None
    converge(isp.driver, due)
    isp.passes(LEGIT, OWN, FINE)


def test_a_daemon_that_died_saved_comes_back_with_them(isp: Isp) -> None:
    due = wanted(drop(GOOGLE, CLOUD))
    converge(isp.driver, due)
    assert "ENF-OWNER" in isp.edge.saved
    isp.edge.kill()
    isp.edge.start()
    assert not drift_of(isp.driver, due)
    isp.passes(LEGIT, OWN, FINE)
    # What zebra has read from the file goes from there too.
    converge(isp.driver, NOTHING)
    assert "ENF-OWNER" in isp.edge.saved and "prefix-list ENF-" not in isp.edge.saved


def test_without_zebra_nothing_is_forwarded_and_orders_are_written(isp: Isp) -> None:
    isp.edge.kill("zebra")
    due = wanted(drop(GOOGLE))
    converge(isp.driver, due)
    assert not drift_of(isp.driver, due)
    with isp.driver.connect() as session:
        assert isinstance(session, RoutingSession)
        found, forwarded = session.sightings(ip_network(LEGIT))
    assert found and not forwarded
    converge(isp.driver, NOTHING)
    assert not drift_of(isp.driver, NOTHING)
    isp.edge.kill()
    isp.edge.start()


def test_saving_that_is_refused_is_told(isp: Isp, tmp_path: Path) -> None:
    script = tmp_path / "vtysh"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *"write memory"*)\n'
        " echo '% failed to open configuration file: Permission denied';; "
        '*) exec vtysh "$@";; esac\n'
    )
    script.chmod(0o755)
    due = wanted(drop(GOOGLE))
    with pytest.raises(DeviceError, match="did not save it"):
        converge(isp.bound(vtysh=str(script)), due)
    isp.passes(*(EVERY - {GOOGLE}))
    assert not drift_of(isp.driver, due), "it stands all the same"


@pytest.mark.parametrize(
    "said,kind",
    [
        ("exit 127", DeviceUnreachable),
        (
            "echo 'Permission denied; failed to connect to any daemons.'; exit 1",
            AuthenticationFailed,
        ),
        ("echo 'failed to connect to any daemons.'; exit 1", DeviceUnreachable),
    ],
    ids=["no vtysh", "no rights", "no bgpd"],
)
def test_what_keeps_us_out_is_told_apart(
    isp: Isp, tmp_path: Path, said: str, kind: type[DeviceError]
) -> None:
    script = tmp_path / "vtysh"
    script.write_text(f"#!/bin/sh\n{said}\n")
    script.chmod(0o755)
    driver = isp.bound(vtysh=str(script))
    with pytest.raises(kind):
        read(driver)
    (only,) = driver.diagnose()
    assert (only.check, only.ok) == ("reachable", False) and only.advice


def test_a_refused_line_is_no_success(isp: Isp, tmp_path: Path) -> None:
    """bgpd refuses a transaction with exit code 0: what it prints counts."""
    script = tmp_path / "vtysh"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *"-f /dev/stdin"*)\n'
        " sed 's/ permit 8.8.8.0.24/ permit 8.8.8.0\\/24 ge 9 le 8/' | vtysh \"$@\";; "
        '*) exec vtysh "$@";; esac\n'
    )
    script.chmod(0o755)
    with pytest.raises(DeviceError, match="refused a part"):
        converge(isp.bound(vtysh=str(script)), wanted(drop(GOOGLE)))
    isp.passes(*EVERY)


def test_routes_that_pass_all_the_same_are_found_and_judged_anew(isp: Isp) -> None:
    """A filter that stands and was not applied: as with a list that is edited under a
    neighbor's own prefix-list. Here the reading is what lies, and the repair is real."""
    due = wanted(drop(GOOGLE))
    converge(isp.driver, due)
    actual = read(isp.driver)
    native = actual.native
    assert isinstance(native, Native)
    passed = {Binding(CUSTOMER, 4, "in"): (Route(ip_network(GOOGLE), (65001,)),)}
    lying = replace(actual, native=replace(native, carried=passed))
    drift = compared(isp.driver, due, lying)
    assert ["1 routes pass" in f.detail for f in drift.findings] == [True]
    plan = isp.driver.plan(due, drift, lying)
    assert f"do clear bgp ipv4 unicast {CUSTOMER} soft in" in list(plan.native())
    with isp.driver.connect() as session:
        session.read_state()
        for batch in plan.batches:
            session.stage(batch).confirm()
    assert not drift_of(isp.driver, due)


def test_what_a_person_detaches_in_favour_of_his_own_is_called(isp: Isp) -> None:
    due = wanted(drop(GOOGLE))
    converge(isp.driver, due)
    hand = isp.edge.by_hand
    hand("route-map OTHER permit 10", " set local-preference 300")
    hand(
        "router bgp 65000", "address-family ipv4 unicast", f"neighbor {CUSTOMER} route-map OTHER in"
    )
    isp.passes(*EVERY)
    converge(isp.driver, due)
    isp.passes(*(EVERY - {GOOGLE}))
    converge(isp.driver, NOTHING)
    assert f"neighbor {CUSTOMER} route-map OTHER in" in isp.edge.running()
    hand("router bgp 65000", "address-family ipv4 unicast", f"neighbor {CUSTOMER} route-map HIS in")
    hand("no route-map OTHER")


def test_a_healthy_router_is_diagnosed(isp: Isp) -> None:
    found = {one.check: one for one in isp.driver.diagnose()}
    assert all(one.ok for one in found.values()), found
    assert "FRRouting" in found["reachable"].detail
    assert "3 established" in found["neighbors"].detail
    assert CUSTOMER in found["route refresh"].detail
    with isp.driver.connect() as session:
        write(isp.driver, session, NOTHING)
