# SPDX-License-Identifier: GPL-2.0-or-later
"""The real CrowdSec of Debian: its local API alone, without agent, hub or central API."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from enforcer.clock import SystemClock

PATIENCE = 60.0
KEY = "0123456789abcdef0123456789abcdef"
PORT = 8080
CONFIG = """\
common: {{daemonize: false, log_media: stdout, log_level: warning, working_dir: .}}
config_paths:
  config_dir: {folder}/
  data_dir: {folder}/data/
  hub_dir: {folder}/hub/
  index_path: {folder}/hub/.index.json
  simulation_path: {folder}/simulation.yaml
  notification_dir: {folder}/notifications/
  plugin_dir: {folder}/plugins/
cscli: {{output: raw, color: "no"}}
db_config: {{type: sqlite, db_path: {folder}/data/crowdsec.db, use_wal: true}}
api:
  client: {{credentials_path: {folder}/credentials.yaml}}
  server:
    log_level: warning
    listen_uri: 127.0.0.1:{port}
    profiles_path: {folder}/profiles.yaml
prometheus: {{enabled: false}}
"""
PROFILES = """\
name: everything
filters: ["true"]
decisions: [{type: ban, duration: 4h}]
on_success: break
"""
BOUNCER = """\
mode: nftables
update_frequency: {every}
daemonize: false
log_mode: stdout
log_level: info
api_url: {url}/
api_key: {key}
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


@dataclass
class LocalApi:
    """A local API that is installed in a folder and runs in a network namespace."""

    folder: Path
    namespace: str
    url: str = f"http://127.0.0.1:{PORT}"

    @property
    def config(self) -> str:
        """Its configuration file."""
        return str(self.folder / "config.yaml")

    def install(self) -> None:
        """Write its files, make its database, an account for its own programs and one for us."""
        for name in ("data", "hub", "plugins", "notifications"):
            (self.folder / name).mkdir(parents=True)
        for name, text in {
            "config.yaml": CONFIG.format(folder=self.folder, port=PORT),
            "profiles.yaml": PROFILES,
            "simulation.yaml": "simulation: off\n",
            "credentials.yaml": "",
            "hub/.index.json": "{}",
        }.items():
            (self.folder / name).write_text(text)
        account = ("--password", KEY, "--file", str(self.folder / "credentials.yaml"))
        self.cscli("machines", "add", "own", *account, "--url", self.url)
        self.bouncer("enforcer")

    def bouncer(self, name: str) -> None:
        """Let one more bouncer in; its key begins with its name."""
        self.cscli("bouncers", "add", name, "--key", key_of(name))

    def cscli(self, *words: str) -> str:
        """What CrowdSec's command line prints; fails with what it says."""
        command = ["ip", "netns", "exec", self.namespace, "cscli", "-c", self.config, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"cscli {words}: {done.stdout}{done.stderr}"
        return done.stdout

    def delete_all(self) -> None:
        """Forget every decision."""
        self.cscli("decisions", "delete", "--all")

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """It answers while the block runs."""
        words = ["ip", "netns", "exec", self.namespace, "crowdsec", "-c", self.config]
        with (self.folder / "log").open("ab") as log:
            program = subprocess.Popen([*words, "-no-cs", "-no-capi"], stdout=log, stderr=log)
        try:
            self._await(program)
            yield program
        finally:
            ended(program)

    def _await(self, program: subprocess.Popen[bytes]) -> None:
        clock = SystemClock()
        deadline = clock.monotonic() + PATIENCE
        words = ["ip", "netns", "exec", self.namespace, "cscli", "-c", self.config]
        while subprocess.run(
            [*words, "decisions", "list"], capture_output=True, check=False
        ).returncode:
            assert program.poll() is None and clock.monotonic() < deadline, self.log()
            clock.sleep(0.1)

    def log(self) -> str:
        """What it said."""
        return (self.folder / "log").read_text(errors="replace")


def key_of(bouncer: str) -> str:
    """The key of a bouncer."""
    return f"{bouncer}{KEY}"[:32]


def ended(program: subprocess.Popen[bytes]) -> None:
    """End a program that we began."""
    program.terminate()
    try:
        program.wait(20)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()
