# SPDX-License-Identifier: GPL-2.0-or-later
"""What is said of an order on an EMULATED router is true at every moment, whatever goes wrong.

Real passes with a real database and the real drivers over SSH. An order that is enforced is
enforced, one that is over is gone, between the steps of a pass, after it, and when every timer
of the router has had its time; once the fault is over the next passes converge.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.control.facts import Outcome
from enforcer.core.orders import BlockPort, Order
from enforcer.core.status import Status
from enforcer.storage import migrate
from enforcer.storage.database import Database
from tests.contract import ios_subject, junos_subject, xr_subject
from tests.contract.worlds import HOSTING, SMTP, except_, prefix
from tests.integration.router_desk import PLATFORMS, Scene, staged_scene
from tests.integration.router_mishaps import ANYWHERE, STRUCTURAL, Mishap, end
from tests.oracle import Packet, packet

pytestmark = pytest.mark.emulated
_PORTS = {
    "cisco_ios": (ios_subject.HOSTING, ios_subject.UPSTREAM),
    "cisco_xr": (xr_subject.HOSTING, xr_subject.UPSTREAM),
    "juniper_junos": (junos_subject.HOSTING, junos_subject.UPSTREAM),
}
MAIL = BlockPort(HOSTING, (6,), SMTP, exceptions=except_("relays"))


@pytest.fixture(scope="module")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database after `enforcer init` and nothing else."""
    file = tmp_path_factory.mktemp("template") / "enforcer.db"
    migrate.upgrade(f"sqlite:///{file}")
    database = Database(f"sqlite:///{file}")
    with database.write() as work:
        work.control.initialise("C0FFEE")
    database.close()
    return file


@pytest.fixture
def copied(initialised: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(initialised, tmp_path / "enforcer.db"))


def crossing(scene: Scene, address: str) -> tuple[Packet, Packet]:
    """A packet from `address` outside to a customer, and one back to it."""
    inside, outside = _PORTS[scene.router.platform]
    inwards = packet(address, "192.0.2.10", sport=4000, dport=80)
    outwards = packet("192.0.2.10", address, sport=80, dport=4000)
    return (
        replace(inwards, iif=outside, oif=inside),
        replace(outwards, iif=inside, oif=outside),
    )


def first_block(scene: Scene) -> list[Order]:
    mail = packet("192.0.2.10", "203.0.113.9", sport=4000, dport=25)
    inside, outside = _PORTS[scene.router.platform]
    return [
        block(scene, "198.51.100.7"),
        block(scene, "198.51.100.70"),
        scene.place(MAIL, replace(mail, iif=inside, oif=outside)),
    ]


def block(scene: Scene, address: str) -> Order:
    return scene.place(prefix(f"{address}/32"), *crossing(scene, address))


def befalls(scene: Scene, mishap: Mishap) -> None:
    """One pass while it goes wrong, and all the time that the router's timers need."""
    before = scene.router.faults.fired[mishap.fired]
    mishap.arm(scene)
    scene.passes()
    assert not mishap.fired or scene.router.faults.fired[mishap.fired] > before, "it never happened"
    scene.wait()
    assert scene.foreign_is_intact()
    end(scene, mishap)
    scene.converges()
    assert scene.foreign_is_intact()


@pytest.mark.parametrize("name", STRUCTURAL)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_first_block(platform: str, name: str, copied: Path) -> None:
    with staged_scene(platform, copied) as scene:
        first_block(scene)
        befalls(scene, STRUCTURAL[name])
        assert scene.lies == []


@pytest.mark.parametrize("name", ANYWHERE)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_first_block_and_its_end(platform: str, name: str, copied: Path) -> None:
    with staged_scene(platform, copied) as scene:
        orders = first_block(scene)
        befalls(scene, ANYWHERE[name])
        for order in orders:
            scene.lift(order)
        befalls(scene, ANYWHERE[name])
        assert scene.is_gone()
        assert scene.lies == []


@pytest.mark.parametrize("name", ANYWHERE)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_members_that_come_and_go(platform: str, name: str, copied: Path) -> None:
    with staged_scene(platform, copied) as scene:
        old, *_ = first_block(scene)
        scene.passes()
        scene.lift(old)
        block(scene, "198.51.100.9")
        befalls(scene, ANYWHERE[name])
        assert scene.lies == []


def missing(scene: Scene) -> None:
    scene.subject.mutations()["host missing"]()


def unbound(scene: Scene) -> None:
    scene.subject.mutations()["unbound"]()


def restored(scene: Scene) -> None:
    scene.subject.mutations()["restored empty"]()


@pytest.mark.parametrize("edit", [missing, unbound, restored])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_changed_by_hand(
    platform: str, edit: Callable[[Scene], None], copied: Path
) -> None:
    """Nobody can know before he looks; the first look repairs, and says nothing before."""
    with staged_scene(platform, copied) as scene:
        orders = first_block(scene)
        scene.converges()
        edit(scene)
        scene.touched()
        scene.router.faults.drop_session(1, "before", configuration_only=False)
        assert scene.passes().outcome is Outcome.FAILED
        assert Status.ENFORCED not in {scene.status(order) for order in orders}
        end(scene, Mishap(lambda scene: None))
        scene.converges()
        assert scene.lies == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_is_enforced_survives_a_reboot(platform: str, copied: Path) -> None:
    with staged_scene(platform, copied) as scene:
        first_block(scene)
        scene.converges()
        scene.router.reboot()
        scene.look("after the power came back")
        scene.converges()
        assert scene.lies == []


def test_what_nobody_saved_is_written_again(copied: Path) -> None:
    with staged_scene("cisco_ios", copied, save="never") as scene:
        orders = first_block(scene)
        scene.converges()
        scene.router.reboot(down_seconds=60.0)
        scene.touched()
        assert scene.passes().outcome is Outcome.FAILED
        assert Status.ENFORCED not in {scene.status(order) for order in orders}
        scene.wait()
        scene.converges()
        assert scene.lies == []


def test_a_look_that_sees_a_lie_says_so(copied: Path) -> None:
    """The test of the tests: the router loses what stands recorded as proved."""
    with staged_scene("cisco_ios", copied) as scene:
        first_block(scene)
        scene.converges()
        restored(scene)
        scene.look("after the edit")
        assert scene.lies
