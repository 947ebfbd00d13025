# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong around a real BIRD: nothing is half done or claimed, everything is said."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from drivers.bird.driver import BirdDriver
from drivers.bird.planning import Work
from enforcer.control.writing import compared
from enforcer.driver_api import Applied
from enforcer.errors import CommandRejected, DeviceBusy, DeviceError, DeviceUnreachable, StaleState
from tests.contract.bird_subject import NoSecrets
from tests.integration.bird_router import (
    EDGE,
    LEAK,
    LEAKED,
    LEGITIMATE,
    OURS,
    UPSTREAM,
    Hasty,
    Net,
    announced,
    configure,
    converge,
    made_old,
    members,
    net,
    read,
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


# -- the operator's own work -----------------------------------------------------------------


def test_an_error_in_his_configuration_is_named_and_nothing_is_changed(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted())
    before = birds.include.read_bytes()
    extra = birds.edge.folder / "extra.conf"
    extra.write_text("# nothing yet\n")
    configure(
        birds, EDGE.replace("protocol device", 'include "{folder}/extra*.conf";\nprotocol device')
    )
    with driver.connect() as session:
        actual = session.read_state()
        (batch,) = driver.plan(wanted(LEAK), compared(driver, wanted(LEAK), actual), actual).batches
        extra.write_text("protocol nonsense;\n")
        with pytest.raises(DeviceBusy, match=r"extra\.conf was edited and is not configured"):
            session.stage(batch)
        # Its time says nothing of it any more.
        made_old(extra)
        with pytest.raises(DeviceBusy, match=r"extra\.conf was edited and is not configured"):
            session.stage(batch)
        extra.write_text("# nothing yet\n")
        birds.edge.said("configure")
        session.read_state()
        work = batch.payload
        assert isinstance(work, Work)
        wrong = replace(batch, payload=replace(work, content=b"nonsense;\n"))
        with pytest.raises(CommandRejected, match=r"enforcer\.conf.*; correct it"):
            session.stage(wrong)
    assert birds.include.read_bytes() == before
    assert birds.edge.prefixes() == {*LEGITIMATE, *LEAKED}
    extra.unlink()
    converge(driver, wanted(LEAK))


def test_his_edit_that_is_not_configured_is_not_put_into_force(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted())
    birds.config.write_text(birds.config.read_text().replace("as 65002", "as 65009"))
    with driver.connect() as session, pytest.raises(DeviceBusy, match=r"bird\.conf was edited"):
        staged(driver, session, wanted(LEAK))
    assert birds.upstream.prefixes() == {*LEGITIMATE, *LEAKED}


def test_his_unconfirmed_configuration_is_left_to_him(birds: Net) -> None:
    driver = birds.driver()
    birds.edge.said("configure timeout 60")
    with pytest.raises(DeviceBusy, match=r"waits for its confirmation .*undo in"):
        read(driver)
    birds.edge.said("configure confirm")
    converge(driver, wanted(LEAK))


def test_a_filter_that_does_not_call_ours_is_named(birds: Net) -> None:
    driver = birds.driver()
    both = LEAK | {announced(4): members("8.0.0.0/8")}
    converge(driver, wanted(both))
    configure(birds, EDGE.replace("if enf_in_10_9_1_2() then reject; accept;", "accept;"))
    until(lambda: birds.edge.prefixes("protocol customer") == {*LEGITIMATE, *LEAKED})
    said = "\n".join(told(driver, wanted(both)))
    assert "its import filter of ipv4 does not call enf_in_10_9_1_2()" in said
    assert "routes received of neighbor 10.9.1.2: 4 pass" in said
    assert "upstream" not in said, "his other filters call ours"
    with pytest.raises(DeviceError, match="does not call enf_in"):
        converge(driver, wanted(both))
    # A quick pass claims nothing either: what it wrote is read back as a whole.
    actual = read(driver)
    more = wanted(both | {received(4): members("9.9.9.0/24")})
    (batch,) = driver.plan(more, compared(driver, more, actual), actual).batches
    assert batch.region.delta is None


def test_a_filter_that_calls_ours_and_accepts_is_noticed(birds: Net) -> None:
    driver = birds.driver(Hasty())
    converge(driver, wanted())
    configure(
        birds,
        EDGE.replace("if enf_in_10_9_1_2() then reject;", "if enf_in_10_9_1_2() then accept;"),
    )
    with pytest.raises(DeviceError, match=r"still pass \(customer: 4 received\)"):
        converge(driver, wanted(LEAK))
    assert any("4 pass that are to be rejected" in line for line in told(driver, wanted(LEAK)))


def test_an_include_that_was_taken_out_is_noticed(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted(LEAK))
    text = EDGE.replace('include "{folder}/enforcer.conf";\n', "")
    for call in ("if enf_in_10_9_1_2() then reject;", "where !enf_in_10_9_2_2()"):
        text = text.replace(call, "" if "if" in call else "all")
    for name in ("10_9_1_2", "10_9_2_2"):
        text = text.replace(f"where !enf_out_{name}()", "all")
    configure(birds, text)
    actual = read(driver)
    assert not len(actual.addresses), "what BIRD does not know is not enforced"
    assert any('include "' in line and "missing" in line for line in told(driver, wanted(LEAK)))
    with pytest.raises(DeviceError, match="include"):
        converge(driver, wanted(LEAK))


def test_a_session_that_would_be_restarted_for_it_is_left_alone(birds: Net) -> None:
    """The customer cannot send its routes again, and the edge keeps none."""
    driver = birds.driver()
    converge(driver, wanted())
    able = (birds.customer.folder / "bird.conf").read_text()
    with reconfigured(birds, able.replace("as 65000;", "as 65000; enable route refresh off;")):
        since = birds.edge.said("show protocols customer")
        with pytest.raises(CommandRejected, match=r"would restart customer .*import table on"):
            converge(driver, wanted(LEAK))
        assert any("cannot send routes again" in d.detail for d in driver.diagnose())
        assert birds.edge.said("show protocols customer") == since
        text = EDGE.replace("import keep filtered on;", "import keep filtered on; import table on;")
        configure(birds, text)
        birds.settled(set())
        since = birds.edge.said("show protocols customer")
        converge(driver, wanted(LEAK))
        birds.settled(set(LEAKED))
        assert birds.edge.said("show protocols customer") == since


@contextmanager
def reconfigured(birds: Net, text: str) -> Iterator[None]:
    """The customer with another configuration, for a while."""
    config = birds.customer.folder / "bird.conf"
    before = config.read_text()
    for said in (text, before):
        config.write_text(said)
        birds.customer.said("configure")
        until(lambda: "Established" not in birds.customer.said("show protocols edge"))
        until(lambda: "Established" in birds.customer.said("show protocols edge"))
        if said is text:
            birds.settled(set())
            yield


# -- our own changes -------------------------------------------------------------------------


def test_what_is_not_confirmed_is_taken_back_by_bird_itself(birds: Net) -> None:
    """The one test that waits: for BIRD's timer, five seconds."""
    driver = birds.driver(confirm="5")
    converge(driver, wanted())
    heard = len(birds.upstream.log())
    with driver.connect() as session:
        held = staged(driver, session, wanted(LEAK))
        with pytest.raises(DeviceBusy, match="waits for its confirmation"):
            read(birds.driver())
        until(lambda: "unconfirmed" not in birds.edge.said("configure status"))
        birds.settled(set())
        later = birds.upstream.log()[heard:]
        assert all(later.count(prefix) >= 2 for prefix in LEAKED), "removed, and added again"
        with pytest.raises(DeviceError, match="did not take what was written"):
            held.confirm()
    # The file is as it was written, or as it was: either way another pass knows.
    again = birds.driver()
    assert compared(again, wanted(LEAK), read(again))
    converge(again, wanted(LEAK))
    birds.settled(set(LEAKED))


def test_a_change_that_is_abandoned_leaves_nothing(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted())
    before = birds.include.read_bytes()
    with driver.connect() as session:
        held = staged(driver, session, wanted(LEAK, UPSTREAM))
        assert held.abandon() is Applied.ABANDONED
    assert birds.include.read_bytes() == before
    birds.settled(set())
    assert not told(driver, wanted())
    with driver.connect() as session:
        staged(driver, session, wanted(LEAK))
    assert birds.include.read_bytes() == before, "hanging up takes it back"


def test_a_session_that_is_lost_takes_the_change_back(birds: Net) -> None:
    driver = birds.driver(Hasty())
    converge(driver, wanted())
    before = birds.include.read_bytes()
    with driver.connect() as session:
        held = staged(driver, session, wanted(LEAK))
        birds.edge.said("disable upstream")
        with pytest.raises(DeviceError, match="BGP lost upstream; it was taken back"):
            held.confirm()
    assert birds.include.read_bytes() == before
    birds.edge.said("enable upstream")
    birds.settled(set())


def test_a_foreign_edit_in_the_middle_is_not_written_over(birds: Net) -> None:
    driver = birds.driver()
    converge(driver, wanted())
    with driver.connect() as session:
        actual = session.read_state()
        (batch,) = driver.plan(wanted(LEAK), compared(driver, wanted(LEAK), actual), actual).batches
        birds.include.write_text(birds.include.read_text() + "define HIS = 1;\n")
        with pytest.raises(StaleState):
            session.stage(batch)
    assert "define HIS" in birds.include.read_text()
    assert "symbol HIS" in "".join(told(driver, wanted()))
    converge(driver, wanted(LEAK))
    assert "define HIS" not in birds.include.read_text()


def test_a_state_that_was_configured_from_another_file_is_seen(birds: Net) -> None:
    """Old content configured, the new one put back: only BIRD itself can tell."""
    driver = birds.driver()
    converge(driver, wanted())
    old = birds.include.read_text()
    converge(driver, wanted(LEAK))
    new = birds.include.read_text()
    birds.include.write_text(old)
    birds.edge.said("configure")
    birds.include.write_text(new)
    actual = read(driver)
    assert not len(actual.addresses)
    converge(driver, wanted(LEAK))
    birds.settled(set(LEAKED))
    # The same with constants of which only the content is another.
    birds.include.write_text(new.replace("8.8.8.0/24", "9.9.9.0/24"))
    birds.edge.said("configure")
    birds.include.write_text(new)
    assert received(4) not in read(driver).addresses
    converge(driver, wanted(LEAK))


# -- what is not there -----------------------------------------------------------------------


def bound(birds: Net, **transport: str) -> BirdDriver:
    device = birds.device()
    return BirdDriver(
        replace(device, transport={**device.transport, **transport}), NoSecrets(), OURS
    )


@pytest.mark.parametrize(
    ("transport", "why"),
    [
        ({"socket": "/run/no-such-bird.ctl"}, "does it run, and is transport.socket right"),
        ({"birdc": "/no/such/birdc"}, "install bird2, or set transport.birdc"),
    ],
)
def test_what_is_missing_is_named(birds: Net, transport: dict[str, str], why: str) -> None:
    driver = bound(birds, **transport)
    with pytest.raises(DeviceUnreachable, match=why):
        read(driver)
    (found,) = driver.diagnose()
    assert not found.ok and why in found.detail


def test_without_the_configuration_nothing_is_claimed(birds: Net) -> None:
    driver = bound(birds, config="/etc/bird/there-is-none.conf")
    said = told(driver, wanted(LEAK))
    assert any("its filters cannot be verified" in line for line in said)
    assert any(not d.ok and d.check == "configuration" for d in driver.diagnose())


def test_a_first_installation_is_told_what_to_write(birds: Net) -> None:
    birds.include.write_text("")
    found = {d.check: d for d in birds.driver().diagnose()}
    assert not found["include file"].ok
    assert "function enf_in_10_9_1_2()" in found["include file"].advice
    assert found["protocol customer"].ok and "no role" in found["protocol customer"].detail
    advice = found["include file"].advice
    birds.include.write_text(advice[advice.index("function") :])
    assert "Configuration OK" in birds.edge.said("configure check")
