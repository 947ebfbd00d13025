# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD, by birdc."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from drivers._daemon.shell import Shell
from drivers._witness import parse_bird
from drivers._witness.model import Community, Session
from enforcer.core.orders import Network
from enforcer.errors import DeviceError, ParseFailed

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_FEW = 8
"""So many prefixes are asked for one by one; of more, tables are searched for them."""
_LONGEST = 800
"""Characters of the prefixes in one command: BIRD hangs up on one that has over 1,024."""


class BirdQuestions:
    """See `Questions`. `socket`: the control socket; "" where birdc finds it itself."""

    def __init__(self, shell: Shell, birdc: str = "birdc", socket: str = "") -> None:
        self._shell = shell
        self._before = [birdc, *(["-s", socket] if socket else ())]

    def _ask(self, command: str) -> str:
        answer = self._shell.run([*self._before, *command.split()])
        text = answer.stdout.decode("utf-8", "replace")
        # Of a prefix that is in no table birdc says so, and fails.
        if answer.code != 0 and not any(word in text for word in parse_bird.EMPTY):
            said = " ".join((text + answer.stderr.decode("utf-8", "replace")).split())
            raise DeviceError(self._shell.device, f"birdc failed ({answer.code}): {said[:300]}")
        return text

    def sessions(self) -> tuple[Session, ...]:
        """See `Questions`."""
        return parse_bird.sessions(self._shell.device, self._ask("show protocols all"))

    def held(self, community: Community) -> frozenset[Network]:
        """See `Questions`."""
        return parse_bird.prefixes(
            self._shell.device, self._ask(f"show route primary where {_carried(community)}")
        )

    def advertised(
        self,
        prefixes: tuple[Network, ...],
        sessions: tuple[Session, ...],
    ) -> frozenset[tuple[Network, str]]:
        """See `Questions`; what was sent, not what a changed export filter would send."""
        found: set[tuple[Network, str]] = set()
        for session in sessions:
            if not _NAME.fullmatch(session.name):
                raise ParseFailed(self._shell.device, f"{session.name!r} is no protocol's name")
            sent = self._listed(prefixes, f"exported '{session.name}'", parse_bird.prefixes)
            found.update((prefix, session.address) for prefix in prefixes if prefix in sent)
        return frozenset(found)

    def discarded(self, prefixes: tuple[Network, ...]) -> frozenset[Network]:
        """See `Questions`; BIRD's own tables say it, and where a next hop leads."""
        found = self._listed(prefixes, "primary", parse_bird.discarded)
        return frozenset(found.intersection(prefixes))

    def _listed(
        self,
        prefixes: tuple[Network, ...],
        which: str,
        read: Callable[[str, str], frozenset[Network]],
    ) -> set[Network]:
        """At least those of `prefixes` that are there."""
        if len(prefixes) <= _FEW:
            commands = [f"show route {prefix} {which}" for prefix in prefixes]
        else:
            commands = [f"show route {which} where {one}" for one in _conditions(prefixes)]
        return {n for command in commands for n in read(self._shell.device, self._ask(command))}


def _conditions(prefixes: tuple[Network, ...]) -> Iterator[str]:
    """Each is true of some, together of all: every host route by its length alone."""
    for version, longest in ((4, 32), (6, 128)):
        some = [p for p in prefixes if p.version == version]
        if any(p.prefixlen == longest for p in some):
            yield f"net.type = NET_IP{version} && net.len = {longest}"
        piece = ""
        for text in (str(p) for p in some if p.prefixlen < longest):
            if piece and len(piece) + len(text) >= _LONGEST:
                yield f"net ~ [{piece}]"
                piece = ""
            piece += f",{text}" if piece else text
        if piece:
            yield f"net ~ [{piece}]"


def _carried(community: Community) -> str:
    return f"({community[0]},{community[1]})~bgp_community"
