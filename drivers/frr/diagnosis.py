# SPDX-License-Identifier: GPL-2.0-or-later
"""What a first installation gets wrong on a router with FRR."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from drivers._daemon.shell import Shell
from drivers.frr.model import Config
from drivers.frr.options import Options
from drivers.frr.parse import parse
from drivers.frr.parse_bgp import Session, sessions
from drivers.frr.reading import SAVED, ours_in
from drivers.frr.talk import Vtysh
from enforcer.core.rules import HOLD_MARKER
from enforcer.core.topology import Device
from enforcer.driver_api import Condition, Diagnosis
from enforcer.errors import DeviceError

_SHOWN = 5


def diagnose(
    device: Device, options: Options, shell: Callable[[], AbstractContextManager[Shell]]
) -> tuple[Diagnosis, ...]:
    """Most important first; see `Driver.diagnose`."""
    try:
        with shell() as opened:
            return tuple(_checks(device, options, opened))
    except DeviceError as error:
        advice = "check its transport in the inventory, that bgpd runs, and this user's groups"
        return (Diagnosis("reachable", False, str(error), advice),)


def _checks(device: Device, options: Options, shell: Shell) -> Iterator[Diagnosis]:
    vtysh = Vtysh(shell, options)
    version = vtysh.ask("show version").strip().splitlines()
    yield Diagnosis("reachable", True, version[0] if version else "answers")
    config = parse(device.name, vtysh.running())
    yield _marker(config)
    told = sessions(device.name, vtysh.ask("show bgp neighbors json"))
    yield _neighbors(device, config, told)
    yield _judging(device, told)
    yield _roles(device, told)
    yield _saving(options, shell, vtysh)


def _marker(config: Config) -> Diagnosis:
    if not config.hold:
        return Diagnosis("marker", True, f"no {HOLD_MARKER}: writing is not forbidden there")
    advice = f"ask who put it there; `no route-map {HOLD_MARKER}` (or what it is) ends it"
    return Diagnosis("marker", False, f"a {HOLD_MARKER} forbids to write to it", advice)


def _named(device: Device) -> list[str]:
    return [str(neighbor.address) for neighbor in device.neighbors]


def _neighbors(device: Device, config: Config, told: dict[str, Session]) -> Diagnosis:
    named = _named(device)
    missing = [name for name in named if name not in config.peers]
    if missing or not named:
        said = f"there is no {', '.join(missing)}" if missing else "the inventory states none"
        advice = "state under `neighbors` of this device what its configuration has"
        return Diagnosis("neighbors", False, said, advice)
    up = sum(1 for name in named if name in told and told[name].condition is Condition.UP)
    return Diagnosis("neighbors", True, f"{len(named)} of the inventory, {up} established")


def _judging(device: Device, told: dict[str, Session]) -> Diagnosis:
    without = [
        name
        for name in _named(device)
        if name in told
        and told[name].condition is Condition.UP
        and not (told[name].refresh or told[name].soft)
    ]
    if without:
        return Diagnosis(
            "route refresh",
            False,
            f"{', '.join(without)}: neither route refresh nor soft-reconfiguration: a new filter"
            " takes effect there only when the session is reset",
            "configure `neighbor X soft-reconfiguration inbound`",
        )
    kept = [name for name in _named(device) if name in told and told[name].soft]
    shown = f"kept as received from {', '.join(kept) or 'nobody'}"
    return Diagnosis("route refresh", True, f"routes are judged anew at once; {shown}")


def _roles(device: Device, told: dict[str, Session]) -> Diagnosis:
    some = [
        f"{name} {told[name].role[0]} (theirs {told[name].role[1]})"
        for name in _named(device)
        if name in told and told[name].role[0] != "undefined"
    ]
    if not some:
        said = "no neighbor has a local-role: leaks that carry OTC pass (RFC 9234)"
        return Diagnosis("roles", True, said)
    more = f" and {len(some) - _SHOWN} more" if len(some) > _SHOWN else ""
    return Diagnosis("roles", True, f"local-role: {', '.join(some[:_SHOWN])}{more}")


def _saving(options: Options, shell: Shell, vtysh: Vtysh) -> Diagnosis:
    path = f"{options.folder}/frr.conf"
    if options.save and shell.run(("test", "-w", path)).code != 0:
        apart = shell.run(("test", "-w", f"{options.folder}/bgpd.conf")).code
        if apart != 0:
            advice = "let this user write it (root, or sudo: yes), or say options.save: never"
            return Diagnosis("saving", False, f"{path} cannot be written", advice)
    saved = shell.read(path)
    if saved is None:
        return Diagnosis("saving", True, f"{path} does not exist: each daemon has its own file")
    text = saved.decode("utf-8", "replace")
    if ours_in(text) > SAVED:
        said = f"{path} has {ours_in(text)} entries of ours: at the next start they keep BGP down"
        advice = "`write memory` again when those orders are lifted, or remove their lines there"
        return Diagnosis("saving", False, said, advice)
    running = vtysh.running_everywhere()
    if options.save and ours_in(running) > SAVED:
        said = f"{ours_in(running)} entries of ours run and are not saved (more than {SAVED})"
        return Diagnosis("saving", True, f"{said}: after a restart the controller writes them anew")
    apart_by = _lines(running) ^ _lines(text)
    if not apart_by:
        return Diagnosis("saving", True, "what runs is what is saved")
    shown = "; ".join(sorted(apart_by)[:_SHOWN])
    return Diagnosis(
        "saving",
        True,
        f"{len(apart_by)} lines run or are saved alone: {shown};"
        " the next change of ours saves what runs, others' lines too",
    )


def _lines(text: str) -> set[str]:
    """Lines that configure something."""
    apart = ("!", "Building", "Current", "frr version", "hostname", "log ", "end", "exit")
    lines = (line.strip() for line in text.splitlines())
    return {line for line in lines if line and not line.startswith(apart)}
