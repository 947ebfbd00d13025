# SPDX-License-Identifier: GPL-2.0-or-later
"""Plans on the kernel: amounts, replacements, counters, the text for people and its undo."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from enforcer.core.rules import NO_END, Desired, Exempt, InterfaceMember, Key, Rule, Service
from tests.integration.nft_router import (
    Router,
    bound,
    columns,
    desired,
    in_,
    members,
    namespaces,
    routers,
)

pytestmark = pytest.mark.root

SOURCE = Rule(4, Key.SOURCE)
RELAY = int(ip_address("192.0.2.25"))
LENIENT = Rule(4, Key.SOURCE, exempt=(Exempt(RELAY, RELAY, 6, (25, 25)),))
FLOW = Rule(4, Key.SOURCE, Service(17, None, (53, 53)), ((RELAY, RELAY + 8),))
BY_INTERFACE = Rule(6, Key.OUTPUT_INTERFACE)
T = "inet enforcer"


@pytest.fixture
def router(root: None) -> Iterator[Router]:
    with routers() as made:
        yield made


@pytest.fixture
def wanted() -> Desired:
    return desired(
        {
            SOURCE: members(("198.51.100.7", in_(2), 1), ("198.51.100.16/28", NO_END, 2)),
            LENIENT: members(("203.0.113.9", NO_END, 3)),
            FLOW: members(("203.0.113.64/26", in_(1), 4)),
        },
        {BY_INTERFACE: (InterfaceMember("eth7", in_(1), 6),)},
    )


def restarted(router: Router) -> Iterator[Router]:
    """The same router as a controller sees it that knows nothing."""
    driver = bound(router.namespace)
    with driver.connect() as session:
        yield Router(router.namespace, driver, session)


# -- amounts -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 256])
def test_a_hundred_thousand_members(router: Router, size: int) -> None:
    many = columns([(20 << 24) + 300 * n for n in range(100_000)], size, in_(5), 9)
    wanted = desired({SOURCE: many})
    router.apply(wanted)
    plan = router.plans[-1]
    assert max(batch.size for batch in plan.batches) <= 20_000
    one = columns([(20 << 24) + 299], 1, in_(1), 10)
    grown = desired({Rule(4, Key.DESTINATION): one, SOURCE: many})
    router.apply(grown)
    assert [b.size for b in router.plans[-1].batches] == [1]
    router.apply(desired({}))


def test_a_small_change_keeps_the_layout(router: Router) -> None:
    start = [(20 << 24) + 3 * n for n in range(60_000)]
    router.apply(desired({SOURCE: columns(start, 1)}))
    names = {line for line in router.listing().splitlines() if "set h" in line}
    for size in (40_000, 59_999, 10, 60_000):
        router.apply(desired({SOURCE: columns(start[:size], 1)}))
        assert {line for line in router.listing().splitlines() if "set h" in line} == names


@pytest.mark.parametrize("guarded", [True, False])
def test_overlapping_ranges_are_replaced_in_one_transaction(router: Router, guarded: bool) -> None:
    whole = desired({SOURCE: members(("10.0.0.0/8", NO_END, 1))})
    parts = desired(
        {
            SOURCE: members(
                ("10.0.0.0-10.9.255.255", NO_END, 1),
                ("10.10.0.0/16", NO_END, 2),
                ("10.11.0.0-10.255.255.255", NO_END, 1),
            )
        }
    )
    for wanted in (whole, parts, whole):
        actual, drift = router.look(wanted)
        (batch,) = router.driver.plan(wanted, drift, actual).batches
        router.session.stage(batch, guarded)
        assert not router.look(wanted)[1]


def test_an_extension_keeps_what_was_counted(router: Router) -> None:
    rows = [("198.51.100.7", in_(1), 1), ("198.51.100.16/28", in_(1), 1)]
    router.apply(desired({SOURCE: members(*rows)}))
    for name, key in (("h", "198.51.100.7"), ("r", "198.51.100.16/28")):
        setname = f"{name}{SOURCE.digest}_a"
        router.nft(
            f"delete element {T} {setname} {{ {key} }}\nadd element {T} {setname} "
            f'{{ {key} counter packets 41 bytes 4100 timeout 3660s comment "0001-Y" }}'
        )
    router.apply(desired({SOURCE: members(*((k, in_(5), o) for k, _, o in rows))}))
    assert router.run(["nft", "list", "table", *T.split()]).count("packets 41 bytes 4100") == 2


def test_without_counters(root: None) -> None:
    with routers(counters="no") as router:
        router.apply(desired({SOURCE: members(("198.51.100.7", NO_END, 1))}))
        assert "\t\tcounter\n" not in router.listing()
        for again in restarted(router):
            assert again.look(desired({}))[1].findings
            again.apply(desired({SOURCE: members(("198.51.100.7", NO_END, 1))}))
            assert "\t\tcounter\n" in again.listing()


# -- native text ---------------------------------------------------------------------------


def test_the_native_text_typed_by_a_person_does_the_same(router: Router, wanted: Desired) -> None:
    for target in (wanted, desired({SOURCE: members(("198.51.100.7", in_(2), 1))}), desired({})):
        with namespaces() as elsewhere:
            driver = bound(elsewhere)
            with driver.connect() as session:
                typist = Router(elsewhere, driver, session)
                typist.apply(wanted if target is not wanted else desired({}))
                actual, drift = typist.look(target)
                plan = driver.plan(target, drift, actual)
                typist.nft("\n".join(plan.native()))
                left = typist.look(target)[1]
                assert not left, (left.findings, left.examples)


def test_the_undo_leads_back(router: Router, wanted: Desired) -> None:
    bigger = desired(
        {
            SOURCE: members(("198.51.100.0/24", in_(1), 5)),
            Rule(6, Key.SOURCE, Service(58)): members(("2001:db8::/32", NO_END, 6)),
            Rule(4, Key.SOURCE, exempt=(Exempt(1, 5),)): members(("10.0.0.1", NO_END, 7)),
        }
    )
    for before, after in ((wanted, bigger), (bigger, wanted), (wanted, desired({}))):
        router.apply(before)
        actual, drift = router.look(after)
        plan = router.driver.plan(after, drift, actual)
        undo = list(plan.undo())
        router.write(after, drift, actual)
        router.nft("\n".join(undo))
        left = router.look(before)[1]
        assert not left, (left.findings, left.examples)


def test_the_plan_is_deterministic_and_lazy(router: Router, wanted: Desired) -> None:
    actual, drift = router.look(wanted)
    first, second = (router.driver.plan(wanted, drift, actual) for _ in range(2))
    assert list(first.native()) == list(second.native())
    assert list(first.undo()) == ["delete table inet enforcer"]
    text = "\n".join(first.native())
    assert f'add element {T} h{LENIENT.digest}_a {{ 203.0.113.9 comment "0003-T" }}' in text
