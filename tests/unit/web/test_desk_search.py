# SPDX-License-Identifier: GPL-2.0-or-later
"""The one search box: what each thing that is typed there leads to."""

from __future__ import annotations

import pytest

from enforcer.application.views import WhyView
from enforcer.errors import AwaitingApproval
from enforcer.web.search import verdict
from tests.fakes.application import FakeApplication
from tests.fakes.views import NOW
from tests.unit.web.conftest import As
from tests.unit.web.desk_orders import an_order


def test_an_address_is_answered(visitor: As, application: FakeApplication) -> None:
    client = visitor("viewer")
    assert "Not blocked" in client.get("/search?q=192.0.2.7").text
    view = an_order(application)
    text = client.get("/search?q=192.0.2.7").text
    for said in ("Blocked", view.id, "phishing", "T-1", "ann", "edge1", "acme"):
        assert said in text, said


def test_an_address_is_answered_for_the_past(visitor: As, application: FakeApplication) -> None:
    visitor("viewer").get("/search?q=192.0.2.7&at=2026-11-20T10:00")
    asked = [arguments for name, _, arguments in application.calls if name == "why"]
    assert asked[0][1].isoformat() == "2026-11-20T10:00:00+00:00"


@pytest.mark.parametrize("typed", ["0001-Y", "0001-y", "OOO1-Y"])
def test_an_id_leads_to_its_order(typed: str, visitor: As, application: FakeApplication) -> None:
    an_order(application)
    answer = visitor("viewer").get("/search", params={"q": typed})
    assert answer.headers["location"] == "/orders/0001-Y"


def test_the_id_of_a_proposal_leads_to_it(visitor: As, application: FakeApplication) -> None:
    application.needs_approval["192.0.2.7"] = ["wide"]
    with pytest.raises(AwaitingApproval):
        an_order(application)
    (view,) = application.proposal_views.values()
    application.proposal_views = {"P.0001-Y": view.model_copy(update={"id": "P.0001-Y"})}
    answer = visitor("viewer").get("/search?q=p.0001-y")
    assert answer.headers["location"] == "/approvals/P.0001-Y"
    assert "Nothing fits" in visitor("viewer").get("/search?q=P.9999-9").text


@pytest.mark.parametrize(
    "typed, found",
    [("phish", "/orders/0001-Y"), ("acme", "/customers/acme"), ("EDGE1", "/devices/edge1")],
)
def test_words_find_orders_customers_and_devices(
    typed: str, found: str, visitor: As, application: FakeApplication
) -> None:
    an_order(application)
    assert f'href="{found}"' in visitor("viewer").get("/search", params={"q": typed}).text


def test_an_address_with_a_slip_is_offered_corrected(visitor: As) -> None:
    text = visitor("viewer").get("/search?q=192[.]0[.]2[.]7").text
    assert 'href="/search?q=192.0.2.7"' in text


@pytest.mark.parametrize(
    "ways, state, word",
    [
        (("all", "all"), "all", "Blocked"),
        (("none", "none"), "none", "Not blocked"),
        (("all", "none"), "some", "Partly blocked"),
        (("some", "some"), "some", "Partly blocked"),
        (("unknown", "none"), "unknown", "Nobody knows"),
    ],
)
def test_the_verdict(ways: tuple[str, str], state: str, word: str) -> None:
    view = WhyView(address="192.0.2.7", at=NOW, blocked_from=ways[0], blocked_to=ways[1], orders=[])
    assert (verdict(view).state, verdict(view).title) == (state, word)


def test_names_are_completed(visitor: As, application: FakeApplication) -> None:
    an_order(application)
    client = visitor("viewer")
    for what, typed, found in (
        ("customer", "AC", "acme"),
        ("device", "dge1", "edge1"),
        ("ticket", "phish", ""),
    ):
        text = client.get("/desk/complete", params={"what": what, "text": typed}).text
        assert ('value="' + found + '"' in text) if found else "<option" not in text
