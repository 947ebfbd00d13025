# SPDX-License-Identifier: GPL-2.0-or-later
"""Turns are shared out between callers; a header that nobody vouched for makes no caller."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from enforcer.api.regulars import Regulars
from enforcer.application.actor import Actor


def asked(header: str, host: str = "192.0.2.7", caller: Actor | None = None) -> Request:
    """A request; with `caller` one that the guard let in."""
    scope = {
        "type": "http",
        "headers": [(b"authorization", header.encode())] if header else [],
        "client": (host, 1),
    }
    request = Request(scope)
    if caller is not None:
        request.state.caller = caller
    return request


def test_a_stranger_is_its_address_whatever_it_says() -> None:
    regulars = Regulars()
    whos = set()
    for header in ("", "Bearer a", "Bearer b"):
        whos.add(regulars.who(asked(header)))
        regulars.remember(asked(header))
    assert len(whos) == 1
    assert regulars.who(asked("Bearer a", "192.0.2.8")) not in whos


def test_who_was_let_in_has_turns_of_its_own_until_it_is_refused() -> None:
    regulars, ann = Regulars(), Actor("ann", "web")
    regulars.remember(asked("Bearer a", caller=ann))
    mine = regulars.who(asked("Bearer a"))
    assert mine != regulars.who(asked("Bearer b"))
    assert mine == regulars.who(asked("Bearer a", "192.0.2.8"))
    regulars.remember(asked("Bearer b", caller=ann))
    assert regulars.who(asked("Bearer b")) == mine, "two tokens of one person are one"
    regulars.remember(asked("Bearer a"))
    assert regulars.who(asked("Bearer a")) == regulars.who(asked(""))


def test_only_so_many_are_known() -> None:
    regulars = Regulars(most=2)
    for name in "abc":
        regulars.remember(asked(f"Bearer {name}", caller=Actor(name, "web")))
    assert "address" in regulars.who(asked("Bearer a"))
    assert "address" not in regulars.who(asked("Bearer c"))


def test_a_request_that_was_let_in_makes_itself_known(client: TestClient, app: FastAPI) -> None:
    app.state.regulars = regulars = Regulars()
    wrong = {"Authorization": "Bearer wrong"}
    assert client.get("/api/v1/devices", headers=wrong).status_code == 401
    assert "address" in regulars.who(asked("Bearer wrong"))
    assert client.get("/api/v1/devices").status_code == 200
    assert "address" not in regulars.who(asked(client.headers["authorization"]))
