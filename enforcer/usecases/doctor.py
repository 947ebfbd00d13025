# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks everything that a first installation gets wrong, and says what to do."""

from __future__ import annotations

import importlib.util
import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path

from enforcer.application.views import DoctorCheck
from enforcer.control.ownership import LEFT_BEHIND
from enforcer.errors import AuditBroken, EnforcerError
from enforcer.registry import platforms
from enforcer.usecases.world import World

_OLDEST_KERNEL = (5, 10)
_PACKAGES = ("enforcer", "drivers", "inventory")
_CAP_NET_ADMIN = 12  # capability.h


def doctor(world: World) -> list[DoctorCheck]:
    """All checks; none of them raises."""
    return [
        *_packages(),
        _kernel(),
        _rights(),
        _drivers(),
        _guarded("database", lambda: _database(world), "run `enforcer init`"),
        _guarded("audit chain", lambda: _audit(world), AuditBroken.REMEDY),
        _guarded("inventory", lambda: _inventory(world), "run `enforcer inventory check`"),
        _controller(world),
        *_devices(world),
    ]


def _guarded(name: str, check: Callable[[], str], advice: str) -> DoctorCheck:
    try:
        return DoctorCheck(check=name, ok=True, detail=check())
    except EnforcerError as error:
        return DoctorCheck(check=name, ok=False, detail=str(error), advice=advice)


def _packages() -> Iterator[DoctorCheck]:
    """A foreign distribution with one of our top-level names would shadow ours."""
    ours = importlib.util.find_spec("enforcer")
    home = Path(ours.origin).parent.parent if ours and ours.origin else None
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        place = Path(spec.origin).parent.parent if spec and spec.origin else None
        yield DoctorCheck(
            check=f"package {name}",
            ok=place is not None and place == home,
            detail=f"loaded from {place}" if place else "not found",
            advice="" if place == home else "another distribution shadows it: uninstall that one",
        )


def _kernel() -> DoctorCheck:
    release = platform.release()
    numbers = tuple(int(part) for part in release.split("-")[0].split(".")[:2] if part.isdigit())
    return DoctorCheck(
        check="kernel",
        ok=numbers >= _OLDEST_KERNEL,
        detail=f"Linux {release}",
        advice="" if numbers >= _OLDEST_KERNEL else "local nftables needs Linux 5.10 or newer",
    )


def _rights() -> DoctorCheck:
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    effective = next(
        (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff")), 0
    )
    may = bool(effective >> _CAP_NET_ADMIN & 1)
    return DoctorCheck(
        check="rights",
        ok=may,
        detail=f"uid {os.geteuid()}, {'with' if may else 'without'} CAP_NET_ADMIN",
        advice="" if may else "run as root or grant CAP_NET_ADMIN (systemd: AmbientCapabilities=)",
    )


def _drivers() -> DoctorCheck:
    found = platforms()
    return DoctorCheck(
        check="drivers",
        ok=bool(found),
        detail=", ".join(found) or "none",
        advice="" if found else "install this distribution anew: its entry points are missing",
    )


def _database(world: World) -> str:
    with world.database.read() as reader:
        owner = reader.control.identity()
    return f"controller {owner.controller}, epoch {owner.epoch}"


def _audit(world: World) -> str:
    with world.database.read() as reader:
        verdict = reader.audit.verify()
    if not verdict.ok:
        raise AuditBroken(f"the audit chain is broken: {verdict.why}")
    return f"{verdict.entries} entries hold"


def _inventory(world: World) -> str:
    topology = world.topology
    with world.database.read() as reader:
        gone = sorted(reader.devices.all_facts().keys() - topology.devices.keys())
    if gone:
        raise EnforcerError(f"{', '.join(gone)} left the inventory; {LEFT_BEHIND}")
    return f"{len(topology.devices)} devices, {len(topology.customers)} customers"


def _controller(world: World) -> DoctorCheck:
    led = world.led()
    return DoctorCheck(
        check="controller",
        ok=led,
        detail="running" if led else "not running",
        advice="" if led else "orders wait until `enforcer run` (or give `--wait`)",
    )


def _devices(world: World) -> Iterator[DoctorCheck]:
    try:
        devices = world.topology.devices
        owner = world.evidence.identity()
    except EnforcerError:
        return
    for name, device in sorted(devices.items()):
        try:
            found = world.driver_for(device, owner).diagnose()
        except EnforcerError as error:
            advice = "correct it in the inventory"
            yield DoctorCheck(check=f"device {name}", ok=False, detail=str(error), advice=advice)
            continue
        for one in found:
            yield DoctorCheck(
                check=f"device {name}: {one.check}",
                ok=one.ok,
                detail=one.detail,
                advice=one.advice,
            )
