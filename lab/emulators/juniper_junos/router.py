# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos router: one configuration database, its filters, its sessions."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import ClassVar

from lab.emulators.clock import EmulatorClock
from lab.emulators.device import Emulator
from lab.emulators.juniper_junos.checkout import families
from lab.emulators.juniper_junos.commits import lines_of
from lab.emulators.juniper_junos.database import CommitFailed, Database
from lab.emulators.juniper_junos.edits import EditRefused, apply_set_line
from lab.emulators.juniper_junos.filters import Counters, Verdict, evaluate
from lab.emulators.juniper_junos.loading import DENIED, load_braces
from lab.emulators.juniper_junos.nodes import Node, StatementRefused, empty
from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.juniper_junos.policies import fate, is_configured, is_shut
from lab.emulators.juniper_junos.routes import discarded, loose_check_drops
from lab.emulators.juniper_junos.session import JunosShell
from lab.emulators.juniper_junos.values import words_of
from lab.emulators.packets import Direction, Packet, RouteFate

PACKET_OCTETS = 64  # what one counted packet adds to the byte counters


class Router(Emulator):
    """EMULATED Junos; see `Emulator` for what tests may ask.

    Attributes:
        options: what differs from box to box, and the guesses.
        database: candidate, active configuration, commits, locks.
        counters: what the filters counted.
        shells: open sessions.
        booted: when it last booted, by its own clock.
    """

    platform: ClassVar[str] = "juniper_junos"
    unauthorized: ClassVar[str] = DENIED

    def __init__(
        self,
        hostname: str = "router",
        clock: EmulatorClock | None = None,
        options: JunosOptions | None = None,
    ) -> None:
        super().__init__(hostname, clock)
        self.options = options or JunosOptions()
        self.counters = Counters()
        self.shells: list[JunosShell] = []
        self.booted = self.clock.wall()
        self._numbers = itertools.count()
        self._shut: set[str] = set()
        self.database = Database(self, self.options, self._committed, self._broadcast)
        self.database.start(empty())

    # ------------------------------------------------------------ configuration

    def load(self, text: str) -> None:
        """Set the committed configuration: lines of `| display set`, or braces.

        It is taken as it is: nothing checks it out.
        """
        configuration = empty()
        stripped = text.lstrip()
        if "{" in stripped and not stripped.startswith(("set ", "deactivate ")):
            load = load_braces(configuration, text.splitlines(), lambda _words: True)
            if load.errors:
                raise ValueError("; ".join(line.strip() for line in load.printed))
        else:
            _apply_lines(configuration, text.splitlines())
        with self.lock:
            self.database.start(configuration)
            self._name()
            self.counters = Counters()
            self.counters.follow(configuration, self.options)
        self.changed()

    def running(self) -> str:
        """The committed configuration as `show configuration | display set` prints it."""
        self.clock.fire_due()
        with self.lock:
            return "".join(f"{line}\n" for line in lines_of(self.database.active))

    def startup(self) -> str:
        """The committed configuration: a commit is also what the box boots with."""
        return self.running()

    def by_hand(self, lines: Iterable[str] | str) -> None:
        """Another person sets, deletes, ... and commits at once.

        Uncommitted edits of others in the shared candidate stay, and get these lines too.
        """
        typed = lines.splitlines() if isinstance(lines, str) else list(lines)
        self.clock.fire_due()
        with self.lock:
            new = self.database.active.clone()
            _apply_lines(new, typed)
            if self.database.changed:
                candidate = self.database.candidate.clone()
                _apply_lines(candidate, typed)
                self.database.candidate = candidate
            try:
                self.database.seize(new, "operator")
            except CommitFailed as failure:
                raise ValueError(str(failure)) from None

    def shell(self, user: str, remote: str = "") -> JunosShell:
        """A new session."""
        with self.lock:
            shell = JunosShell(self, user, remote, next(self._numbers))
            self.shells.append(shell)
            return shell

    def boot(self) -> None:
        """Candidates, locks and counters are gone. GUESS: a commit that waits for its
        confirmation still waits after the boot."""
        self.database.reboot()
        for shell in self.shells:
            shell.reset()
        self.booted = self.clock.wall()
        self.counters = Counters()
        self.counters.follow(self.database.active, self.options)

    def _name(self) -> None:
        self.hostname = self.database.active.value("system", "host-name") or self.hostname

    def _committed(self, _old: Node) -> None:
        self._name()
        self.counters.follow(self.database.active, self.options)
        self._shut_neighbors()
        self.changed()

    def _shut_neighbors(self) -> None:
        """Sessions that are deactivated or shut down end, and start anew without that."""
        active = self.database.active
        known = {str(one.address) for one in self.neighbors}
        shut = {one for one in known if is_configured(active, one) and is_shut(active, one)}
        for address in (shut ^ self._shut) & known:
            self.neighbors.set_state(address, established=address not in shut)
        self._shut = shut

    def _broadcast(self, text: str) -> None:
        now = self.clock.wall()
        head = f"Broadcast Message from root@{self.hostname} (no tty) at {now:%H:%M} UTC..."
        for shell in self.shells:
            shell.notify(f"\n{head}\n\n{text}\n")

    def clear_counters(self, name: str) -> None:
        """`clear firewall all` or `clear firewall NAME`."""
        for (shown, _counter), hits in self.counters.hits.items():
            if name in ("all", shown):
                hits.packets = hits.octets = 0

    # ------------------------------------------------------------ what traffic and routes get

    def would_pass(self, packet: Packet, interface: str, direction: Direction) -> bool:
        """See `Emulator`; `interface` is `ge-0/0/0` (its unit 0) or `ge-0/0/0.5`."""
        self.clock.fire_due()
        with self.lock:
            return self._verdict(packet, interface, direction).passed

    def hit(self, packet: Packet, interface: str, direction: Direction, count: int = 1) -> bool:
        """See `Emulator`; every packet counts for 64 octets."""
        self.clock.fire_due()
        with self.lock:
            verdict = self._verdict(packet, interface, direction)
            self.counters.count(verdict.counted, count, PACKET_OCTETS)
            return verdict.passed

    def _verdict(self, packet: Packet, interface: str, direction: Direction) -> Verdict:
        """Interface state, then uRPF, then filters, then (inbound) the route."""
        active = self.database.active
        physical, _, number = interface.partition(".")
        port = active.get("interfaces", ("", physical))
        unit = port.get(("unit", number or "0")) if port is not None else None
        if port is None or unit is None:
            return Verdict(False)
        if port.get("disable") is not None or unit.get("disable") is not None:
            return Verdict(False)
        family = unit.get(("family", "inet" if packet.version == 4 else "inet6"))
        if family is None:
            return Verdict(False)
        inbound = direction == "in"
        if inbound and loose_check_drops(active, family, packet.source, self.options):
            return Verdict(False)
        logical = f"{physical}.{number or '0'}"
        verdict = evaluate(active, family, logical, direction, packet, self.options)
        if inbound and verdict.passed and discarded(active, packet.destination):
            return Verdict(False, verdict.counted)
        return verdict

    def interfaces(self) -> list[str]:
        """The active logical interfaces that carry IP, in the order shown."""
        with self.lock:
            found = families(self.database.active)
            return list(dict.fromkeys(f"{name}.{unit.key[0]}" for name, unit, _f, _n in found))

    def route_fate(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> RouteFate:
        """See `Emulator`; raises `ValueError` for a neighbor that is not configured."""
        self.clock.fire_due()
        with self.lock:
            if neighbor in self.neighbors and not self.neighbors[neighbor].established:
                return "no session"
            return fate(self.database.active, prefix, neighbor, direction, path)


def _apply_lines(configuration: Node, lines: Iterable[str]) -> None:
    """Lines in set format.

    Raises:
        ValueError: a line that is refused, or that changes nothing that is there.
    """
    for line in lines:
        words = [word.text for word in words_of(line)]
        if not words or words[0].startswith("#"):
            continue
        try:
            apply_set_line(configuration, words)
        except (StatementRefused, EditRefused) as refusal:
            raise ValueError(f"{line}: {refusal}") from None
