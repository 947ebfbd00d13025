# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks everything that a first installation gets wrong, and says what to do.

What breaks everything comes first: this machine, the database, the controller, the inventory,
then each device. `enforcer.usecases.doctor_table` lists all checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from enforcer.application.views import DoctorCheck
from enforcer.core.topology import Device
from enforcer.errors import EnforcerError, StorageError
from enforcer.usecases import (
    doctor_control,
    doctor_database,
    doctor_devices,
    doctor_installation,
    doctor_machine,
    doctor_service,
)
from enforcer.usecases.doctor_clock import clock
from enforcer.usecases.doctor_findings import guarded
from enforcer.usecases.world import World


def doctor(world: World) -> list[DoctorCheck]:
    """All checks; none of them raises, and nothing is changed."""
    return [
        *_machine(_devices(world)),
        doctor_installation.settings(world.installation.settings),
        *doctor_database.checks(world),
        guarded("clock", lambda: clock(world), "see the check of the database"),
        doctor_installation.signing_key(world),
        *doctor_control.checks(world),
        *doctor_service.checks(world),
        *doctor_installation.inventory(world),
        *doctor_devices.checks(world),
    ]


def doctor_without_database(
    settings: Path | None, url: str, error: StorageError
) -> list[DoctorCheck]:
    """What can be checked where the database at `url` could not be opened because of `error`."""
    return [
        *_machine(()),
        doctor_installation.settings(settings),
        *doctor_database.unopened(url, error),
    ]


def _machine(devices: Iterable[Device]) -> Iterator[DoctorCheck]:
    yield from doctor_machine.packages()
    yield doctor_machine.python_packages()
    yield doctor_machine.drivers()
    yield doctor_machine.kernel()
    yield guarded(
        "rights",
        lambda: doctor_machine.rights(devices, doctor_machine.effective_capabilities()),
        "mount /proc",
    )


def _devices(world: World) -> tuple[Device, ...]:
    try:
        return tuple(world.topology.devices.values())
    except EnforcerError:
        # The check of the inventory says so.
        return ()
