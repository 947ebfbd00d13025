# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel's nf_tables reached by the real OpenSSH server and nft, as a subject of the contract."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers._ssh.gate import Gate
from drivers._ssh.login import Client, open_client
from drivers._ssh.options import SshOptions
from drivers.nftables.remote.connection import SharedConnection
from drivers.nftables.remote.driver import KEYS, RemoteNftablesDriver
from enforcer.core.rules import Owner
from enforcer.core.topology import Device, Mode
from enforcer.driver_api import Driver
from tests.contract.nft_subject import OURS, STRANGER, NftSubject
from tests.contract.subject import NAME, Mutations, Subject
from tests.sshd import Sshd, user

_numbers = itertools.count()
_INSIDE = 'nsenter --net=/run/netns/{} nft "$@"'
"""Without the mounts that ip-netns makes: every look is a program started anew."""


class Files:
    """Nothing but files is asked for: the key."""

    def resolve(self, reference: str) -> str:
        """See `CredentialSource`."""
        return Path(reference.removeprefix("file:")).read_text()


class RemoteNftSubject(NftSubject):
    """The same kernel; every session of a driver is an SSH connection."""

    many = 600

    def __init__(self, namespace: str, sshd: Sshd) -> None:
        super().__init__(namespace)
        self.sshd = sshd
        self._gate = Gate(per_device=16)
        self.script = sshd.folder / "nft"
        self.spoil("exec {}")

    def spoil(self, script: str) -> None:
        """What runs from now on as nft: a line of shell, ``{}`` nft itself."""
        inside = _INSIDE.format(self.namespace)
        self.script.write_text(f"#!/bin/sh\n{script.replace('{}', inside)}\n")
        self.script.chmod(0o755)

    def driver(self, owner: Owner) -> Driver:
        """See `Subject`."""
        transport = {
            "host": "127.0.0.1",
            "port": str(self.sshd.port),
            "username": user(),
            "host_key": self.sshd.host_key,
            "key_file": str(self.sshd.client_key),
            "nft": str(self.script),
        }
        device = Device(NAME, "nftables", mode=Mode.ENFORCE, transport=transport)
        options = SshOptions.of(device, KEYS)

        def connect() -> Client:
            return open_client(options, Files(), gate=self._gate)

        return RemoteNftablesDriver(device, owner, SharedConnection(connect), most=500)

    def garble(self) -> None:
        """Every answer loses its end."""
        self.spoil("{} | head -c -40")

    def names(self, line: str, address: str) -> bool:
        """See `Subject`."""
        return f'"val": "{address}"' in line

    # -- what a stranger does ------------------------------------------------------------

    def _chain(self) -> str:
        """One with exceptions."""
        found = [e["rule"]["chain"] for e in self.listing() if "rule" in e]
        return next(str(name) for name in found if name[0] == "c" and found.count(name) > 2)

    def _exception_set(self) -> str:
        return next(str(s["name"]) for s in self._sets("x") if s["type"] == "ipv4_addr")

    def _element(self, kind: str) -> tuple[str, str, dict[str, Any]]:
        chosen = self._sets(kind)[0]
        elem = chosen["elem"][0]["elem"]
        value = elem["val"]
        if isinstance(value, str):
            text = f'"{value}"' if value.startswith("eth") else value
        elif "prefix" in value:
            text = f"{value['prefix']['addr']}/{value['prefix']['len']}"
        else:
            text = "-".join(value["range"])
        return str(chosen["name"]), text, elem

    def _line(self, chain: str, at: int) -> int:
        listed = json.loads(self._run("nft", "-j", "-a", "list", "chain", *OURS.split(), chain))
        return [int(e["rule"]["handle"]) for e in listed["nftables"] if "rule" in e][at]

    def _swap(self) -> None:
        chain = self._chain()
        first = self._line(chain, 0)
        self.nft(f"add rule {OURS} {chain} drop; delete rule {OURS} {chain} handle {first}")

    def _base(self, said: str) -> None:
        self.nft(
            f"delete chain {OURS} forward\n"
            f"add chain {OURS} forward {{ type filter hook {said}; policy accept; }}\n"
        )

    def mutations(self) -> Mutations:
        """See `Subject`."""
        nft = self.nft
        spare = "198.18.0.1"
        forward = f"{OURS} forward"
        return {
            "table deleted": lambda: nft(f"delete table {OURS}"),
            "ruleset of ours flushed": lambda: nft(f"flush table {OURS}"),
            "set flushed": lambda: nft(f"flush set {OURS} {self._sets('h')[0]['name']}"),
            "host missing": lambda: self._replace("h", None),
            "range missing": lambda: self._replace("r", None),
            "interface missing": lambda: self._replace("i", None),
            "host extra": lambda: nft(f"add element {OURS} {self._v4('h')} {{ {spare} }}"),
            "range extra": lambda: nft(f"add element {OURS} {self._v4('r')} {{ 198.18.8.0/24 }}"),
            "host with another order": lambda: self._replace("h", 'comment "0009-G"'),
            "range altered to no order": lambda: self._replace("r", 'comment "hello"'),
            "rule missing": lambda: nft(f"delete rule {forward} handle {self._line('forward', 0)}"),
            "rule altered": lambda: nft(
                f"replace rule {forward} handle {self._line('forward', 0)} counter accept"
            ),
            "rule extra, first": lambda: nft(f"insert rule {forward} accept"),
            "rule extra, last": lambda: nft(f"add rule {forward} counter accept"),
            "rules reordered": self._swap,
            "chain flushed": lambda: nft(f"flush chain {forward}"),
            "exceptions flushed": lambda: nft(f"flush chain {OURS} {self._chain()}"),
            "exception missing": lambda: nft(f"flush set {OURS} {self._exception_set()}"),
            "exception extra": lambda: nft(
                f"add element {OURS} {self._exception_set()} {{ {spare} }}"
            ),
            "chain extra": lambda: nft(f"add chain {OURS} mine {{ ip saddr {spare} accept; }}"),
            "set extra": lambda: nft(f"add set {OURS} mine {{ type inet_service; }}"),
            "counter extra": lambda: nft(f"add counter {OURS} mine"),
            "map extra": lambda: nft(f"add map {OURS} mymap {{ type ipv4_addr : verdict; }}"),
            "hook removed": lambda: nft(f"flush chain {forward}; delete chain {forward}"),
            "priority changed": lambda: self._base("forward priority 100"),
            "policy altered": lambda: nft(f"add chain {forward} {{ policy drop; }}"),
            "put to sleep": lambda: nft(f"add table {OURS} {{ flags dormant; }}"),
            "mark removed": lambda: nft(f"flush set {OURS} owner_mark"),
            "everything flushed": lambda: nft(f"flush ruleset\n{STRANGER}"),
        }


@contextmanager
def remote_nftables() -> Iterator[Subject]:
    """A fresh namespace, and a server to reach it by."""
    name = f"remote-{os.getpid()}-{next(_numbers)}"
    folder = Path(tempfile.mkdtemp(prefix="sshd-"))
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        # A shell that is not the outermost reads no .bashrc: its time is not what is tested.
        with Sshd(folder, "SetEnv SHLVL=2") as sshd:
            yield RemoteNftSubject(name, sshd)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)
        shutil.rmtree(folder)
