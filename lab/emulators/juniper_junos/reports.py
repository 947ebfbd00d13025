# SPDX-License-Identifier: GPL-2.0-or-later
"""Operational `show` commands of the emulated Junos, laid out as in the captures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from lab.emulators.juniper_junos.commits import stamp
from lab.emulators.juniper_junos.filters import Hits, instances
from lab.emulators.juniper_junos.policies import find_neighbor, is_configured, is_shut
from lab.emulators.neighbors import Neighbor

if TYPE_CHECKING:
    from lab.emulators.juniper_junos.router import Router

_PACKAGES = (
    "OS Kernel 64-bit ", "OS libs", "OS runtime", "network stack and utilities", "libs",
    "runtime", "mx runtime", "mx daemons", "Routing aggregated", "Packet Forwarding Engine Support",
)  # fmt: skip


def version(router: Router) -> str:
    """`show version`."""
    release = router.options.release
    lines = [f"Hostname: {router.hostname}", f"Model: {router.options.model}", f"Junos: {release}"]
    return "\n".join([*lines, *(f"JUNOS {name} [{release}]" for name in _PACKAGES)])


def firewall(router: Router, words: Sequence[str]) -> str:
    """`show firewall [filter NAME [counter NAME]]`, columns as in the captures."""
    wanted = words[1] if len(words) > 1 and words[0] == "filter" else None
    counter = words[3] if len(words) > 3 and words[2] == "counter" else None
    shown = [*instances(router.database.active), ("__default_bpdu_filter__", [])]
    if wanted is not None:
        shown = [one for one in shown if one[0] == wanted]
        if not shown:
            return f"error: filter '{wanted}' not found"
    lines: list[str] = []
    for name, counters in shown:
        lines += ["", f"Filter: {name:<55}"]
        rows = [one for one in counters if counter in (None, one)]
        if rows:
            lines += ["Counters:", f"{'Name':<36}{'Bytes':>21}{'Packets':>21}"]
        for row in rows:
            hits = router.counters.hits.get((name, row), Hits())
            lines.append(f"{row:<36} {hits.octets:>20} {hits.packets:>20}")
    return "\n".join(lines)


def _ago(span: timedelta) -> str:
    """`9w2d 5:23:37`, `5:23:37` or `12:34`, as in `show bgp summary`."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400)
    hours, minutes, seconds = rest // 3600, rest // 60 % 60, rest % 60
    weeks, days = divmod(days, 7)
    if weeks or days:
        head = f"{weeks}w" if weeks else ""
        return f"{head}{days}d {hours}:{minutes:02}:{seconds:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _neighbors(router: Router) -> list[Neighbor]:
    """Adjacencies, without those whose configuration is deactivated."""
    active = router.database.active
    return [
        one
        for one in router.neighbors
        if find_neighbor(active, str(one.address)) or not is_configured(active, str(one.address))
    ]


def bgp_summary(router: Router) -> str:
    """`show bgp summary`."""
    peers = _neighbors(router)
    down = sum(not peer.established for peer in peers)
    lines = [
        "Threading mode: BGP I/O",
        f"Groups: {1 if peers else 0} Peers: {len(peers)} Down peers: {down}",
        "Peer                     AS      InPkt     OutPkt    OutQ   Flaps Last Up/Dwn "
        "State|#Active/Received/Accepted/Damped...",
    ]
    for peer in peers:
        ago = _ago(router.clock.now() - peer.since)
        shut = is_shut(router.database.active, str(peer.address))
        state = "Establ" if peer.established else "Idle" if shut else "Active"
        packets = 1000 if peer.established else 0
        row = f"{peer.address!s:<20} {peer.remote_as:>6} {packets:>10} {packets:>10} {0:>7} {0:>7}"
        lines.append(f"{row} {ago} {state}")
        if peer.established:
            table = "inet.0" if peer.address.version == 4 else "inet6.0"
            lines.append(f"  {table}: {peer.prefixes}/{peer.prefixes}/{peer.prefixes}/0")
    return "\n".join(lines)


def bgp_neighbor(router: Router, words: Sequence[str]) -> str:
    """`show bgp neighbor [ADDRESS]`. GUESS: the selection of lines, not their order."""
    lines: list[str] = []
    for peer in _neighbors(router):
        if words and words[0] != str(peer.address):
            continue
        shut = is_shut(router.database.active, str(peer.address))
        state = "Established" if peer.established else "Idle" if shut else "Active"
        lines.append(f"Peer: {peer.address}+179 AS {peer.remote_as} Local: unspecified AS 0")
        lines.append(f"  Type: External    State: {state}    Flags: <Sync>")
        found = find_neighbor(router.database.active, str(peer.address))
        for name in ("Export", "Import"):
            values: list[str] = []
            for place in found or ():
                values = place.several(name.lower()) or values
            if values:
                lines.append(f"  {name}: [ {' '.join(values)} ]")
        lines.append("")
    return "\n".join(lines)


def interfaces_terse(router: Router, words: Sequence[str]) -> str:
    """`show interfaces terse [NAME]`."""
    lines = ["Interface               Admin Link Proto    Local                 Remote"]
    interfaces = router.database.active.get("interfaces")
    for one in interfaces.listed("") if interfaces is not None else ():
        name = one.key[0]
        if words and words[0].split(".")[0] != name:
            continue
        shut = one.get("disable") is not None
        lines.append(f"{name:<23} {'down' if shut else 'up':<5} {'down' if shut else 'up'}")
        for unit in one.listed("unit"):
            off = shut or unit.get("disable") is not None
            head = f"{name}.{unit.key[0]}"
            start = f"{head:<23} {'down' if off else 'up':<5} {'down' if shut else 'up':<4}"
            for family in unit.listed("family"):
                local = [address.key[0] for address in family.listed("address")] or [""]
                for address in local:
                    lines.append(f"{start:<35}{family.key[0]:<8} {address}".rstrip())
                    start = ""
            if start:
                lines.append(start.rstrip())
    return "\n".join(lines)


def uptime(router: Router) -> str:
    """`show system uptime`."""
    now = router.clock.wall()
    commit = router.database.history.commits[0]
    return "\n".join(
        [
            f"Current time: {stamp(now)}",
            "Time Source:  NTP CLOCK ",
            f"System booted: {stamp(router.booted)} ({_since(router.booted, now)} ago)",
            f"Protocols started: {stamp(router.booted)} ({_since(router.booted, now)} ago)",
            f"Last configured: {stamp(commit.at)} ({_since(commit.at, now)} ago) by {commit.user}",
        ]
    )


def _since(then: datetime, now: datetime) -> str:
    seconds = int((now - then).total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def users(router: Router) -> str:
    """`show system users`."""
    now = router.clock.wall()
    lines = [
        f"{now:%H:%M}  up 1 day, 2:03, {len(router.shells)} users, load averages: 0.10, 0.08, 0.05",
        "USER     TTY      FROM                              LOGIN@  IDLE WHAT",
    ]
    lines += [
        f"{shell.user:<8} {shell.terminal:<8} {shell.remote or '-':<33} "
        f"{shell.since:%H:%M}       - -cli (cli)"
        for shell in router.shells
    ]
    return "\n".join(lines)
