# SPDX-License-Identifier: GPL-2.0-or-later
"""The real programs against our server: CrowdSec's firewall bouncer, fail2ban, Wazuh's script."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from enforcer.api.app import create_app
from enforcer.application.commands import ChangeEnd, LiftOrder
from enforcer.core.orders import BlockAddress
from enforcer.intake import http, lapi, wazuh_response
from enforcer.intake.inbox import Inbox
from enforcer.service_settings import ServiceSettings
from enforcer.storage.database import Database
from tests.fakes.services import FakeAccounts, FakeNotices
from tests.integration.intake.detector_host import PATIENCE, Host, Restarting, host_with, until
from tests.unit.intake.desk_of_reports import BLOCK, ReportOffice
from tests.unit.usecases.office import ANN, HOUR

pytestmark = pytest.mark.root

FILES = Path(wazuh_response.__file__).parent / "files"
RULES = (
    {**BLOCK, "name": "jails", "format": ["fail2ban"], "type": "*", "lift": True,
     "duration": "asked", "ladder": ["1d"],
     "reason": "{source}: jail {fields.jail} banned it"},
    {**BLOCK, "name": "agents", "format": ["wazuh"], "type": "*", "lift": True},
)  # fmt: skip
BOUNCER = """\
mode: nftables
update_frequency: 1s
daemonize: false
log_mode: stdout
log_level: info
api_url: {url}/
api_key: token-viewer
disable_ipv6: false
deny_action: DROP
supported_decisions_types: [ban]
blacklists_ipv4: crowdsec-blacklists
blacklists_ipv6: crowdsec6-blacklists
nftables:
  ipv4: {{enabled: true, set-only: false, table: crowdsec, chain: crowdsec-chain}}
  ipv6: {{enabled: true, set-only: false, table: crowdsec6, chain: crowdsec6-chain}}
prometheus: {{enabled: false}}
"""
FAIL2BAN = """\
[Definition]
loglevel = INFO
logtarget = {folder}/fail2ban.log
syslogsocket = auto
socket = {folder}/fail2ban.sock
pidfile = {folder}/fail2ban.pid
dbfile = None
dbpurgeage = 1d
"""
JAIL = """\
[DEFAULT]
backend = polling
[trial]
enabled = true
filter = trial
logpath = {folder}/service.log
maxretry = 2
findtime = 600
bantime = 1200
action = enforcer[url="{url}", header="{folder}/enforcer.header", name=trial, port=22, \
evidence=tcp-established]
"""


@dataclass
class Site:
    """The host, and the office behind its server."""

    host: Host
    office: ReportOffice
    app: Restarting


@pytest.fixture(scope="module")
def site(root: None, initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("detectors")
    shutil.copy(initialised, folder / "enforcer.db")
    database = Database(f"sqlite:///{folder / 'enforcer.db'}")
    office = ReportOffice(database, RULES)
    services = office.services(FakeAccounts(), FakeNotices(), ServiceSettings())
    with Inbox(office.intake) as inbox:
        reports = http.routers(inbox, office.settings)
        app = Restarting(lambda: create_app(services, [*reports, lapi.router(office.world)]))
        with host_with(app) as host:
            yield Site(host, office, app)
    database.close()


def elements(site: Site, table: str, name: str) -> dict[str, int]:
    """What a set of the bouncer holds, and for how many seconds."""
    family = "ip6" if table.endswith("6") else "ip"
    words = ("nft", "-j", "list", "table", family, table)
    done = site.host.do(subprocess.run, words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return {}
    found: dict[str, int] = {}
    for part in json.loads(done.stdout)["nftables"]:
        if part.get("set", {}).get("name") == name:
            for one in part["set"].get("elem", []):
                element = one["elem"]
                value = element["val"]
                if isinstance(value, dict) and "prefix" in value:
                    value = f"{value['prefix']['addr']}/{value['prefix']['len']}"
                found[str(value)] = element["timeout"]
    return found


def test_the_bouncer_holds_what_is_ordered(site: Site, tmp_path: Path) -> None:
    config = tmp_path / "bouncer.yaml"
    config.write_text(BOUNCER.format(url=site.host.url))
    first = site.office.place(BlockAddress(ip_network("192.0.2.130/32")))
    place = ("crowdsec", "crowdsec-blacklists")
    with site.host.running(["crowdsec-firewall-bouncer", "-c", str(config)]):
        until(lambda: "192.0.2.130" in elements(site, *place), "it never came at the start")
        site.office.place(BlockAddress(ip_network("2001:db8:1:9::/64")))
        six = ("crowdsec6", "crowdsec6-blacklists")
        until(lambda: len(elements(site, *six)) == 1, "the second order never came")
        longer = ChangeEnd(order=first.id, extend=True, duration=9 * HOUR, reason="again")
        site.office.app.change_end(ANN, longer)
        until(
            lambda: elements(site, *place).get("192.0.2.130", 0) > 8 * 3600,
            "the new end never came",
        )
        site.office.app.lift(ANN, LiftOrder(order=first.id, reason="over"))
        until(lambda: not elements(site, *place), "it never went")
        assert len(elements(site, *six)) == 1
        goes = site.office.place(BlockAddress(ip_network("192.0.2.134/32")))
        stays = site.office.place(BlockAddress(ip_network("192.0.2.135/32")))
        until(lambda: len(elements(site, *place)) == 2, "two more never came")
        with site.app.down():
            site.office.app.lift(ANN, LiftOrder(order=goes.id, reason="over"))
            site.office.place(BlockAddress(ip_network("192.0.2.136/32")))
        after = {"192.0.2.135", "192.0.2.136"}
        until(lambda: set(elements(site, *place)) == after, "our restart lost an end or a start")
        site.office.app.lift(ANN, LiftOrder(order=stays.id, reason="over"))
        until(lambda: set(elements(site, *place)) == {"192.0.2.136"}, "an end after it never came")


def configured(folder: Path, url: str) -> Path:
    """fail2ban's configuration with one jail and our action."""
    config = folder / "config"
    for name in ("filter.d", "action.d"):
        (config / name).mkdir(parents=True)
    (config / "fail2ban.conf").write_text(FAIL2BAN.format(folder=folder))
    (config / "jail.conf").write_text(JAIL.format(folder=folder, url=url))
    (config / "filter.d" / "trial.conf").write_text(
        "[Definition]\nfailregex = ^ login refused for <HOST>$\n"
    )
    shutil.copy(FILES / "enforcer.conf", config / "action.d" / "enforcer.conf")
    (folder / "enforcer.header").write_text("Authorization: Bearer token-detector\n")
    (folder / "service.log").write_text("")
    return config


def test_fail2ban_bans_and_unbans(site: Site, tmp_path: Path) -> None:
    config = configured(tmp_path, site.host.url)
    socket = str(tmp_path / "fail2ban.sock")
    client = ("fail2ban-client", "-c", str(config), "-s", socket)

    def mine() -> list[Any]:
        return [o for o in site.office.placed() if "trial" in o.reason]

    with site.host.running(["fail2ban-server", "-c", str(config), "-f", "start"]):
        until((tmp_path / "fail2ban.sock").exists, "fail2ban never started")
        until(lambda: _answers(site, client), "its jail never started")
        stamp = site.host.run("date", "+%Y-%m-%d %H:%M:%S").strip()
        with (tmp_path / "service.log").open("a") as log:
            log.write(f"{stamp} login refused for 192.0.2.131\n" * 3)
        until(lambda: len(mine()) == 1, "no order came of the ban")
        (order,) = mine()
        assert str(order.demand.prefix) == "192.0.2.131/32"
        assert order.reason == "api: jail trial banned it"
        assert (order.end - order.start).total_seconds() == 1200
        site.host.run(*client, "set", "trial", "unbanip", "192.0.2.131")
        until(lambda: mine()[0].lifted is not None, "the unban never came")
        site.host.run(*client, "set", "trial", "banip", "192.0.2.131")
        until(lambda: len(mine()) == 2, "it was not banned again")
    # What it bans it unbans when it stops.
    assert all(one.lifted is not None for one in mine())
    said = (tmp_path / "fail2ban.log").read_text()
    assert "ERROR" not in said, said


def _answers(site: Site, client: tuple[str, ...]) -> bool:
    words = [*client, "status", "trial"]
    done = site.host.do(subprocess.run, words, capture_output=True, check=False)
    return bool(done.returncode == 0)


RESPONSE: dict[str, Any] = {
    "version": 1, "origin": {"name": "node", "module": "wazuh-execd"}, "command": "add",
    "parameters": {"program": "active-response/bin/enforcer-wazuh-response", "alert": {
        "rule": {"level": 10, "groups": ["sshd"]}, "data": {"srcip": "192.0.2.132"}}},
}  # fmt: skip


def respond(
    site: Site, folder: Path, document: object, answer: str | None, url: str = ""
) -> tuple[int, list[Any], str]:
    """Run the script by itself as Wazuh does: its code, what it asked, what it complained."""
    (folder / "token").write_text("token-detector\n")
    config = folder / "wazuh.json"
    config.write_text(json.dumps({"url": url or site.host.url, "token_file": "token"}))
    lines = [json.dumps(document)]
    if answer is not None:
        lines.append(json.dumps({"version": 1, "command": answer, "parameters": {}}))
    done = site.host.do(
        subprocess.run,
        ["/usr/bin/python3", "-I", wazuh_response.__file__],
        input="\n".join(lines) + "\n",
        text=True,
        capture_output=True,
        env={wazuh_response.VARIABLE: str(config)},
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_the_script_of_wazuh(site: Site, tmp_path: Path) -> None:
    code, asked, _ = respond(site, tmp_path, RESPONSE, "abort")
    assert code == 0 and asked[0]["command"] == "check_keys"
    assert asked[0]["parameters"]["keys"] == ["192.0.2.132"]

    def mine() -> list[Any]:
        return [o for o in site.office.placed() if "192.0.2.132" in str(o.demand)]

    assert mine() == []
    assert respond(site, tmp_path, RESPONSE, "continue")[0] == 0
    (order,) = mine()
    assert order.lifted is None
    code, asked, _ = respond(site, tmp_path, {**RESPONSE, "command": "delete"}, None)
    assert (code, asked) == (0, []) and mine()[0].lifted is not None
    newer = {"wazuh": {"active_response": {"name": "x"}}, "command": "enable",
             "source": {"ip": "192.0.2.133"}}  # fmt: skip
    assert respond(site, tmp_path, newer, None)[:2] == (0, [])
    (report,) = site.office.reports(text="192.0.2.133")
    assert report.state == "open", "nothing says what it rests on"


def test_the_script_says_what_is_wrong(site: Site, tmp_path: Path) -> None:
    code, _, said = respond(site, tmp_path, {**RESPONSE, "command": "dance"}, None)
    assert code == 1 and "422" in said
    code, _, said = respond(site, tmp_path, RESPONSE, "perhaps")
    assert code == 1 and "continue" in said
    code, _, said = respond(site, tmp_path, [], None)
    assert code == 1 and "object" in said
    code, _, said = respond(site, tmp_path, RESPONSE, "continue", "file:///etc/passwd")
    assert code == 1 and "https" in said


def test_the_script_needs_its_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(wazuh_response.VARIABLE, str(tmp_path / "none.json"))
    delete = json.dumps({**RESPONSE, "command": "delete"}).encode()
    assert wazuh_response.respond(io.BytesIO(delete), io.BytesIO()) == 1
