# SPDX-License-Identifier: GPL-2.0-or-later
"""The BGP lab and one controller on its routers for all tests of this folder."""

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from enforcer.errors import EnforcerError
from lab.bgp import EDGES, NODES, Edge, announce, enrol, inventory_for, sessions_of, wait_for_bgp
from lab.errors import LabError, NotInLab
from lab.inside import current
from lab.installation import Controller, Installation
from lab.shell import wait_until
from tests.conftest import REPOSITORY
from tests.lab.conftest import LabView
from tests.lab.enforcement.desk import ME, Desk, desk_at

HOW = "run: python -m lab.clabns lab/isp-bgp.clab.yml -- python -m pytest tests/lab/bgp"
HERE = Path(__file__).parent
TABLE = "routes/ris_rrc15_2010-02-27_prefixes.tsv"
CONTROLLER = pytest.StashKey[Controller]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lab is tested first: from the first order on, its routers are controlled."""
    items.sort(key=lambda item: item.path.name != "test_bgp_ground.py")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What every device and the controller say is shown beside a failure."""
    report = yield
    if report.failed and CONTROLLER in item.config.stash:
        report.sections.append(("the lab's state", _state(item.config.stash[CONTROLLER])))
    return report


def _state(controller: Controller) -> str:
    desk = Desk(controller.installation, controller)
    try:
        said = [
            f"{d.name}: {d.status} {d.error or ''} {d.waiting or ''} {d.contested or ''}"
            for d in desk.app.devices(ME)
        ]
        said += [sessions_of(node) for node in NODES]
    except (EnforcerError, LabError) as error:
        said = [f"cannot be told: {error}"]
    finally:
        desk.close()
    return "\n".join([*said, "the controller's log ends:", controller.log.tail(30)])


@pytest.fixture(scope="session")
def lab() -> LabView:
    """The BGP lab, ready: every session is up and the victims answer."""
    try:
        around = current()
    except NotInLab as error:
        pytest.fail(f"{error}\n{HOW}", pytrace=False)
    if around.name != "isp-bgp":
        pytest.fail(f"these tests need lab isp-bgp, not {around.name}; {HOW}", pytrace=False)
    wait_for_bgp()
    return LabView(around.name, around.directory)


@pytest.fixture(params=EDGES, ids=str)
def edge(request: pytest.FixtureRequest, lab: LabView) -> Iterator[Edge]:
    """An edge, one after the other; afterwards the customer announces nothing more there."""
    found = request.param
    assert isinstance(found, Edge)
    yield found
    announce(found, [])
    wait_for_bgp()


@pytest.fixture(scope="session")
def table() -> Path | None:
    """A real routing table, where the corpus is at hand."""
    place = Path(os.environ.get("ENFORCER_CORPUS") or REPOSITORY.parent / "shared" / "corpus")
    return place / TABLE if (place / TABLE).is_file() else None


@pytest.fixture(scope="session")
def controller(lab: LabView, pytestconfig: pytest.Config) -> Iterator[Controller]:
    """`enforcer run` as a child in the lab, which reaches the routers as the inventory says."""
    with tempfile.TemporaryDirectory(prefix="enforcer-bgp-") as folder:
        here = Path(folder)
        enrol(here)
        installation = Installation(here, inventory_for(here))
        installation.create()
        with Controller(installation) as running:
            pytestconfig.stash[CONTROLLER] = running
            yield running
            del pytestconfig.stash[CONTROLLER]


@pytest.fixture
def desk(controller: Controller) -> Iterator[Desk]:
    """Orders of one test; afterwards all are lifted and the devices hold nothing of them."""
    if not controller.running:
        controller.start()
    _release(controller)
    with desk_at(controller) as opened:
        yield opened


def _release(controller: Controller) -> None:
    """Take up again what is contested.

    These tests reset sessions more often within an hour than anybody should: to the controller
    that is somebody who keeps changing the same things.
    """
    desk = Desk(controller.installation, controller)
    try:
        wait_until(lambda: _calm(desk), "every router is proved", timeout=60, every=0.2)
    finally:
        desk.close()


def _calm(desk: Desk) -> bool:
    devices = desk.app.devices(ME)
    for device in devices:
        if device.status == "contested":
            desk.app.device_release(ME, device.name, "the tests did it")
    return all(device.status == "ok" for device in devices)
