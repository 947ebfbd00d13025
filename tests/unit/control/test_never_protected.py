# SPDX-License-Identifier: GPL-2.0-or-later
"""No sequence of orders, reloads and faults makes the compiled rules match protected space."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from enforcer.control.book import Holds, OrderBook
from enforcer.core.topology import Topology
from tests.unit.control.enforcement_machine import EnforcementMachine

SETTINGS = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
SEARCH = settings(
    SETTINGS, max_examples=200, derandomize=True, database=None, phases=[Phase.generate]
)


def tried(template: Path, book: type[OrderBook] = OrderBook) -> type[EnforcementMachine]:
    return type("Machine", (EnforcementMachine,), {"template": template, "book": book})


def test_whatever_happens_protected_space_is_never_matched(initialised: Path) -> None:
    run_state_machine_as_test(tried(initialised), settings=SETTINGS)


# -- the machine finds what is wrong -----------------------------------------------------------


def unprotected(topology: Topology) -> Topology:
    """Nothing but the protected space differs, not even the digest by which it is known."""
    bare = replace(topology, protected=())
    vars(bare)["digest"] = topology.digest
    return bare


class NothingWithheld(OrderBook):
    """Compiles without taking protected space out."""

    def __init__(self, topology: Topology, holds: Holds | None = None) -> None:
        super().__init__(unprotected(topology), holds)

    def reload(self, topology: Topology, holds: Holds) -> None:
        bare = {name: (hold, unprotected(old)) for name, (hold, old) in holds.items()}
        super().reload(unprotected(topology), bare)


class HoldsIgnored(OrderBook):
    """Compiles everything by the present inventory."""

    def reload(self, topology: Topology, holds: Holds) -> None:
        super().reload(topology, {})


class HoldsForAll(OrderBook):
    """Later orders are kept to the old inventory too."""

    def reload(self, topology: Topology, holds: Holds) -> None:
        longer = {n: (replace(hold, seq=2**60), old) for n, (hold, old) in holds.items()}
        super().reload(topology, longer)


class NeverReloaded(OrderBook):
    """Goes on with the inventory of its start."""

    def reload(self, topology: Topology, holds: Holds) -> None:
        return


@pytest.mark.parametrize(
    "broken, said",
    [
        (NothingWithheld, "covers protected space"),
        (HoldsIgnored, "to be dropped"),
        (HoldsForAll, "to be dropped|covers protected|fresh compile"),
        (NeverReloaded, "covers protected space|to be dropped|other devices|being retired"),
    ],
)
def test_a_broken_book_is_found_out(initialised: Path, broken: type[OrderBook], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        run_state_machine_as_test(tried(initialised, broken), settings=SEARCH)
