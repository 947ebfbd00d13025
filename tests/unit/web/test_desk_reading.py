# SPDX-License-Identifier: GPL-2.0-or-later
"""What the desk makes of what people type and of what programs say, without a page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from enforcer.application.views import EventView
from enforcer.core.prefixes import parse_network
from enforcer.core.status import Status
from enforcer.errors import InvalidInput
from enforcer.web import times
from enforcer.web.assets import address_of
from enforcer.web.desk import own_path
from enforcer.web.environment import url
from enforcer.web.filters import COLUMNS, VIEWS, OrdersAsked
from enforcer.web.look import KINDS, look_of
from enforcer.web.order_terms import CONFIRMS
from enforcer.web.pasted import MOST, rows_of
from enforcer.web.samples import chart_of
from enforcer.web.suggestions import normal, suggestions
from enforcer.web.timeline import steps

NOW = datetime(2026, 11, 21, 18, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

asked = st.builds(
    OrdersAsked,
    st.sampled_from(list(VIEWS)),
    st.lists(st.sampled_from([str(s) for s in Status]), unique=True).map(tuple),
    st.lists(st.sampled_from(list(KINDS)), unique=True).map(tuple),
    st.text(max_size=20).map(str.strip),
    st.text(max_size=20).map(str.strip),
    st.text("0123456789ABC-", max_size=8),
    st.integers(1, 500),
    st.lists(st.sampled_from(list(COLUMNS)), unique=True, min_size=1).map(tuple),
)


@given(asked)
def test_filters_come_back_from_their_url(one: OrdersAsked) -> None:
    query = url("/orders", one.query()).partition("?")[2]
    assert OrdersAsked.of(QueryParams(query)) == one


@given(st.text(max_size=60))
def test_any_query_is_some_filter(text: str) -> None:
    found = OrdersAsked.of(QueryParams({"view": text, "limit": text, "status": text}))
    assert found.view in VIEWS and 1 <= found.limit <= 500


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("192.0.2.7/24", ["192.0.2.7", "192.0.2.0/24"]),
        ("192[.]0[.]2[.]7", ["192.0.2.7"]),
        ("192.0.2.7.", ["192.0.2.7"]),
        ("192.0.2,7", ["192.0.2.7"]),
        ("192.0.2.7:80", ["192.0.2.7"]),
        ("hxxp://192.0.2.7/login", ["192.0.2.7"]),
        ("[2001:db8::1]:443", ["2001:db8::1"]),
        ("fe80::1%eth0", ["fe80::1"]),
        ("192.0.2.0/255.255.255.0", ["192.0.2.0", "192.0.2.0/24"]),
        ("192.0.2.0-192.0.2.3", ["192.0.2.0/30"]),
        ("::ffff:192.0.2.7", ["192.0.2.7"]),
        ("192.0.2.7", []),
        ("example.net", []),
        ("", []),
    ],
)
def test_what_may_have_been_meant(typed: str, meant: list[str]) -> None:
    assert suggestions(typed) == meant


@given(st.text(max_size=40) | st.text("0123456789.:/-[]%,abcdef ", max_size=40))
def test_every_suggestion_is_an_address_as_it_is_stored(text: str) -> None:
    for one in suggestions(text):
        assert normal(one) is not None
        parse_network(one)


@pytest.mark.parametrize(
    "seconds, said",
    [
        (0, "now"),
        (-40, "40 s ago"),
        (7260, "in 2 h 1 min"),
        (-90, "1 min 30 s ago"),
        (4 * 3600 + 120, "in 4 h"),
        (30 * 86400, "in 30 d"),
    ],
)
def test_how_far_it_is(seconds: int, said: str) -> None:
    assert times.relative(NOW + timedelta(seconds=seconds), NOW) == said


def test_times_are_read_in_the_zone_of_the_reader() -> None:
    assert times.parse_local("2026-12-01T10:00", BERLIN, NOW).isoformat() == (
        "2026-12-01T09:00:00+00:00"
    )
    assert times.parse_local("+2h", BERLIN, NOW) == NOW + timedelta(hours=2)
    assert times.parse_local("2026-12-01T10:00Z", BERLIN, NOW).hour == 10
    assert times.for_input(NOW, BERLIN) == "2026-11-21T19:00"


@pytest.mark.parametrize("text", ["2026-10-25T02:30", "2027-03-28T02:30", "soon", ""])
def test_a_time_that_is_none_or_two_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        times.parse_local(text, BERLIN, NOW)


def test_a_zone_that_nobody_knows_is_utc() -> None:
    assert times.zone_of("Middle/Earth") is UTC
    assert times.zone_of("../etc/passwd") is UTC


@pytest.mark.parametrize(
    "text, ours",
    [("/orders?q=1", True), ("//evil", False), ("/\\evil", False), ("https://e", False)],
)
def test_nobody_is_sent_elsewhere(text: str, ours: bool) -> None:
    assert own_path(text) == (text if ours else "/")


def test_lines_are_read_with_commas_semicolons_tabs_and_notes() -> None:
    rows = rows_of(["a,b", " 192.0.2.1 , why ", "192.0.2.2;x", "192.0.2.3\ty", "#", ""], "")
    assert [(row.target, row.reason, row.good) for row in rows] == [
        ("", "b", False),
        ("192.0.2.1", "why", True),
        ("192.0.2.2", "x", True),
        ("192.0.2.3", "y", True),
    ]
    assert rows_of(["192.0.2.1"], "")[0].code == "reason"
    with pytest.raises(InvalidInput):
        rows_of([f"2001:db8::{n:x}" for n in range(MOST + 1)], "x")


def confirmable(tree: ast.AST) -> Iterator[str]:
    """The codes of refusals that say they can be confirmed, where the code is written there."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            stated = call.func.id == "Refusal" and any(
                k.arg == "confirmable" for k in call.keywords
            )
            if (stated or call.func.id == "_refusal") and isinstance(call.args[0], ast.Constant):
                yield str(call.args[0].value)


def test_every_refusal_that_can_be_confirmed_has_its_box(repository: Path) -> None:
    sources = [
        *(repository / "enforcer" / "core").glob("*checks.py"),
        repository / "enforcer" / "usecases" / "route_losses.py",
    ]
    found = {code for path in sources for code in confirmable(ast.parse(path.read_text()))}
    assert len(found) > 8
    assert found - set(CONFIRMS) == set()


def test_every_status_has_a_look_of_its_own() -> None:
    looks = [look_of(str(status)) for status in Status]
    assert all(look.icon != "s-unknown" for look in looks)
    sprite = (Path(times.__file__).parent / "static" / "icons.svg").read_text()
    assert all(f'id="{look.icon}"' in sprite for look in looks)
    assert all(f'id="{icon}"' in sprite for _, icon, _ in KINDS.values())


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    folder = Path(times.__file__).parent
    sprite = (folder / "static" / "icons.svg").read_text()
    for template in (folder / "templates").glob("*.html"):
        for name in re.findall(r"""\bicon\(["']([a-z-]+)["']""", template.read_text()):
            assert f'id="{name}"' in sprite, f"{template.name}: {name}"


def test_files_are_named_after_what_is_in_them() -> None:
    assert re.fullmatch(r"/static/desk\.[0-9a-f]{12}\.css", address_of("desk.css"))
    with pytest.raises(KeyError):
        address_of("nothing.css")


def test_counts_grow_into_steps_and_never_fall() -> None:
    def seen(*packets: int) -> list[tuple[datetime, int]]:
        return [(NOW + timedelta(seconds=10 * n), one) for n, one in enumerate(packets)]

    assert chart_of(seen(10)) is None
    assert chart_of(seen(10, 10)) is None, "nothing came"
    chart = chart_of(seen(10, 10, 30))
    assert chart is not None and (chart.gained, chart.restarts) == (20, 0)
    assert chart.line == "0.0,80.0 150.0,80.0 150.0,80.0 300.0,80.0 300.0,6.0"
    anew = chart_of(seen(10, 30, 3, 5))
    assert anew is not None and (anew.gained, anew.restarts) == (25, 1)
    assert chart_of([*seen(0, 5), *seen(0, 9)]) == chart_of(seen(0, 5)), "time never goes back"


def test_the_record_is_told_newest_first_without_what_only_programs_need() -> None:
    def event(sequence: int, kind: str, **detail: object) -> EventView:
        return EventView(
            sequence=sequence,
            at=NOW,
            kind=kind,
            actor="ann",
            source="cli",
            subject="0001-Y",
            device=None,
            detail=detail,
        )

    told = steps(
        [
            event(1, "order.placed", demand={}, reason="phishing", end=NOW.isoformat()),
            event(2, "something.new", note="x" * 500),
            event(3, "order.commented", text="called\nhim"),
        ]
    )
    assert [step.title for step in told] == ["Comment", "something new", "Placed"]
    assert (told[0].text, told[0].facts) == ("called\nhim", ())
    assert told[2].facts == (("reason", "phishing"), ("end", NOW))
    assert len(str(told[1].facts[0][1])) <= 300
