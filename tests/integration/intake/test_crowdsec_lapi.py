# SPDX-License-Identifier: GPL-2.0-or-later
"""CrowdSec's own local API: what it decides is enforced, and losing it all frees nobody."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from enforcer.storage.database import Database
from tests.integration.api.served import Installed, Service, eventually, running
from tests.integration.intake.crowdsec_daemon import LocalApi, key_of
from tests.integration.nft_router import namespaces

pytestmark = pytest.mark.root

MANY = [f"203.0.113.{number}" for number in range(10, 17)]
ADAPTER = """
[service.intake.adapters.crowdsec]
url = "{url}"
key = "file:crowdsec.key"
every = "1s"
origins = ["crowdsec", "cscli", "cscli-import"]
limits = {{longest = "7d", own_space = false, per_minute = 1000}}

[[service.intake.rules]]
name = "crowdsec"
do = "order"
format = ["crowdsec"]
kind = "block_address"
direction = "from"
duration = "asked"
ladder = ["7d"]
lift = true
"""


class Inside(Installed):
    """An installation whose programs run in its device's namespace."""

    def words(self, *words: str) -> list[str]:
        return ["ip", "netns", "exec", self.namespace, *super().words(*words)]


@dataclass
class Site:
    """Both programs on one host; `service` polls `lapi`."""

    lapi: LocalApi
    service: Service

    def blocked(self) -> set[str]:
        """Of the addresses of this test, those in the kernel."""
        name = self.lapi.namespace
        words = ["ip", "netns", "exec", name, "nft", "list", "table", "inet", "enforcer"]
        shown = subprocess.run(words, capture_output=True, text=True, check=False).stdout
        return {one for one in (*MANY, "203.0.113.99", "2001:db8:9::/64") if f"{one} " in shown}

    def eventually_blocked(self, expected: set[str]) -> None:
        eventually(lambda: self.blocked() == expected, f"blocked: {sorted(expected)}")

    def alarms(self) -> list[str]:
        """The kinds of those that are open."""
        url = self.service.installed.settings.database
        with closing(Database(url)) as database, database.read() as reader:
            return [alarm.kind for alarm in reader.alarms.open()]

    def command(self, *words: str) -> str:
        """What our command line prints on that host."""
        installed = self.service.installed
        done = subprocess.run(installed.words(*words), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def site(root: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with namespaces() as name:
        lapi = LocalApi(tmp_path_factory.mktemp("crowdsec"), name)
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        lapi.install()
        installed = Inside(tmp_path_factory.mktemp("polls"), name)
        installed.create()
        (installed.folder / "crowdsec.key").write_text(key_of("enforcer"))
        with installed.config.open("a") as config:
            config.write(ADAPTER.format(url=lapi.url))
        with lapi.running(), running(installed) as service:
            eventually(service.leads, "the controller leads")
            yield Site(lapi, service)


def test_what_it_decides_is_enforced_until_it_takes_it_back(site: Site) -> None:
    site.lapi.cscli("decisions", "add", "--ip", "203.0.113.99", "--duration", "2h")
    site.lapi.cscli("decisions", "add", "--range", "2001:db8:9::/64", "--duration", "2h")
    eventually(lambda: "203.0.113.99" in site.blocked(), "the element of the decision")
    eventually(lambda: "2001:db8:9::/64" in site.blocked(), "the element of the range")
    found = json.loads(site.command("order", "list", "--text", "203.0.113.99", "--output", "json"))
    assert [(one["source"], one["status"]) for one in found] == [("crowdsec", "enforced")]
    site.lapi.cscli("decisions", "delete", "--ip", "203.0.113.99")
    site.lapi.cscli("decisions", "delete", "--range", "2001:db8:9::/64")
    site.eventually_blocked(set())


def test_losing_all_of_it_frees_nobody_until_that_is_confirmed(site: Site, tmp_path: Path) -> None:
    rows = "".join(f"2h,manual 'ban' from 'own',ip,{one}\n" for one in MANY)
    (tmp_path / "many.csv").write_text(f"duration,reason,scope,value\n{rows}")
    site.lapi.cscli("decisions", "import", "-i", str(tmp_path / "many.csv"))
    site.eventually_blocked(set(MANY))
    site.lapi.delete_all()
    eventually(lambda: site.alarms() == ["decisions-shrink"], "the alarm")
    assert site.blocked() == set(MANY)
    site.lapi.cscli("decisions", "add", "--ip", "203.0.113.99", "--duration", "2h")
    site.eventually_blocked({*MANY, "203.0.113.99"})
    site.command("intake", "poll", "--confirm-shrink")
    site.eventually_blocked({"203.0.113.99"})
    assert site.alarms() == []
