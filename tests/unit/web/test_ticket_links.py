# SPDX-License-Identifier: GPL-2.0-or-later
"""Tickets lead to where the settings say, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from enforcer.application.commands import AmendOrder
from enforcer.service_settings import ServiceSettings, WebSettings
from tests.unit.web.desk_orders import ANN, an_order
from tests.unit.web.sitting import Sitting


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with capture_logs():
        yield


def at_a_desk(ticket_url: str) -> Sitting:
    sitting = Sitting("viewer")
    settings = ServiceSettings(web=WebSettings(ticket_url=ticket_url))
    sitting.services = replace(sitting.services, settings=settings)
    return sitting


def test_a_ticket_is_a_link_wherever_it_is_shown() -> None:
    sitting = at_a_desk("https://tickets.example.net/{ticket}?from=desk")
    order = an_order(sitting.application)
    link = '<a href="https://tickets.example.net/T-1?from=desk" rel="noreferrer">T-1</a>'
    for path in (f"/orders/{order.id}", "/orders", "/search?q=192.0.2.7", "/search?q=phishing"):
        assert link in sitting.page(path), path


def test_the_name_of_a_ticket_cannot_leave_its_place() -> None:
    sitting = at_a_desk("https://tickets.example.net/show?id={ticket}")
    order = an_order(sitting.application)
    nasty = "a/../b?c&d=\"e'<f>#g h"
    sitting.application.amend(ANN, AmendOrder(order=order.id, ticket=nasty))
    text = sitting.page(f"/orders/{order.id}")
    encoded = "a%2F..%2Fb%3Fc%26d%3D%22e%27%3Cf%3E%23g%20h"
    assert f'<a href="https://tickets.example.net/show?id={encoded}" rel="noreferrer">' in text
    assert nasty not in text


def test_without_the_setting_a_ticket_is_text() -> None:
    sitting = at_a_desk("")
    order = an_order(sitting.application)
    assert "<dt>Ticket</dt><dd>T-1</dd>" in sitting.page(f"/orders/{order.id}")


@pytest.mark.parametrize(
    "stated",
    [
        "tickets.example.net/{ticket}",
        "javascript:alert({ticket})",
        "https:///{ticket}",
        "https://{ticket}.example.net/",
        "https://tickets.example.net/",
        "https://tickets.example.net/{ticket}/{ticket}",
        "https://tickets.example.net/{id}/{ticket}",
        "https://tickets.example.net/ {ticket}",
        'https://tickets.example.net/">{ticket}',
    ],
)
def test_what_is_no_address_of_tickets_is_refused(stated: str) -> None:
    with pytest.raises(ValidationError, match=r"no address of tickets"):
        WebSettings(ticket_url=stated)
