# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of each device: credentials, host key, and what its driver finds."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from enforcer import secrets
from enforcer.application.views import DoctorCheck
from enforcer.core.host_keys import SSH_PORT, USUAL_FILES, holds_host, how_to_record, is_key
from enforcer.core.rules import Owner
from enforcer.core.topology import Device
from enforcer.errors import ConfigurationInvalid, EnforcerError
from enforcer.usecases.doctor_findings import finding, good
from enforcer.usecases.world import World

AT_ONCE = 8
_ANYBODY_READS = 0o004


def checks(world: World) -> list[DoctorCheck]:
    """Device by device, by name. Several are asked at once: one that hangs delays few others."""
    try:
        devices = sorted(world.topology.devices.items())
        owner = world.evidence.identity()
    except EnforcerError:
        # Inventory and database have said so.
        return []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda item: list(_device(world, item[1], owner)), devices))
    return [check for some in found for check in some]


def _device(world: World, device: Device, owner: Owner) -> Iterator[DoctorCheck]:
    base, name = world.installation.base, f"device {device.name}"
    yield from _credentials(f"{name}: credentials", device, base)
    if "host" in device.transport:
        yield host_key(f"{name}: host key", device, base)
    try:
        diagnosed = world.driver_for(device, owner).diagnose()
    except (EnforcerError, OSError) as error:
        yield finding(name, str(error), "correct it in the inventory")
        return
    for one in diagnosed:
        yield DoctorCheck(
            check=f"{name}: {one.check}", ok=one.ok, detail=one.detail, advice=one.advice
        )


def _credentials(check: str, device: Device, base: Path) -> Iterator[DoctorCheck]:
    """Can the secrets be read that the device's entry refers to, and can everybody read them?"""
    named = [device.credentials, *(v for _, v in sorted(device.transport.items()))]
    references = [text for text in named if text and secrets.is_reference(text)]
    if not references:
        return
    try:
        for reference in references:
            secrets.read(reference, base)
    except ConfigurationInvalid as error:
        yield finding(check, str(error), "correct that, or `credentials` in the inventory")
        return
    files = [base / text.removeprefix("file:") for text in references if text.startswith("file:")]
    loose = [str(file) for file in files if stat.S_IMODE(file.stat().st_mode) & _ANYBODY_READS]
    if loose:
        said = f"anybody on this machine can read {', '.join(loose)}"
        yield finding(check, said, f"chmod 600 {' '.join(loose)}")
    else:
        yield good(check, f"{', '.join(references)} can be read")


def host_key(check: str, device: Device, base: Path) -> DoctorCheck:
    """Whether the key by which the device proves who it is was recorded. Connects to nobody."""
    host = device.transport["host"]
    stated = device.transport.get("port", "")
    if stated and not (stated.isdecimal() and 0 < int(stated) < 65_536):
        return finding(check, f"port {stated!r} is no port", "correct `port` in its transport")
    port = int(stated or SSH_PORT)
    key, known_hosts = device.transport.get("host_key"), device.transport.get("known_hosts")
    if key is not None:
        if is_key(key):
            return good(check, f"recorded in the inventory ({key.split()[0]})")
        said = "host_key is no public key in OpenSSH's form (ssh-ed25519 AAAA...)"
        return finding(check, said, how_to_record(host, port, "known_hosts"))
    if known_hosts is None:
        return _usual_host_key(check, host, port)
    file = base / Path(known_hosts).expanduser()
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        said = f"{file} cannot be read: {error.strerror}"
        return finding(check, said, how_to_record(host, port, str(file)))
    if holds_host(text, host, port):
        return good(check, f"{host} is in {file}")
    return finding(check, f"{host} is not in {file}", how_to_record(host, port, str(file)))


def _usual_host_key(check: str, host: str, port: int) -> DoctorCheck:
    """Neither key nor file is named: OpenSSH's own files count, as they do at login."""
    for name in USUAL_FILES:
        try:
            text = Path(name).expanduser().read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if holds_host(text, host, port):
            return good(check, f"{host} is in {name}")
    said = f"none is recorded for {host}: anybody in between could pose as it"
    return finding(check, said, how_to_record(host, port, "known_hosts"))
