# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Cisco IOS-XE router: state, time, traffic; the sessions are in `exec_shell`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from lab.emulators.cisco_ios import render
from lab.emulators.cisco_ios.bgp import Bgp
from lab.emulators.cisco_ios.configuration import Configuration, Quirks
from lab.emulators.cisco_ios.editor import Editor, parse
from lab.emulators.cisco_ios.exec_shell import ExecShell
from lab.emulators.cisco_ios.names import interface_name
from lab.emulators.cisco_ios.rollback import Archive, Rollback
from lab.emulators.cisco_ios.routes import Prefix, Table, network
from lab.emulators.cisco_ios.traffic import filtered, routed
from lab.emulators.cisco_ios.words import Refusal
from lab.emulators.clock import EmulatorClock
from lab.emulators.device import Emulator
from lab.emulators.packets import Direction, Packet, RouteFate


class Router(Emulator):
    """An EMULATED Cisco IOS-XE router.

    Attributes:
        configuration: what runs; replaced as a whole by a rollback or a reboot.
        quirks: where releases differ or nothing is known.
        learned: prefixes that routing protocols bring (`learn`).
        enable_secret: None: logins are privileged at once; else `enable` asks for it.
        version: what `show version` says it is.
        lock_owner: the user who holds the configuration lock, or none.
        shells: open sessions by VTY number.
    """

    platform: ClassVar[str] = "cisco_ios"
    unauthorized: ClassVar[str] = "Command authorization failed.\n"

    def __init__(
        self,
        hostname: str = "router",
        clock: EmulatorClock | None = None,
        quirks: Quirks | None = None,
    ) -> None:
        self.quirks = Quirks() if quirks is None else quirks
        self.configuration = Configuration(self.quirks)
        super().__init__(hostname, clock)
        self.learned: list[Prefix] = []
        self.enable_secret: str | None = None
        self.version = "17.9.4a"
        self.lock_owner: ExecShell | None = None
        self.shells: dict[int, ExecShell] = {}
        self.archive = Archive()
        self.rollback = Rollback(self.clock, self.restore)
        self.bgp = Bgp(self.neighbors)
        self.changed_by = ""
        self.booted = self.clock.now()
        self._rendered = (-1, "")
        self._forwarding: tuple[int, int, Table] | None = None
        self.load(f"version 17.9\nhostname {hostname}\n")

    # ------------------------------------------------------------ configuration

    def load(self, text: str) -> None:
        """See `Emulator.load`; the syntax is that of `show running-config`."""
        with self.lock:
            configuration = parse(text, self.quirks)
            if not configuration.root.words("hostname "):
                configuration.root.enter(f"hostname {self.hostname}")
            self._put(configuration)
            self._startup = self.running()
            self.refresh_bgp()

    def running(self) -> str:
        """See `Emulator.running`: from the first line to `end`, without the header lines."""
        self.clock.fire_due()
        with self.lock:
            if self._rendered[0] != self.configuration.generation:
                self._rendered = self.configuration.generation, render.running(self.configuration)
            return self._rendered[1]

    def exact(self) -> str:
        """The running configuration with sequence numbers, whatever the release prints."""
        return render.running(self.configuration, numbers=True)

    def startup(self) -> str:
        """See `Emulator.startup`."""
        return self._startup

    def save(self) -> None:
        """`write memory`."""
        with self.lock:
            self._startup = self.running()

    def by_hand(self, lines: Iterable[str] | str) -> None:
        """See `Emulator.by_hand`."""
        self.clock.fire_due()
        with self.lock:
            editor = Editor(self.configuration)
            for line in lines.split("\n") if isinstance(lines, str) else lines:
                if line.strip() in ("exit", "end"):
                    while editor.leave() and line.strip() == "end":
                        pass
                    continue
                try:
                    self.edit(editor, line)
                except Refusal as refusal:
                    raise ValueError(f"{line!r}: {refusal.text.strip()}") from None

    def edit(self, editor: Editor, line: str) -> None:
        """One line of somebody's configuration session; live at once.

        Raises:
            Refusal: nothing changed.
        """
        editor.configuration = configuration = self.configuration
        configuration.fits = self._fits if self.faults.limits_entries() else None
        before = configuration.generation
        editor.line(line)
        if configuration.generation == before:
            return
        if line.lstrip().startswith(("hostname", "no hostname")):
            self.hostname = configuration.hostname
        if "bgp" in line or "neighbor" in line:
            self.bgp.follow(configuration)
        super().changed()

    def restore(self, text: str) -> None:
        """Make `text` the running configuration; counters of what stays are kept."""
        with self.lock:
            before, after = self.configuration, parse(text, self.quirks)
            for key, acl in after.acls.items():
                if key in before.acls:
                    acl.carry_hits(before.acls[key])
            self._put(after)

    def boot(self) -> None:
        """See `Emulator.boot`."""
        self.rollback.forget()
        self.lock_owner = None
        self._put(parse(self._startup, self.quirks))
        self.booted = self.clock.now()
        self.refresh_bgp()

    def changed(self) -> None:
        """See `Emulator.changed`."""
        self.hostname = self.configuration.hostname
        self.bgp.follow(self.configuration)
        super().changed()

    def _put(self, configuration: Configuration) -> None:
        configuration.generation = self.configuration.generation + 1
        self.configuration = configuration
        self.changed()

    def _fits(self, entries: int) -> bool:
        return not self.faults.is_full(entries)

    # ------------------------------------------------------------ traffic and routes

    def would_pass(self, packet: Packet, interface: str, direction: Direction) -> bool:
        """See `Emulator.would_pass`; `KeyError` for an interface that is not configured."""
        return self._judge(packet, interface, direction, 0)

    def hit(self, packet: Packet, interface: str, direction: Direction, count: int = 1) -> bool:
        """See `Emulator.hit`."""
        return self._judge(packet, interface, direction, count)

    def _judge(self, packet: Packet, interface: str, direction: Direction, count: int) -> bool:
        self.clock.fire_due()
        with self.lock:
            configuration = self.configuration
            name = interface_name(interface) or interface
            if "shutdown" in configuration.interfaces[name].lines:
                return False
            passes, slot = filtered(configuration, packet, name, direction, self.clock.wall())
            if slot is not None:
                slot.hits += count
            if passes and direction == "in":
                passes = routed(configuration, self.forwarding(), packet, name)
            return passes

    def forwarding(self) -> Table:
        """Routing as configured now."""
        key = self.configuration.generation, len(self.learned)
        if self._forwarding is None or self._forwarding[:2] != key:
            table = Table(
                self.configuration.routes.values(), self.configuration.connected(), self.learned
            )
            self._forwarding = (*key, table)
        return self._forwarding[2]

    def learn(self, *prefixes: str) -> None:
        """Routes that BGP or an IGP brings: more specific ones beat a static discard route."""
        self.learned += [network(prefix) for prefix in prefixes]

    def route_fate(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> RouteFate:
        """See `Emulator.route_fate`; `KeyError` for a neighbor that is not configured."""
        self.clock.fire_due()
        with self.lock:
            self.bgp.renew(self.configuration)
            known = None if path is None else tuple(path)
            return self.bgp.fate(prefix, neighbor, direction, known)

    def refresh_bgp(self) -> None:
        """Every session starts anew: all policies come into force."""
        for neighbor in self.neighbors:
            self.bgp.refresh(self.configuration, str(neighbor.address), ("in", "out"))

    # ------------------------------------------------------------ sessions

    def shell(self, user: str, remote: str = "") -> ExecShell:
        """See `Emulator.shell`."""
        with self.lock:
            vty = next(number for number in range(1000) if number not in self.shells)
            shell = ExecShell(self, user, remote, vty)
            self.shells[vty] = shell
            return shell
