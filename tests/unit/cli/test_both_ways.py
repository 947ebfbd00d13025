# SPDX-License-Identifier: GPL-2.0-or-later
"""Every command there is: through a server it does and says the same, or says why it cannot."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import Result

from enforcer.application.actor import Actor
from enforcer.application.commands import ImportList, PlaceOrder
from enforcer.cli.here import HERE, OF_THE_PROGRAM
from enforcer.core.orders import BlockAddress
from enforcer.core.prefixes import parse_network
from enforcer.errors import AwaitingApproval
from tests.fakes.application import FakeApplication
from tests.fakes.services import PASSWORD, fake_services
from tests.fakes.views import a_device
from tests.unit.cli.shell import Shell
from tests.unit.cli.test_documents import COMMANDS

WHY = "--reason x"
TERMS = f"{WHY} --for 2h"
EVE = Actor("eve", "web")


@dataclass(frozen=True)
class Asked:
    """What follows the command's words, what stands on standard input, and how it ends."""

    words: str = ""
    answer: str | None = None
    code: int = 0


ASKED: Mapping[str, Asked] = {
    "alarm list": Asked("--all"),
    "approval approve": Asked(f"0001-Y {WHY}"),
    "approval list": Asked("--all"),
    "approval reject": Asked(f"0001-Y {WHY}"),
    "approval review": Asked(f"0001-Y {WHY}"),
    "approval show": Asked("0001-Y"),
    "approval withdraw": Asked(f"0001-Y {WHY}", code=4),
    "audit export": Asked(),
    "audit list": Asked("--limit 2"),
    "audit show": Asked("1"),
    "audit sign": Asked(),
    "audit signatures": Asked(),
    "audit verify": Asked(f"--head 1:{'0' * 64}"),
    "customer confirm-gone": Asked(f"gone {WHY}"),
    "customer list": Asked(),
    "customer show": Asked("acme"),
    "device adopt": Asked("edge1 --yes"),
    "device drift": Asked("edge1"),
    "device list": Asked(),
    "device mode": Asked(f"edge1 observe {WHY}"),
    "device move": Asked(f"acme edge1 eth1 {WHY}"),
    "device pause": Asked(f"edge1 {WHY}"),
    "device plan": Asked("edge1"),
    "device reconcile": Asked("--all"),
    "device release": Asked(f"edge1 {WHY}"),
    "device resume": Asked("edge1"),
    "device retire": Asked(f"edge1 {WHY}"),
    "device show": Asked("edge1"),
    "device snippets": Asked("edge1 --for rancid"),
    "doctor": Asked(),
    "export": Asked("--format csv"),
    "freeze": Asked(WHY),
    "intake dismiss": Asked(f"1 {WHY}"),
    "intake list": Asked("--all"),
    "intake order": Asked(f"1 {TERMS}"),
    "intake poll": Asked("--confirm-shrink"),
    "intake show": Asked("1"),
    "intake try": Asked("- --format xarf", "{}"),
    "inventory check": Asked(),
    "inventory diff": Asked(),
    "inventory reload": Asked(WHY),
    "inventory show": Asked(),
    "list diff": Asked("botnets 1 2"),
    "list export": Asked("botnets"),
    "list import": Asked("botnets -", "192.0.2.1\n192.0.2.2\n"),
    "list refresh": Asked("botnets"),
    "list rejects": Asked("botnets"),
    "list show": Asked(),
    "list versions": Asked("botnets"),
    "notice channels": Asked(),
    "notice list": Asked("--all"),
    "notice retry": Asked("1"),
    "notice test": Asked("noc"),
    "order amend": Asked("0001-Y --ticket T-2"),
    "order blackhole": Asked(f"192.0.2.9 {TERMS}"),
    "order block-address": Asked(f"192.0.2.8 {TERMS}"),
    "order block-flow": Asked(f"--from 192.0.2.8 --to 198.51.100.1 {TERMS}"),
    "order block-list": Asked(f"botnets {TERMS}"),
    "order block-port": Asked(f"192.0.2.8 --port 25 {TERMS}"),
    "order bulk": Asked(f"- {TERMS}", "192.0.2.21\n192.0.2.22\n"),
    "order comment": Asked("0001-Y looked"),
    "order cut-feed": Asked(f"acme {TERMS}"),
    "order drop-routes": Asked(f"198.51.100.0/24 --customer acme {TERMS}"),
    "order extend": Asked("0001-Y --for 4h"),
    "order history": Asked("0001-Y"),
    "order lift": Asked(f"0001-Y {WHY}"),
    "order list": Asked(),
    "order reconfirm": Asked(f"0001-Y {WHY}"),
    "order shorten": Asked("0001-Y --for 1h"),
    "order show": Asked("0001-Y"),
    "order shutdown-session": Asked(f"--asn 64500 {TERMS}"),
    "order suspend-customer": Asked(f"acme {TERMS}"),
    "pause": Asked(WHY),
    "protected": Asked(),
    "report": Asked("0001-Y"),
    "resume": Asked(),
    "source list": Asked(),
    "source start": Asked("api"),
    "source stop": Asked(f"api {WHY}"),
    "status": Asked(),
    "token add": Asked("fastnetmon --role detector"),
    "token list": Asked(),
    "token revoke": Asked("enf_1"),
    "user add": Asked("anna --role admin --password-stdin", f"{PASSWORD}\n"),
    "user change": Asked("abuse --role viewer"),
    "user disable": Asked("abuse"),
    "user enable": Asked("abuse"),
    "user list": Asked(),
    "user password": Asked("abuse --password-stdin", f"{PASSWORD}\n"),
    "user sessions": Asked("abuse --end"),
    "why": Asked("192.0.2.7"),
}
BY_THE_PROGRAM = {"completion": "bash", "intake files": "fail2ban", "notice events": ""}


class TwoWays:
    """The same installation at its own shell, and through its server from a bare machine."""

    def __init__(self, folder: Path) -> None:
        config = folder / "enforcer.toml"
        config.write_text('actor = "tester"\n')
        broken = folder / "broken.toml"
        broken.write_text("whoever reads this fails: it is no TOML")
        self.here, self.far = Shell(config), Shell(broken)
        self.far.served_by_http = True

    def run(self, shell: Shell, command: str, asked: Asked) -> Result:
        """One command on an installation that holds the same each time."""
        shell.application = installation()
        shell.services = fake_services(shell.application)
        words = [*command.split(), *asked.words.split()]
        return shell.run(*words, "--output", "json", answer=asked.answer)


def installation() -> FakeApplication:
    """One order, one list in two versions, one proposal, one device."""
    made = FakeApplication()
    made.device_views = [a_device("edge1")]
    first, wide = (BlockAddress(parse_network(one)) for one in ("192.0.2.7", "203.0.112.0/22"))
    made.place(EVE, PlaceOrder(demand=first, reason="x", duration=timedelta(hours=2)))
    for text in ("192.0.2.1\n", "192.0.2.1\n192.0.2.2\n"):
        made.import_list(EVE, ImportList(name="botnets", text=text, source="b.txt"))
    made.needs_approval["203.0.112.0/22"] = ["it is as wide as a /22"]
    with pytest.raises(AwaitingApproval):
        made.place(EVE, PlaceOrder(demand=wide, reason="x", open_ended=True))
    return made


@pytest.fixture(scope="module")
def ways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoWays]:
    folder = tmp_path_factory.mktemp("ways")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield TwoWays(folder)


def test_every_command_has_a_row() -> None:
    rows = [*ASKED, *HERE, *OF_THE_PROGRAM]
    assert sorted(rows) == sorted(COMMANDS)
    assert set(BY_THE_PROGRAM) == set(OF_THE_PROGRAM)


@pytest.mark.parametrize("command", ASKED)
def test_it_does_and_says_the_same_through_a_server(ways: TwoWays, command: str) -> None:
    asked = ASKED[command]
    here = ways.run(ways.here, command, asked)
    assert here.exit_code == asked.code, here.stderr
    far = ways.run(ways.far, command, asked)
    assert (far.exit_code, told(far.stdout)) == (here.exit_code, told(here.stdout)), far.stderr


def told(text: str) -> str:
    """But for the source of what the token's holder did: it is the token's."""
    return re.sub(r'"(cli|api)"|from (cli|api)\b', "source", text)


@pytest.mark.parametrize("command", HERE)
def test_what_works_at_the_installation_alone_says_why(
    ways: TwoWays, command: str, tmp_path: Path
) -> None:
    target = {"database copy": f"--to sqlite:///{tmp_path}/b.db", "audit key": f"{tmp_path}/k"}
    done = ways.run(ways.far, command, Asked(target.get(command, "")))
    assert done.exit_code == 2
    assert HERE[command] in done.stderr and "without --server" in done.stderr
    assert not ways.far.served and not ways.far.initialised and not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", BY_THE_PROGRAM)
def test_what_the_program_knows_needs_neither(ways: TwoWays, command: str) -> None:
    words = [*command.split(), *BY_THE_PROGRAM[command].split()]
    here, far = ways.here.run(*words), ways.far.run(*words)
    assert far.exit_code == here.exit_code == 0, far.stderr
    assert far.stdout == here.stdout != ""
