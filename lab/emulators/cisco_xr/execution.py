# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands of the EXEC mode that print or clear something."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lab.emulators.cisco_xr import tables
from lab.emulators.cisco_xr.filter_tables import access_lists
from lab.emulators.cisco_xr.neighbor_table import bgp_summary
from lab.emulators.cisco_xr.statements import interface_name
from lab.emulators.cisco_xr.times import clock_line
from lab.emulators.cisco_xr.tree import render, render_all
from lab.emulators.cisco_xr.words import Refused

if TYPE_CHECKING:
    from lab.emulators.cisco_xr.device import Router


class Execution:
    """Commands that need the router and no session state.

    Args:
        router: the router.
        line: the terminal line that asks, for `show users`.
    """

    def __init__(self, router: Router, line: str) -> None:
        self._router, self._line = router, line
        self.failed = ""
        self._commands: dict[tuple[str, ...], Callable[[list[str]], str]] = {
            ("show", "running-config"): self._running,
            ("show", "configuration", "commit", "list"): self._commit_list,
            ("show", "configuration", "commit", "changes"): self._commit_changes,
            ("show", "configuration", "sessions"): self._sessions,
            ("show", "configuration", "sessions", "detail"): self._session_details,
            ("show", "configuration", "failed"): self._failed,
            ("show", "access-lists"): self._access_lists,
            ("show", "bgp"): self._bgp,
            ("show", "rpl", "prefix-set"): lambda rest: self._rpl("prefix-set", rest),
            ("show", "rpl", "route-policy"): lambda rest: self._rpl("route-policy", rest),
            ("show", "version"): self._version,
            ("show", "clock"): lambda rest: clock_line(router.clock.wall()),
            ("show", "users"): self._users,
            ("show", "privilege"): lambda rest: "Current privilege level is 15",
            ("clear", "bgp"): lambda rest: "",
            ("clear", "counters"): lambda rest: "",
            ("clear", "access-list"): self._clear_access_list,
            ("rollback", "configuration", "last"): self._rollback,
        }

    def knows(self, command: tuple[str, ...]) -> bool:
        """Whether this command is one of these."""
        return command in self._commands

    def run(self, command: tuple[str, ...], rest: list[str]) -> str:
        """The command's output, without the timestamp.

        Raises:
            Refused: words that cannot stand there; positions count from `rest`.
        """
        return self._commands[command](rest)

    # ------------------------------------------------------------ configuration

    def _running(self, rest: list[str]) -> str:
        database = self._router.database
        if not rest:
            return tables.whole_configuration(database.running, database.commits)
        words = list(rest)
        if len(words[0]) >= 3 and "interface".startswith(words[0]):
            words = ["interface", *(interface_name(word) for word in words[1:])]
        return tables.section(database.running, words)

    def _commit_list(self, rest: list[str]) -> str:
        count, detail = 100, "detail" in rest
        for position, word in enumerate(rest):
            if word.isdecimal():
                count = int(word)
            elif word != "detail":
                raise Refused(position)
        commits = self._router.database.commits[:count]
        return tables.commit_details(commits) if detail else tables.commit_list(commits)

    def _commit_changes(self, rest: list[str]) -> str:
        commits = self._router.database.commits
        match rest:
            case ["last", number] if number.isdecimal():
                chosen = commits[: int(number)]
            case [number] if number.isdecimal():
                chosen = [commit for commit in commits if str(commit.number) == number]
            case _:
                raise Refused(0)
        lines = ["Building configuration...", f"!! IOS XR Configuration {tables.VERSION}"]
        for commit in reversed(chosen):
            lines += [] if commit.edits is None else render_all(commit.edits)
        return "\n".join([*lines, "end", ""])

    def _sessions(self, rest: list[str]) -> str:
        return tables.session_table(self._router.database.rows())

    def _session_details(self, rest: list[str]) -> str:
        database = self._router.database
        trial = None if database.trial is None else database.trial.row
        return tables.session_details(database.rows(), trial, self._router.clock.wall())

    def _failed(self, rest: list[str]) -> str:
        if rest not in ([], ["inheritance"], ["if-committed"], ["noerrors"]):
            raise Refused(0)
        return self.failed or tables.NOTHING

    def _rollback(self, rest: list[str]) -> str:
        if len(rest) != 1 or not rest[0].isdecimal():
            raise Refused(0)
        return self._router.roll_back_commits(int(rest[0]), self._line)

    # ------------------------------------------------------------ filters and routes

    def _access_lists(self, rest: list[str]) -> str:
        view, counters = self._router.view(), self._router.counters
        if not rest or rest[0] == "afi-all":
            both = [access_lists(view, counters, version) for version in (4, 6)]
            return "\n".join(text for text in both if text)
        if rest[0] not in ("ipv4", "ipv6"):
            raise Refused(0)
        name = rest[1] if len(rest) > 1 else ""
        side = interface = ""
        words = iter(enumerate(rest[2:], 2))
        for position, word in words:
            if word in ("hardware", "detail"):
                continue
            if word in ("ingress", "egress"):
                side = word
            elif word in ("interface", "location"):
                _, value = next(words, (0, ""))
                interface = interface_name(value) if word == "interface" else interface
            else:
                raise Refused(position)
        version = int(rest[0][-1])
        return access_lists(view, counters, version, name, side=side, interface=interface)

    def _clear_access_list(self, rest: list[str]) -> str:
        if len(rest) < 2 or rest[0] not in ("ipv4", "ipv6"):
            raise Refused(0)
        self._router.counters.clear(int(rest[0][-1]), rest[1])
        return ""

    def _bgp(self, rest: list[str]) -> str:
        forms = {
            ("summary",): 4,
            ("ipv4", "unicast", "summary"): 4,
            ("ipv6", "unicast", "summary"): 6,
        }
        if not rest:
            raise Refused(0, "% Incomplete command.")
        for form, family in forms.items():
            if len(form) == len(rest) and all(
                full.startswith(word) for full, word in zip(form, rest, strict=True)
            ):
                router = self._router
                return bgp_summary(router.view(), router.neighbors, family, router.clock.now())
        raise Refused(0)

    def _rpl(self, kind: str, rest: list[str]) -> str:
        top = self._router.database.running
        if rest:
            node = top.get(f"{kind} {rest[0]}")
            return "" if node is None else "\n".join(render(node)[:-1])
        title = {"prefix-set": "Prefix Set", "route-policy": "Route Policy"}[kind]
        lines = [f"Listing for all {title} objects", ""]
        for node in top.under(f"{kind} "):
            lines += render(node)
        return "\n".join(lines)

    # ------------------------------------------------------------ the box

    def _version(self, rest: list[str]) -> str:
        router = self._router
        return tables.version(router.hostname, router.booted, router.clock.wall())

    def _users(self, rest: list[str]) -> str:
        lines = [(shell.vty, shell.user, shell.remote) for shell in self._router.shells]
        return tables.users(lines, self._line)
