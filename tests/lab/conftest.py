# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab around these tests; without one they fail, and say how to get one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from lab.clabns import restart_node
from lab.errors import NotInLab
from lab.inside import Inside, current
from lab.isp import wait_for_isp

ROUTERS = ("edge1", "core1")
HOW = (
    "run: python -m lab.clabns lab/isp-vendors.clab.yml -- python -m pytest tests/lab"
    " --ignore tests/lab/bgp"
)


@dataclass(frozen=True)
class LabView(Inside):
    """Nodes by name: ``nodes``, ``netns``, ``pid``, ``path``, ``run``, and ``reboot``.

    The addresses are in ``lab.isp``, the traffic tools in ``lab.probes``.
    """

    def reboot(self, node: str) -> int:
        """Rebuilds the node's namespaces; returns the pid of its new first process."""
        return restart_node(node)

    def nft(self, node: str, *commands: str) -> str:
        """Runs nft commands in a node, all or nothing; returns what they print."""
        return self.run(node, "nft", "; ".join(commands)).stdout


@pytest.fixture(scope="session")
def lab() -> LabView:
    """The provider's lab, ready: routes, mail, news and echo work end to end."""
    try:
        around = current()
    except NotInLab as error:
        pytest.fail(f"{error}\n{HOW}", pytrace=False)
    if around.name != "isp":
        pytest.fail(f"these tests need lab isp, not {around.name}; {HOW}", pytrace=False)
    wait_for_isp()
    return LabView(around.name, around.directory)


@pytest.fixture
def bare_routers(lab: LabView) -> Iterator[LabView]:
    """The lab with empty packet filters on its routers, before and after."""
    for router in ROUTERS:
        lab.nft(router, "flush ruleset")
    yield lab
    for router in ROUTERS:
        lab.nft(router, "flush ruleset")
