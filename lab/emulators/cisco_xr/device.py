# SPDX-License-Identifier: GPL-2.0-or-later
"""EMULATED Cisco IOS-XR router, as tests see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.emulators.cisco_xr import traffic
from lab.emulators.cisco_xr.buffer import Buffer
from lab.emulators.cisco_xr.commits import CommitDatabase
from lab.emulators.cisco_xr.committing import CommitOptions, Committer, Outcome
from lab.emulators.cisco_xr.filter_tables import Hit, HitCounters
from lab.emulators.cisco_xr.loading import Loader
from lab.emulators.cisco_xr.session import XrShell
from lab.emulators.cisco_xr.statements import Invalid, interface_name
from lab.emulators.cisco_xr.tree import Node, render_all
from lab.emulators.cisco_xr.view import View
from lab.emulators.clock import EmulatorClock
from lab.emulators.device import Emulator
from lab.emulators.packets import Direction, Packet, RouteFate


class Router(Emulator):
    """One EMULATED IOS-XR router.

    Attributes:
        database: what is committed, commits, trials and sessions.
        counters: hits of access list entries.
        shells: who is logged in.
        booted: since when it runs.
        atomic: failed commits are told as `atomic` instead of `pseudo-atomic` [CAPTURE: both].
        commit_refusals: reasons for which the next commits fail, one each.
        compression: line cards take `compress level 3`; without it such a binding fails at
            commit in the recorded words.
    """

    platform = "cisco_xr"
    unauthorized = "% This command is not authorized"

    def __init__(self, hostname: str = "router", clock: EmulatorClock | None = None) -> None:
        super().__init__(hostname, clock)
        self.database = CommitDatabase(self.clock, self._committed)
        self.counters = HitCounters()
        self.shells: list[XrShell] = []
        self.booted = self.clock.wall()
        self.atomic = False
        self.commit_refusals: list[str] = []
        self.compression = True
        self._admin_down: set[str] = set()
        self._view = View(self.database.running)
        self.load(f"hostname {hostname}\n")

    # ------------------------------------------------------------ configuration

    def load(self, text: str) -> None:
        """Set the initial configuration; commits before it are forgotten, its neighbors are up.

        Raises:
            ValueError: a line that the platform refuses; the message names it.
        """
        with self.lock:
            self.database.running = Loader().read(text)
            self.database.commits.clear()
            self.database.confirm()
            self._committed()

    def running(self) -> str:
        """The committed configuration, without the lines that change with every `show`."""
        return _text(self.view().top)

    def startup(self) -> str:
        """XR boots with what is committed; a trial under way is not [GUESS]."""
        with self.lock:
            self.clock.fire_due()
            return _text(self.database.durable())

    def by_hand(self, lines: Iterable[str] | str) -> None:
        """Another person configures and commits at once, in one commit.

        Raises:
            ValueError: a line or the commit is refused, as it is while another session has an
                unconfirmed commit or the lock; the message has the router's words.
        """
        texts = lines.splitlines() if isinstance(lines, str) else list(lines)
        with self.lock:
            self.clock.fire_due()
            session = self.database.open("operator", "con0", exclusive=False)
            try:
                buffer = Buffer(lambda: self.database.running)
                _type(buffer, texts)
                outcome = Committer(self).commit(session, buffer, CommitOptions())
            finally:
                self.database.close(session, lost=False)
        if not outcome.done:
            raise ValueError(_problem(outcome))

    def shell(self, user: str, remote: str = "") -> XrShell:
        """A new terminal session."""
        with self.lock:
            taken = {shell.vty for shell in self.shells}
            vty = next(name for n in range(100) if (name := f"vty{n}") not in taken)
            session = XrShell(self, user, remote, vty)
            self.shells.append(session)
            return session

    def forget(self, shell: XrShell) -> None:
        """A terminal session is over."""
        if shell in self.shells:
            self.shells.remove(shell)

    def boot(self) -> None:
        """XR keeps what is committed; a trial is undone [GUESS], counters start from zero."""
        for shell in self.shells:
            shell.power_lost()
        self.database.boot()
        self.counters = HitCounters()
        self.booted = self.clock.wall()

    def roll_back_commits(self, count: int, line: str) -> str:
        """`rollback configuration last N` [DOC]."""
        database = self.database
        if database.trial is not None or database.locked_by(None) is not None:
            return "% Rollback failed: the configuration is locked or a trial commit is underway."
        if not 1 <= count <= len(database.commits):
            return "% There are not so many commits to roll back."
        session = database.open("operator", line, exclusive=False)
        database.record(session, database.commits[count - 1].before, client="Rollback")
        database.close(session, lost=False)
        return (
            "\nLoading Rollback Changes.\nLoaded Rollback Changes in 1 sec\nCommitting.\n"
            "Updating.\nUpdated Commit database in 1 sec\n"
            f"Configuration successfully rolled back {count} commits."
        )

    def _committed(self) -> None:
        self._view = View(self.database.running)
        self.counters.keep(self._view)
        hostname = self.database.running.get("hostname")
        if hostname is not None:
            self.hostname = hostname.line.split()[1]
        self._shut_neighbors()
        self.changed()

    def _shut_neighbors(self) -> None:
        """New neighbors come up; those with `shutdown` are down, and come back without it."""
        for address, remote_as, _ in traffic.peers(self._view):
            if address not in self.neighbors:
                self.neighbors.add(address, remote_as)
        down = {address for address, _, shut in traffic.peers(self._view) if shut}
        for address in down ^ self._admin_down:
            self.neighbors.set_state(address, established=address not in down)
        self._admin_down = down

    def view(self) -> View:
        """The committed configuration as it stands now."""
        with self.lock:
            self.clock.fire_due()
            return self._view

    # ------------------------------------------------------------ what traffic and routes get

    def would_pass(self, packet: Packet, interface: str, direction: Direction) -> bool:
        """See `Emulator.would_pass`."""
        return self._judge(packet, interface, direction)[0]

    def hit(self, packet: Packet, interface: str, direction: Direction, count: int = 1) -> bool:
        """See `Emulator.hit`."""
        with self.lock:
            passes, entry = self._judge(packet, interface, direction)
            if entry is not None:
                self.counters.counts[entry] += count
            return passes

    def _judge(
        self, packet: Packet, interface: str, direction: Direction
    ) -> tuple[bool, Hit | None]:
        view = self.view()
        name, side = interface_name(interface), traffic.SIDES[direction]
        block = view.interface(name) or Node("", "", block=True)
        if block.get("shutdown") is not None:
            return False, None
        bound = traffic.bound_list(block, packet.version, side)
        decided = traffic.first_match(view, packet, bound) if bound else None
        routed = direction == "out" or traffic.routed(view, packet, block)
        if decided is None:
            return routed, None
        number, permitted = decided
        entry = view.top.get(f"ipv{packet.version} access-list {bound}", str(number))
        hit = None if entry is None else Hit(packet.version, bound, entry.line, name, side)
        return permitted and routed, hit

    def route_fate(
        self,
        prefix: str,
        neighbor: str,
        direction: Direction = "in",
        path: Sequence[int] | None = None,
    ) -> RouteFate:
        """See `Emulator.route_fate`; XR applies a changed policy at once [GUESS].

        A neighbor that is not configured has no session.
        """
        view = self.view()
        if neighbor in self.neighbors and not self.neighbors[neighbor].established:
            return "no session"
        return traffic.fate(view, prefix, neighbor, direction, path)


def _text(top: Node) -> str:
    return "\n".join([*render_all(top), "end", ""])


def _type(buffer: Buffer, lines: Sequence[str]) -> None:
    """Type lines; in an indented text a line without indentation stands at the top level."""
    indented = any(line[:1] == " " for line in lines)
    for line in lines:
        if not line.strip() or line.lstrip().startswith("!"):
            continue
        if line.strip() in ("exit", "root"):
            buffer.pop() if line.strip() == "exit" else buffer.top()
            continue
        if indented and line[:1] != " " and not buffer.in_policy:
            buffer.top()
        try:
            buffer.line(line)
        except Invalid as problem:
            raise ValueError(f"the router refuses the line {line.strip()!r}") from problem


def _problem(outcome: Outcome) -> str:
    return "\n".join(part for part in (outcome.text.strip(), outcome.failed) if part)
