# SPDX-License-Identifier: GPL-2.0-or-later
"""What rancid and oxidized are told to leave out: exactly what orders change, nothing else.

On emulated routers; the texts are those that the boxes print.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from enforcer.core.orders import Demand, SuspendCustomer
from enforcer.driver_api import Driver, Ignorable
from lab.emulators.juniper_junos.display import braces
from tests.contract.ios_subject import IosSubject, cisco_ios
from tests.contract.junos_subject import JunosSubject, juniper_junos
from tests.contract.worlds import EVERYTHING, NOTHING, OURS, converge, due
from tests.contract.xr_subject import XrSubject, cisco_xr

Router = IosSubject | XrSubject | JunosSubject
ORDERS: tuple[Demand, ...] = tuple(
    d for d in EVERYTHING if not (isinstance(d, SuspendCustomer) and d.by == "shutdown")
)
"""An interface that is down is to be seen: it is no line of ours."""


def by_line(router: Router) -> str:
    return router.router.running()


def in_braces(router: Router) -> str:
    assert isinstance(router, JunosSubject)
    return "".join(f"{line}\n" for line in braces(router.router.database.active))


Print = Callable[[Router], str]
KINDS: dict[str, tuple[Callable[[], object], Print]] = {
    "cisco_ios": (cisco_ios, by_line),
    "cisco_xr": (cisco_xr, by_line),
    "juniper_junos, set": (juniper_junos, by_line),
    "juniper_junos, braces": (juniper_junos, in_braces),
}


@contextmanager
def opened(kind: str) -> Iterator[tuple[Router, Print]]:
    make, printed = KINDS[kind]
    with make() as subject:  # type: ignore[attr-defined]  # a context manager of one of three types
        assert isinstance(subject, IosSubject | XrSubject | JunosSubject)
        yield subject, printed


def filtered(driver: Driver, text: str) -> str:
    assert isinstance(driver, Ignorable)
    for pattern in driver.ignored().patterns:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    return text


def as_it_was(text: str) -> str:
    """A filter of the operator's that stands alone again: the one line that names his and ours."""
    one = re.sub(r"filter input-list CUSTOMER$", "filter input CUSTOMER", text, flags=re.MULTILINE)
    return re.sub(
        r"input-list \[ ENF-IN[46] (.*) \];",
        lambda found: {
            "CUSTOMER": "input CUSTOMER;",
            "CUSTOMER6": "input-list CUSTOMER6;",
            "SPOOFED REST": "input-list [ SPOOFED REST ];",
        }[found[1]],
        one,
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rtbh", [False, True])
def test_with_orders_and_without_them_the_rest_is_the_same(kind: str, rtbh: bool) -> None:
    with opened(kind) as (router, printed):
        if rtbh:
            router.device = replace(router.device, mechanism="rtbh")
        driver = router.driver(OURS)
        without = printed(router)
        assert filtered(driver, without) == without, "the operator's lines stay"
        converge(driver, due(router, ORDERS))
        with_orders = printed(router)
        assert with_orders.count("ENF-") > 100
        assert rtbh == ("Null0" in with_orders or "static" in with_orders)
        assert as_it_was(filtered(driver, with_orders)) == without
        converge(driver, NOTHING)
        assert filtered(driver, printed(router)) == without


@pytest.mark.parametrize("kind", KINDS)
def test_an_operator_s_change_among_our_lines_is_seen(kind: str) -> None:
    with opened(kind) as (router, printed):
        driver = router.driver(OURS)
        converge(driver, due(router, ORDERS))
        before = filtered(driver, printed(router))
        router.touch_foreign()
        after = filtered(driver, printed(router))
        assert after != before and "operator" in after


@pytest.mark.parametrize("kind", KINDS)
def test_the_marker_that_stops_our_writes_is_seen(kind: str) -> None:
    with opened(kind) as (router, printed):
        router.put_hold(True)
        assert "ENFORCER-HOLD" in filtered(router.driver(OURS), printed(router))
