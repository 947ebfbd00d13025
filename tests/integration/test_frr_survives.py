# SPDX-License-Identifier: GPL-2.0-or-later
"""A real bgpd lives through what is done to our route-maps by hand, and through their repair.

bgpd 8.4 frees a route-map that is attached under its neighbors where it is deleted and one of
that name is made before ``bgp route-map delay-timer`` is over (FRR pull request 14017).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.frr.driver import FrrDriver
from enforcer.clock import SystemClock
from enforcer.errors import DeviceBusy
from tests.contract.worlds import NOTHING, OURS, converge, drift_of
from tests.integration.frr_isp import (
    CLOUD,
    CUSTOMER,
    EVERY,
    GOOGLE,
    LEGIT6,
    Isp,
    an_isp,
    drop,
    wanted,
)
from tests.sshd import Files

pytestmark = pytest.mark.root
LOOPS = 3
HIS = (
    "route-map HIS permit 10",
    "match ip address prefix-list OPERATOR",
    "set local-preference 200",
)
START = f"neighbor {CUSTOMER} route-map "


@pytest.fixture(scope="module")
def isp() -> Iterator[Isp]:
    with an_isp() as made:
        made.established()
        # The longest that it can be: nothing that was deleted is forgotten within this test.
        made.edge.by_hand("router bgp 65000", "bgp route-map delay-timer 600")
        yield made


def attached(isp: Isp) -> str:
    """The route-map of the customer."""
    lines = map(str.strip, isp.edge.show("show running-config").splitlines())
    (name,) = [line.split()[3] for line in lines if line.startswith(START)]
    return name


def test_a_map_deleted_under_its_neighbor_is_not_made_again_by_its_name(isp: Isp) -> None:
    one, other = wanted(drop(GOOGLE)), wanted(drop(GOOGLE, CLOUD))
    converge(isp.driver, one)
    for _ in range(LOOPS):
        name = attached(isp)
        isp.edge.by_hand(f"no route-map {name}")
        converge(isp.driver, one)
        assert attached(isp)[:-5] == name[:-5] and attached(isp) != name
        assert not drift_of(isp.driver, one)
        # What it has goes back to what it had: by this bgpd died.
        converge(isp.driver, other)
        converge(isp.driver, one)
        assert isp.edge.ended is None, "bgpd runs as it was started"
    converge(isp.driver, NOTHING)
    assert attached(isp) == "HIS" and isp.edge.ended is None
    assert LEGIT6 in isp.edge.show("show bgp ipv6 unicast")
    isp.passes(*EVERY)


class Hasty(SystemClock):
    """What waits for a long time has waited for it soon."""

    _ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += 50 * seconds
        super().sleep(seconds)


def test_a_map_of_his_that_is_not_forgotten_is_not_taken_from_its_neighbor(isp: Isp) -> None:
    """Whoever attaches another one then writes into freed memory."""
    isp.edge.by_hand("no route-map HIS")
    isp.edge.by_hand(*HIS)
    hasty = FrrDriver(isp.device, Files(Path("/")), OURS, Hasty())
    with pytest.raises(DeviceBusy, match="route-map HIS was deleted and made again"):
        converge(hasty, wanted(drop(GOOGLE)))
    assert attached(isp) == "HIS" and isp.edge.ended is None


def test_a_map_of_his_that_was_made_again_is_waited_for(isp: Isp, tmp_path: Path) -> None:
    script, seen = tmp_path / "vtysh", tmp_path / "seen"
    script.write_text(
        '#!/bin/sh\ncase "$*" in *"-f /dev/stdin"*)\n'
        ' vtysh "$1" "$2" -d bgpd -c "show route-map HIS json"'
        f' | grep -o "Change.:[a-z]*" >>{seen};;\n'
        'esac\nexec vtysh "$@"\n'
    )
    script.chmod(0o755)
    isp.edge.by_hand("router bgp 65000", "bgp route-map delay-timer 2")
    isp.edge.by_hand("no route-map HIS")
    isp.edge.by_hand(*HIS)
    converge(isp.bound(vtysh=str(script)), wanted(drop(CLOUD)))
    _, swap, *_ = seen.read_text().splitlines()
    assert swap.endswith(":false"), "built meanwhile, and attached afterwards"
    isp.passes(*(EVERY - {CLOUD}))
    converge(isp.driver, NOTHING)
    isp.passes(*EVERY)
    assert isp.edge.ended is None
