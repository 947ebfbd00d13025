# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer user`` and ``enforcer token``: the way in where nobody can log in, and by a server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner, Result

from enforcer.api.app import create_app
from enforcer.application.account_views import CreateToken
from enforcer.cli.main import build
from enforcer.cli.wiring import Wiring
from enforcer.client.connection import Connection, Server
from enforcer.errors import Unauthenticated
from tests.fakes.application import FakeApplication
from tests.fakes.no_network import NoNetwork
from tests.fakes.services import fake_services
from tests.unit.accounts.house import HERE, PASSWORD, SETTINGS, SHELL, THERE, House

SERVER = "http://127.0.0.1:8080"


@cache
def served() -> NoNetwork:
    """One server for all tests: making it takes longer than most of them."""
    return NoNetwork(create_app(fake_services()))


class Keyboard:
    """The command line on the accounts of a house: at its shell, or by its server's API."""

    def __init__(self, house: House, config: Path, token: str = "") -> None:
        self.at_a_terminal = False
        self._house = house
        self._token = token
        self._app = build(
            groups=("user", "token"),
            wiring=Wiring(
                accounts=lambda settings: house.accounts,
                connect=self._connect,
                at_a_terminal=lambda: self.at_a_terminal,
                clock=house.clock,
            ),
        )
        self._config = config

    def _connect(self, server: Server) -> Connection:
        application = FakeApplication()
        http = served()
        http.app.state.services = replace(
            fake_services(application), accounts=self._house.accounts, settings=SETTINGS
        )
        return Connection(server, http)

    def run(self, *arguments: str, answer: str | None = None) -> Result:
        surroundings = {"ENFORCER_CONFIG": str(self._config), "ENFORCER_SERVER": None}
        if self._token:
            surroundings |= {"ENFORCER_SERVER": SERVER, "ENFORCER_TOKEN": self._token}
        return CliRunner(env=surroundings).invoke(
            self._app, list(arguments), input=answer, catch_exceptions=False
        )

    def json(self, *arguments: str, answer: str | None = None) -> Any:
        done = self.run(*arguments, "--output", "json", answer=answer)
        assert done.exit_code == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def at_the_shell(house: House, tmp_path: Path) -> Keyboard:
    """Of the installation itself."""
    config = tmp_path / "enforcer.toml"
    config.write_text('actor = "operator"\n')
    return Keyboard(house, config)


@pytest.fixture(params=["here", "server"])
def keyboard(house: House, tmp_path: Path, request: pytest.FixtureRequest) -> Keyboard:
    """Both ways: at the shell, and with a program's token that keeps accounts."""
    if request.param == "here":
        config = tmp_path / "enforcer.toml"
        config.write_text('actor = "operator"\n')
        return Keyboard(house, config)
    keeper = CreateToken(source="keeper", roles=("admin",), owner="")
    return Keyboard(house, tmp_path / "there-is-none.toml", house.token(SHELL, keeper))


def add(keyboard: Keyboard, name: str, *more: str) -> Any:
    options = ("--role", "admin", "--password-stdin", *more)
    return keyboard.json("user", "add", name, *options, answer=f"{PASSWORD}\n")


def test_the_first_admin_is_made_at_the_shell_and_logs_in(
    house: House, at_the_shell: Keyboard
) -> None:
    keyboard = at_the_shell
    assert add(keyboard, "anna", "--display", "Anna B.")["roles"] == ["admin"]
    assert house.enter("anna").session.user == "anna"
    assert house.recorded("user.created") == [("user.created", "anna", "operator")]
    shown = keyboard.run("user", "list").stdout
    assert "anna" in shown and "Anna B." in shown and "admin" in shown


def test_with_a_token_that_does_not_hold_the_way_in_is_told(house: House, tmp_path: Path) -> None:
    refused = Keyboard(house, tmp_path / "no.toml", "enf_nobodys")
    done = refused.run("user", "add", "anna", "--role", "admin", "--no-password")
    assert done.exit_code == 1 and "without --server" in done.stderr
    viewer = CreateToken(source="viewer", roles=("viewer",), owner="")
    weak = Keyboard(house, tmp_path / "no.toml", house.token(SHELL, viewer))
    assert weak.run("user", "list").exit_code == 4


def test_a_person_is_asked_for_the_password_twice(house: House, keyboard: Keyboard) -> None:
    keyboard.at_a_terminal = True
    done = keyboard.run(
        "user", "add", "anna", "--role", "admin", answer=f"{PASSWORD}\n{PASSWORD}\n"
    )
    assert done.exit_code == 0 and PASSWORD not in done.output
    assert house.enter("anna").session.user == "anna"


def test_a_password_comes_from_a_person_or_is_said_to_come_by_standard_input(
    house: House, keyboard: Keyboard
) -> None:
    for arguments, answer, said in (
        ((), PASSWORD, "--password-stdin"),
        (("--password-stdin",), "", "empty"),
        (("--password-stdin",), "tiny\n", "too short"),
        (("--password-stdin", "--no-password"), "", "one of them"),
    ):
        done = keyboard.run("user", "add", "anna", "--role", "admin", *arguments, answer=answer)
        assert done.exit_code == 2 and said in done.stderr, done.stderr
    assert keyboard.json("user", "list") == []
    assert keyboard.run("user", "add", "anna", "--password-stdin", answer=PASSWORD).exit_code == 2


def test_no_command_takes_a_password_as_an_argument(keyboard: Keyboard) -> None:
    for command in ("add", "password"):
        assert keyboard.run("user", command, "anna", "--password", PASSWORD).exit_code == 2
        assert keyboard.run("user", command, "anna", PASSWORD).exit_code == 2


def test_an_account_is_changed_disabled_and_enabled(house: House, keyboard: Keyboard) -> None:
    add(keyboard, "boss")
    add(keyboard, "anna")
    cookie = house.enter("anna").cookie
    changed = keyboard.json("user", "change", "anna", "--role", "abuse", "--zone", "Europe/Athens")
    assert (changed["roles"], changed["zone"]) == (["abuse"], "Europe/Athens")
    assert keyboard.json("user", "change", "anna", "--display", "A")["roles"] == ["abuse"]
    assert keyboard.json("user", "disable", "anna")["disabled"] is not None
    with pytest.raises(Unauthenticated):
        house.accounts.by_session(cookie)
    assert keyboard.json("user", "enable", "anna")["disabled"] is None
    assert keyboard.run("user", "disable", "boss").exit_code == 2
    assert keyboard.run("user", "change", "nobody").exit_code == 3


def test_somebody_who_says_no_disables_nobody(house: House, keyboard: Keyboard) -> None:
    add(keyboard, "boss")
    add(keyboard, "anna")
    keyboard.at_a_terminal = True
    assert keyboard.run("user", "disable", "anna", answer="n\n").exit_code == 1
    assert house.enter("anna").session.user == "anna"
    assert keyboard.run("user", "disable", "anna", "--yes").exit_code == 0


def test_a_password_is_set_and_logins_are_ended(house: House, keyboard: Keyboard) -> None:
    add(keyboard, "anna")
    first = house.enter("anna", address=THERE)
    assert keyboard.json("user", "sessions", "anna")[0]["address"] == THERE
    assert THERE in keyboard.run("user", "sessions", "anna").stdout
    new = "a sound pass phrase"
    assert keyboard.run("user", "password", "anna", "--password-stdin", answer=new).exit_code == 0
    with pytest.raises(Unauthenticated):
        house.accounts.by_session(first.cookie)
    second = house.enter("anna", new)
    assert keyboard.run("user", "sessions", "anna", "--end").exit_code == 0
    with pytest.raises(Unauthenticated):
        house.accounts.by_session(second.cookie)
    assert keyboard.json("user", "sessions", "anna") == []


def test_a_detectors_token_is_made_listed_and_revoked(house: House, keyboard: Keyboard) -> None:
    options = (
        "--role",
        "detector",
        "--from",
        "192.0.2.0/24",
        "--for",
        "30d",
        "--kind",
        "block-flow",
    )
    more = ("--longest", "2h", "--widest4", "28", "--any-space", "--per-minute", "30")
    made = keyboard.json("token", "add", "fastnetmon", *options, *more)
    token = made["token"]
    assert (token["kinds"], token["longest"], token["widest4"]) == (["block_flow"], 7200, 28)
    assert (token["own_space"], token["per_minute"], token["owner"]) == (False, 30, "")
    assert house.accounts.by_token(made["secret"], HERE).source == "fastnetmon"
    shown = keyboard.run("token", "list").stdout
    assert token["name"] in shown and made["secret"] not in shown
    assert keyboard.json("token", "revoke", token["name"])["revoked"] is not None
    with pytest.raises(Unauthenticated):
        house.accounts.by_token(made["secret"], HERE)
    assert "revoked" in keyboard.run("token", "list").stdout
    assert keyboard.run("token", "revoke", "enf_aaaaaaaa").exit_code == 3


def test_the_table_shows_a_new_token_whole(keyboard: Keyboard) -> None:
    done = keyboard.run(
        "token", "add", "grafana", "--role", "viewer", "--read-only", "--open-ended"
    )
    assert done.exit_code == 0 and "shown once" in done.stdout
    assert any(
        line.startswith("enf_") and len(line.strip()) == 56 for line in done.stdout.splitlines()
    )
    assert keyboard.run("token", "add", "grafana").exit_code == 2


def test_a_persons_token_belongs_to_its_account(house: House, keyboard: Keyboard) -> None:
    add(keyboard, "anna")
    options = ("--owner", "anna", "--role", "engineer")
    made = keyboard.json("token", "add", "api", *options)
    assert house.accounts.by_token(made["secret"], HERE).name == "anna"


@pytest.fixture
def logs_to_nobody() -> Iterator[None]:
    """What the command line sets for its own standard error holds for no other test."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("logs_to_nobody")
def test_the_real_thing_works_on_a_database_and_nothing_else(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert house.database.path is not None
    config = tmp_path / "enforcer.toml"
    config.write_text(f'database = "sqlite:///{house.database.path}"\nactor = "operator"\n')
    monkeypatch.setenv("ENFORCER_CONFIG", str(config))
    monkeypatch.delenv("ENFORCER_SERVER", raising=False)
    options = ["user", "add", "anna", "--role", "admin", "--password-stdin"]
    done = CliRunner().invoke(build(groups=("user",)), options, input=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.stderr
    assert house.enter("anna").session.user == "anna"
