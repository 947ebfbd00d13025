# SPDX-License-Identifier: GPL-2.0-or-later
"""The BGP lab and one controller on its routers for all tests of this folder."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.bgp import EDGES, Edge, announce, enrol, inventory_for, wait_for_bgp
from lab.errors import NotInLab
from lab.inside import current
from lab.installation import Controller, Installation
from lab.shell import wait_until
from tests.conftest import REPOSITORY
from tests.lab.conftest import LabView
from tests.lab.enforcement.desk import ME, Desk, desk_at

HOW = "run: python -m lab.clabns lab/isp-bgp.clab.yml -- python -m pytest tests/lab/bgp"
HERE = Path(__file__).parent
TABLE = "routes/ris_rrc15_2010-02-27_prefixes.tsv"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lab is tested first: from the first order on, its routers are controlled."""
    items.sort(key=lambda item: item.path.name != "test_bgp_ground.py")


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
def controller(lab: LabView) -> Iterator[Controller]:
    """`enforcer run` as a child in the lab, which reaches the routers as the inventory says."""
    with tempfile.TemporaryDirectory(prefix="enforcer-bgp-") as folder:
        here = Path(folder)
        enrol(here)
        installation = Installation(here, inventory_for(here))
        installation.create()
        with Controller(installation) as running:
            yield running


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
