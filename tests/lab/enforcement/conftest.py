# SPDX-License-Identifier: GPL-2.0-or-later
"""One controller on the lab's routers for all tests of this folder, and a desk to place orders."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.installation import Controller
from tests.lab.conftest import ROUTERS, LabView
from tests.lab.enforcement.desk import Desk, desk_at, install

HERE = Path(__file__).parent
MEASURED = pytest.StashKey[list[str]]()
Measured = Callable[[str, float | None], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The lab is tested first: from the first test of this folder on, routers are controlled."""
    items.sort(key=lambda item: item.path.is_relative_to(HERE))


@pytest.fixture(scope="session")
def controller(lab: LabView) -> Iterator[Controller]:
    """`enforcer run` as a child in the lab; its log is shown where a test fails to end well."""
    for router in ROUTERS:
        lab.nft(router, "flush ruleset")
    with tempfile.TemporaryDirectory(prefix="enforcer-lab-") as folder:
        with Controller(install(Path(folder))) as running:
            yield running
        for router in ROUTERS:
            lab.nft(router, "flush ruleset")


@pytest.fixture
def desk(controller: Controller) -> Iterator[Desk]:
    """Orders of one test; afterwards all are lifted and the devices hold nothing of them."""
    if not controller.running:  # a test before this one failed while it was stopped
        controller.start()
    with desk_at(controller) as opened:
        yield opened


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Notes how long something took, in seconds, for the end of the run: nothing asserts it."""
    found = request.config.stash.setdefault(MEASURED, [])

    def note(what: str, seconds: float | None) -> None:
        value = "no packet got through" if not seconds else f"{seconds * 1000:.1f} ms"
        found.append(f"{what}: {value}")

    return note


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """What was measured."""
    found = config.stash.get(MEASURED, [])
    if found:
        terminalreporter.section("measured with packets")
        for line in found:
            terminalreporter.line(line)
