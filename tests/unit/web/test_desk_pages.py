# SPDX-License-Identifier: GPL-2.0-or-later
"""The pages of orders: for each role, with nothing to show, with something evil to show."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode

import pytest

from enforcer.application.services import Services
from enforcer.core.access import ACTIONS, Action, Role
from enforcer.errors import InvalidInput, StorageError
from enforcer.web.desk import FLASH_COOKIE, Said, gone_to
from tests.fakes.application import FakeApplication
from tests.fakes.services import actor_of
from tests.unit.web.conftest import As
from tests.unit.web.desk_orders import NASTY, an_order, filled

PAGES = {
    "/": Action.READ,
    "/orders": Action.READ,
    "/orders?view=ended": Action.READ,
    "/orders?q=nothing+fits": Action.READ,
    "/orders/0001-Y": Action.READ,
    "/orders/0001-Y/dropped": Action.READ,
    "/search": Action.READ,
    "/search?q=192.0.2.7": Action.READ,
    "/search?q=192.0.2.7&at=2026-11-20T10:00": Action.READ,
    "/search?q=192.0.2.7/24": Action.READ,
    "/search?q=acme": Action.READ,
    "/search?q=zzz": Action.READ,
    "/approvals": Action.READ,
    "/approvals?state=all": Action.READ,
    "/desk/status": Action.READ,
    "/desk/banner": Action.READ,
    "/desk/normalise?text=192.0.2.7/24&into=f-prefix": Action.READ,
    "/desk/complete?what=customer&text=ac": Action.READ,
    "/orders/new": Action.PLACE,
    "/orders/paste": Action.BULK,
    "/pause": Action.PAUSE,
    **{
        f"/orders/new?kind={kind}": Action.PLACE
        for kind in (
            *("block_port", "block_flow", "block_list", "suspend_customer", "cut_feed"),
            *("drop_routes", "blackhole", "shutdown_session"),
        )
    },
}
FRAGMENTS = {
    "/?fragment=1",
    "/orders?fragment=1",
    "/orders/0001-Y?fragment=head",
    "/orders/0001-Y?fragment=body",
    "/orders/0001-Y/dropped?fragment=1",
    "/search?q=192.0.2.7&fragment=1",
    "/approvals?fragment=1",
}


@pytest.mark.parametrize("role", [str(role) for role in Role])
def test_each_role_sees_what_it_may_and_is_told_what_not(
    role: str, visitor: As, application: FakeApplication
) -> None:
    an_order(application)
    client = visitor(role)
    for path, action in PAGES.items():
        answer = client.get(path)
        if action in ACTIONS[Role(role)] and role != Role.DETECTOR:
            assert answer.status_code == 200, (path, answer.text[:200])
        else:
            assert answer.status_code == 403, path
            assert "You may not do this" in answer.text


def test_nobody_is_sent_to_the_login_and_comes_back(visitor: As) -> None:
    client = visitor("")
    for path in PAGES:
        answer = client.get(path)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/login")
    assert client.get("/orders?q=a").headers["location"] == "/login?next=%2Forders%3Fq%3Da"


def test_a_part_of_a_page_says_that_the_login_is_over(visitor: As) -> None:
    assert visitor("").get("/orders?fragment=1").status_code == 401


def test_nothing_that_somebody_wrote_becomes_markup(
    visitor: As, application: FakeApplication
) -> None:
    view = an_order(application, reason=NASTY)
    application._orders[view.id] = view.model_copy(
        update={"target": NASTY, "ticket": NASTY, "withheld": [NASTY], "warnings": [NASTY]}
    )
    application.state = application.state.model_copy(update={"state": "paused", "reason": NASTY})
    client = visitor("abuse")
    for path in (*PAGES, *FRAGMENTS):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert NASTY not in answer.text, path


def test_pages_keep_the_content_security_policy(visitor: As, application: FakeApplication) -> None:
    an_order(application)
    client = visitor("engineer")
    for path in PAGES:
        text = client.get(path).text
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", text), path
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text)), path
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), path


@pytest.mark.parametrize("path", ["/", "/orders", "/approvals", "/search?q=192.0.2.7"])
def test_an_empty_desk_says_what_that_means(path: str, visitor: As) -> None:
    text = visitor("abuse").get(path).text
    assert re.search("Nothing is ordered|Nothing waits|No order touches it", text)


def test_a_filter_that_nothing_fits_can_be_left(visitor: As) -> None:
    assert "No order fits" in visitor("abuse").get("/orders?q=zzz").text


def test_the_database_away_is_a_page_that_needs_no_database(
    visitor: As, application: FakeApplication
) -> None:
    application.fails = StorageError("the database is away")
    answer = visitor("abuse").get("/orders")
    assert answer.status_code == 503
    assert "what is enforced stays enforced" in answer.text
    assert "Try again" in answer.text
    assert answer.headers["retry-after"] == "1"


def test_a_problem_shows_the_number_that_the_log_has(visitor: As) -> None:
    answer = visitor("abuse").get("/orders/ZZZZ-Z")
    assert answer.status_code == 404
    assert answer.headers["x-request-id"] in answer.text


def test_a_path_that_is_not_there_is_a_page_too(visitor: As) -> None:
    answer = visitor("abuse").get("/no/such/page")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text


@pytest.mark.parametrize("path", ["/orders", "/orders/preview", "/desk/pause", "/orders/paste"])
def test_a_form_that_is_not_ours_changes_nothing(
    path: str, visitor: As, application: FakeApplication
) -> None:
    answer = visitor("engineer").post(path, data=filled("nobody"))
    assert answer.status_code == 403
    assert not {"place", "pause", "place_many"} & {name for name, _, _ in application.calls}


def test_the_head_of_every_page_tells_a_pause_and_who_may_end_it(
    visitor: As, application: FakeApplication
) -> None:
    application.state = application.state.model_copy(
        update={"state": "frozen", "by": "erik", "reason": "strange drops"}
    )
    text = visitor("viewer").get("/orders").text
    assert "FROZEN" in text and "strange drops" in text and "/desk/resume" not in text
    assert "/desk/resume" in visitor("engineer").get("/orders").text


def test_a_pause_needs_a_reason_and_is_told(visitor: As, application: FakeApplication) -> None:
    client = visitor("engineer")
    assert client.post("/desk/pause", data={"csrf": "csrf-engineer"}).status_code == 422
    assert application.state.state == "running"
    said = {"csrf": "csrf-engineer", "reason": "strange drops"}
    answer = client.post("/desk/pause", data=said)
    assert answer.status_code == 303
    assert application.state.state == "paused"
    told = client.get("/")
    assert "nothing is added to any device" in told.text
    assert "nothing is added to any device until" not in client.get("/").text


def test_the_colours_are_kept_in_this_browser(visitor: As) -> None:
    client = visitor("viewer")
    stated = {"csrf": "csrf-viewer", "theme": "dark", "back": "//evil.example/"}
    answer = client.post("/desk/theme", data=stated)
    assert answer.headers["location"] == "/"
    assert 'data-theme="dark"' in client.get("/orders").text


def test_the_zone_of_the_reader_is_used_and_utc_in_the_title(
    visitor: As, services: Services, application: FakeApplication
) -> None:
    view = an_order(application)
    client = visitor("abuse")
    services.accounts.set_zone(actor_of(Role.ABUSE), "Asia/Tokyo")
    text = client.get(f"/orders/{view.id}").text
    assert "2026-11-22 05:00" in text
    assert "2026-11-21 20:00:00 UTC" in text


def test_what_cannot_even_be_laid_out_is_a_bare_page(
    visitor: As, application: FakeApplication
) -> None:
    application.fails = InvalidInput("cannot be read")
    answer = visitor("abuse").get("/orders")
    assert answer.status_code == 422
    assert "cannot be read" in answer.text


@pytest.mark.parametrize(
    "said",
    [
        ["a", ["x"], []],
        ["a", "good", 7],
        ["a", "good", [["b"]]],
        ["\ud800", "good", []],
        ["a", "good", ["\udfff"]],
        ["a", "rude", []],
    ],
)
def test_an_odd_cookie_says_nothing_and_breaks_nothing(said: object, visitor: As) -> None:
    client = visitor("viewer")
    client.cookies.set(FLASH_COOKIE, urlsafe_b64encode(json.dumps(said).encode()).decode())
    assert client.get("/devices").status_code == 200


def test_a_cookie_that_is_nested_without_end_breaks_nothing(visitor: As) -> None:
    client = visitor("viewer")
    client.cookies.set(FLASH_COOKIE, urlsafe_b64encode(b"[" * 30_000).decode())
    assert client.get("/devices").status_code == 200


def test_what_is_told_once_goes_by_https_alone_where_there_is_https() -> None:
    told = gone_to("/orders", Said("done"), secure=True).headers["set-cookie"]
    assert "Secure" in told and "HttpOnly" in told
    assert "Secure" not in gone_to("/orders", Said("done")).headers["set-cookie"]
