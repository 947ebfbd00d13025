# SPDX-License-Identifier: GPL-2.0-or-later
"""CrowdSec with its firewall bouncer, fail2ban, and ourselves, on one host: a common handle."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import httpx

from enforcer.core.access import Role
from lab.errors import NoVerdict
from tests.integration.api.served import Installed, Service, eventually
from tests.integration.intake.crowdsec_daemon import BOUNCER, LocalApi, ended, key_of

CROWDSEC, FAIL2BAN, ENFORCER = "crowdsec + firewall bouncer", "fail2ban", "enforcer"
_AT_ONCE = 500
_FAIL2BAN = """\
[Definition]
loglevel = ERROR
logtarget = {folder}/fail2ban.log
syslogsocket = auto
socket = {folder}/fail2ban.sock
pidfile = {folder}/fail2ban.pid
dbfile = None
dbpurgeage = 1d
"""
_JAIL = """\
[DEFAULT]
backend = polling
[bench]
enabled = true
filter = bench
logpath = {folder}/service.log
bantime = {seconds}
action = nftables[type=allports, name=bench]
"""


class Peer(Protocol):
    """One system that enforces bans. Raises NoVerdict where it does not do what is asked."""

    name: str
    table: tuple[str, str]
    """Family and name of its table."""

    def begin(self) -> None:
        """Start it, and wait until it works."""
        ...

    def ban(self, address: str, seconds: int) -> None:
        """Ask for one ban; returns when it was taken."""
        ...

    def load(self, addresses: Sequence[str]) -> None:
        """Ask for many bans of a day by the way that is meant for many."""
        ...

    def kill(self) -> None:
        """End what enforces as a crash would (SIGKILL)."""
        ...

    def end(self) -> None:
        """End all of it."""
        ...


class Crowdsec:
    """Debian's crowdsec and crowdsec-firewall-bouncer, as they come: the latter asks every 10 s."""

    name = CROWDSEC
    table = ("ip", "crowdsec")

    def __init__(self, folder: Path, netns: str) -> None:
        self._folder, self._netns = folder, netns
        self._lapi = LocalApi(folder / "lapi", netns)
        self._lapi.folder.mkdir(parents=True)
        self._lapi.install()
        self._lapi.bouncer("bouncer")
        text = BOUNCER.format(every="10s", url=self._lapi.url, key=key_of("bouncer"))
        (folder / "bouncer.yaml").write_text(text)
        self._running = self._lapi.running()
        self._running.__enter__()
        self._bouncer: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        words = ["crowdsec-firewall-bouncer", "-c", str(self._folder / "bouncer.yaml")]
        self._bouncer = begun(self._netns, words, self._folder / "bouncer.log")
        eventually(lambda: "crowdsec" in tables(self._netns), "the bouncer's table")

    def ban(self, address: str, seconds: int) -> None:
        self._lapi.cscli("decisions", "add", "--ip", address, "--duration", f"{seconds}s")

    def load(self, addresses: Sequence[str]) -> None:
        rows = "".join(f"24h,ip,{address}\n" for address in addresses)
        file = self._folder / "load.csv"
        file.write_text(f"duration,scope,value\n{rows}")
        self._lapi.cscli("decisions", "import", "-i", str(file))

    def kill(self) -> None:
        assert self._bouncer is not None
        self._bouncer.kill()
        self._bouncer.wait()

    def end(self) -> None:
        if self._bouncer is not None:
            ended(self._bouncer)
        self._running.__exit__(None, None, None)


class Fail2ban:
    """Debian's fail2ban with its nftables action, one jail, bans given by its client."""

    name = FAIL2BAN
    table = ("inet", "f2b-table")

    def __init__(self, folder: Path, netns: str, seconds: int = 86_400) -> None:
        self._folder, self._netns = folder, netns
        self._config = folder / "config"
        for name in ("filter.d", "action.d"):
            (self._config / name).mkdir(parents=True)
        (self._config / "fail2ban.conf").write_text(_FAIL2BAN.format(folder=folder))
        jail = _JAIL.format(folder=folder, seconds=seconds)
        (self._config / "jail.conf").write_text(jail)
        regex = "[Definition]\nfailregex = ^ login refused for <HOST>$\n"
        (self._config / "filter.d" / "bench.conf").write_text(regex)
        action = Path("/etc/fail2ban/action.d/nftables.conf").read_text()
        (self._config / "action.d" / "nftables.conf").write_text(action)
        (folder / "service.log").write_text("")
        self._server: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        for left in ("fail2ban.sock", "fail2ban.pid"):
            with suppress(FileNotFoundError):
                (self._folder / left).unlink()
        words = ["fail2ban-server", "-c", str(self._config), "-f", "start"]
        self._server = begun(self._netns, words, self._folder / "log")
        eventually(lambda: self._client("status", "bench").returncode == 0, "fail2ban's jail")

    def ban(self, address: str, seconds: int) -> None:
        self._client("set", "bench", "bantime", str(seconds))
        self._client("set", "bench", "banip", address)

    def load(self, addresses: Sequence[str]) -> None:
        for start in range(0, len(addresses), _AT_ONCE):
            self._client("set", "bench", "banip", *addresses[start : start + _AT_ONCE])

    def kill(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait()

    def end(self) -> None:
        if self._server is not None:
            self._server.kill()
            self._server.wait()

    def _client(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        socket = str(self._folder / "fail2ban.sock")
        command = ["fail2ban-client", "-c", str(self._config), "-s", socket, *words]
        return subprocess.run(within(self._netns, command), capture_output=True, check=False)


class Enforcer:
    """`enforcer run` on SQLite, orders by its API over a connection that is open."""

    name = ENFORCER
    table = ("inet", "enforcer")

    def __init__(self, folder: Path, netns: str) -> None:
        self._installed = Installed(folder, netns)
        self._installed.create()
        with self._installed.config.open("a", encoding="utf-8") as config:
            # One person orders the lists.
            config.write("\n[service.four_eyes]\nenabled = false\n")
        self._service = Service(self._installed, folder / "run.log")
        self._client: httpx.Client | None = None
        self._lists = 0

    def begin(self) -> None:
        self._service.start()
        eventually(self._service.leads, "the controller leads")
        self._client = self._service.client(Role.ENGINEER)
        self._client.get("/control").raise_for_status()
        self.wait_for(self.order("45.255.255.1", 3600))

    def ban(self, address: str, seconds: int) -> None:
        self.order(address, seconds)

    def order(self, address: str, seconds: int) -> str:
        """The id of an order for one address."""
        demand = {"kind": "block_address", "prefix": address, "direction": "from"}
        return self._placed({"demand": demand, "reason": "bench", "duration": f"{seconds}s"})

    def load(self, addresses: Sequence[str]) -> None:
        self._lists += 1
        name = f"load{self._lists}"
        body = {"text": "\n".join(addresses) + "\n", "source": "bench"}
        self._asked(f"/lists/{name}", body)
        demand = {"kind": "block_list", "list_name": name, "direction": "from"}
        self._placed({"demand": demand, "reason": "bench", "duration": "1d"})

    def kill(self) -> None:
        self._service.end(signal.SIGKILL)

    def end(self) -> None:
        if self._client is not None:
            self._client.close()
        self._service.end()

    def wait_for(self, order: str) -> None:
        """Until it is enforced."""
        assert self._client is not None
        shown = self._client.get(f"/orders/{order}/wait", params={"timeout": 20}).json()
        if shown["status"] != "enforced":
            raise NoVerdict(f"order {order} is {shown['status']}")

    def _placed(self, body: dict[str, object]) -> str:
        return str(self._asked("/orders", body)["id"])

    def _asked(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        assert self._client is not None
        answer = self._client.post(path, json=body)
        if answer.status_code >= 300:
            raise NoVerdict(f"{path}: {answer.status_code} {answer.text[:300]}")
        found: dict[str, object] = answer.json()
        return found


def within(netns: str, words: Sequence[str]) -> list[str]:
    """A command line that runs there."""
    return ["ip", "netns", "exec", netns, *words]


def begun(netns: str, words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """A program that runs there, its words in `log`."""
    with log.open("ab") as file:
        return subprocess.Popen(
            within(netns, words), stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )


def tables(netns: str) -> dict[str, set[str]]:
    """By name of the table, the addresses in its sets."""
    done = subprocess.run(
        within(netns, ["nft", "-j", "list", "ruleset"]), capture_output=True, check=False
    )
    found: dict[str, set[str]] = {}
    for part in json.loads(done.stdout or b'{"nftables": []}')["nftables"]:
        if "table" in part:
            found.setdefault(part["table"]["name"], set())
        if "set" in part:
            for element in part["set"].get("elem", []):
                value = element["elem"]["val"] if isinstance(element, dict) else element
                found.setdefault(part["set"]["table"], set()).add(str(value))
    return found


def rules(netns: str, peer: Peer) -> int:
    """How many rules its table has."""
    words = ["nft", "-j", "list", "table", *peer.table]
    done = subprocess.run(within(netns, words), capture_output=True, check=False)
    parts = json.loads(done.stdout or b'{"nftables": []}')["nftables"]
    return sum("rule" in part for part in parts)


def flush(netns: str, peer: Peer) -> None:
    """Empty all its sets, as somebody else's program would."""
    words = ["nft", "-j", "list", "table", *peer.table]
    done = subprocess.run(within(netns, words), capture_output=True, check=True)
    sets = [part["set"]["name"] for part in json.loads(done.stdout)["nftables"] if "set" in part]
    script = "".join(f"flush set {' '.join(peer.table)} {name}\n" for name in sets)
    command = within(netns, ["nft", "-f", "-"])
    subprocess.run(command, input=script.encode(), capture_output=True, check=True)


def delete_table(netns: str, peer: Peer) -> None:
    """Delete its table, as somebody else's program would."""
    words = within(netns, ["nft", "delete", "table", *peer.table])
    subprocess.run(words, capture_output=True, check=True)


def pause(until: float) -> None:
    """Sleep until a monotonic instant."""
    time.sleep(max(0.0, until - time.monotonic()))
