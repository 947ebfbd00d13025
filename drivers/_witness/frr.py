# SPDX-License-Identifier: GPL-2.0-or-later
"""FRR, by vtysh."""

from __future__ import annotations

from drivers._daemon.shell import Shell
from drivers._witness import parse_frr
from drivers._witness.model import Community, Session
from enforcer.core.orders import Network
from enforcer.errors import DeviceError

_AT_ONCE = 256
"""Commands in one vtysh."""


class FrrQuestions:
    """See `Questions`. `pathspace`: of daemons that were started with ``-N``."""

    def __init__(self, shell: Shell, vtysh: str = "vtysh", pathspace: str = "") -> None:
        self._shell = shell
        self._before = [vtysh, *(["-N", pathspace] if pathspace else ())]

    def _ask(self, *commands: str, daemon: str = "bgpd") -> str:
        argv = [*self._before, "-d", daemon]
        for command in commands:
            argv += ["-c", command]
        answer = self._shell.run(argv)
        if answer.code != 0:
            said = (answer.stderr or answer.stdout).decode("utf-8", "replace")
            raise DeviceError(
                self._shell.device, f"vtysh failed ({answer.code}): {' '.join(said.split())[:300]}"
            )
        return answer.stdout.decode("utf-8", "replace")

    def sessions(self) -> tuple[Session, ...]:
        """See `Questions`."""
        return parse_frr.sessions(self._shell.device, self._ask("show bgp neighbors json"))

    def held(self, community: Community) -> frozenset[Network]:
        """See `Questions`."""
        text = ":".join(map(str, community))
        asked = [f"show bgp {f} unicast community {text} json" for f in ("ipv4", "ipv6")]
        return parse_frr.held(self._shell.device, self._ask(*asked))

    def advertised(
        self,
        prefixes: tuple[Network, ...],
        sessions: tuple[Session, ...],
    ) -> frozenset[tuple[Network, str]]:
        """See `Questions`; bgpd says it of one prefix with all neighbors, which is cheap."""
        found: set[tuple[Network, str]] = set()
        wanted = {session.address for session in sessions}
        for at in range(0, len(prefixes), _AT_ONCE):
            some = prefixes[at : at + _AT_ONCE]
            text = self._ask(*(f"show bgp ipv{p.version} unicast {p} json" for p in some))
            for document in parse_frr.documents(self._shell.device, text):
                prefix, peers = parse_frr.told(self._shell.device, document)
                if prefix is not None and prefix in some:
                    found.update((prefix, peer) for peer in peers & wanted)
        return frozenset(found)

    def discarded(self, prefixes: tuple[Network, ...]) -> frozenset[Network]:
        """See `Questions`; zebra says it, who writes the kernel's routes: bgpd does not know."""
        found: set[Network] = set()
        for at in range(0, len(prefixes), _AT_ONCE):
            some = prefixes[at : at + _AT_ONCE]
            asked = (f"show {'ip' if p.version == 4 else 'ipv6'} route {p} json" for p in some)
            text = self._ask(*asked, daemon="zebra")
            found |= parse_frr.discarded(self._shell.device, text)
        return frozenset(found)
