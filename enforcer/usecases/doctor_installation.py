# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of what was set up: settings, signing key, inventory."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

from enforcer.application.views import DoctorCheck
from enforcer.control.ownership import LEFT_BEHIND
from enforcer.control.settling import left_behind
from enforcer.control.signing_clock import EVERY
from enforcer.core.inventory_change import merge
from enforcer.core.inventory_differences import changes
from enforcer.core.protection import DERIVED
from enforcer.core.topology import Mode, Topology
from enforcer.errors import ConfigurationInvalid, EnforcerError
from enforcer.settings import shown_url
from enforcer.signing import load_key
from enforcer.usecases.doctor_findings import counted, finding, good, guarded, listed
from enforcer.usecases.in_force import InForce
from enforcer.usecases.world import World

SETTINGS, KEY = "settings file", "signing key"
INVENTORY, FILES, IMPORTS = "inventory", "inventory files", "inventory imports"
LEFT, PROTECTED, CONTACTS, MODES = "left behind", "protected space", "contacts", "device modes"
_OTHERS_READ, _ANYBODY_WRITES = 0o044, 0o002
_CHECK = "correct them: `enforcer inventory check` says where"


def settings(file: Path | None) -> DoctorCheck:
    """Who can read a password that stands in the file, and who can change the file."""
    return guarded(SETTINGS, lambda: _settings(file), "give it to the user that runs enforcer")


def _settings(file: Path | None) -> DoctorCheck:
    if file is None:
        return good(SETTINGS, "none: all settings come from the environment")
    mode = stat.S_IMODE(file.stat().st_mode)
    lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    stated = (line for line in lines if not line.lstrip().startswith("#"))
    if mode & _OTHERS_READ and any(shown_url(line) != line for line in stated):
        said = f"{file} holds a password, and others can read it (mode {mode:04o})"
        advice = f'chmod 600 {file}, or keep the URL apart: database = "file:PATH"'
        return finding(SETTINGS, said, advice)
    if mode & _ANYBODY_WRITES:
        return finding(
            SETTINGS, f"anybody may change {file} (mode {mode:04o})", f"chmod o-w {file}"
        )
    return good(SETTINGS, str(file))


def signing_key(world: World) -> DoctorCheck:
    """Whether there is a key, it can be used, and the chain was signed lately."""
    # The error says what to do itself.
    return guarded(KEY, lambda: _signing_key(world), "until then the audit chain is not signed")


def _signing_key(world: World) -> DoctorCheck:
    if world.signing_key is None:
        said = (
            "none: whoever can write to the database could rewrite the audit chain; make one"
            " with `enforcer audit key`, and name it as signing_key in the settings"
        )
        return good(KEY, said)
    key = load_key(world.signing_key)
    with world.database.read() as reader:
        newest = reader.signatures.newest()
    led = world.led()
    late = newest is None or abs(world.clock.now() - newest.at) > 2 * EVERY
    if late and led:
        when = "never" if newest is None else f"not since {newest.at:%Y-%m-%d %H:%M}Z"
        advice = "see the controller's log for why; it may run with older settings: restart it"
        return finding(KEY, f"the chain was {when} signed, though a controller runs", advice)
    if newest is None:
        return good(KEY, "good; the controller signs when it starts, then once a day")
    other = ", by another key" if newest.key != key.name else ""
    return good(KEY, f"good; position {newest.seq} was signed {newest.at:%Y-%m-%d %H:%M}Z{other}")


def inventory(world: World) -> Iterator[DoctorCheck]:
    """The inventory in force, what its files say, and what would be dangerous in it."""
    standing: InForce | None = None
    try:
        standing = world.in_force()
        yield _in_force(standing)
    except ConfigurationInvalid as error:
        yield finding(INVENTORY, f"none is in force, and the files do not load: {error}", _CHECK)
    except (EnforcerError, OSError) as error:
        yield finding(INVENTORY, str(error), "see the check of the database")
    yield from _files(world, standing)
    if standing is None:
        return
    topology = standing.topology
    yield guarded(LEFT, lambda: _left(world, topology), "see `enforcer audit list`")
    yield protected(topology)
    yield contacts(topology)
    yield modes(topology)


def _in_force(standing: InForce) -> DoctorCheck:
    topology = standing.topology
    size = (
        f"{counted(len(topology.devices), 'device')},"
        f" {counted(len(topology.customers), 'customer')}"
    )
    if not topology.devices:
        return finding(INVENTORY, size, "state your devices in its files: nothing can be enforced")
    if standing.version is None:
        return good(INVENTORY, f"{size}; as in the files, until the controller puts it in force")
    return good(INVENTORY, f"{size}, in force since change {standing.version.seq}")


def _files(world: World, standing: InForce | None) -> Iterator[DoctorCheck]:
    try:
        loaded, notes = _read(world)
    except (ConfigurationInvalid, OSError) as error:
        yield finding(FILES, f"they do not load, what is in force stays: {error}", _CHECK)
        return
    yield _differing(standing, loaded)
    if notes:
        advice = "see that what is imported can be read: what is known of it grows old"
        yield finding(IMPORTS, "; ".join(notes), advice)


def _read(world: World) -> tuple[Topology, tuple[str, ...]]:
    if world.installation.read_files is None:
        return world.load_topology(), ()
    return world.installation.read_files()


def _differing(standing: InForce | None, loaded: Topology) -> DoctorCheck:
    if standing is None or standing.version is None:
        return good(FILES, "they load")
    found = changes(standing.topology, merge(standing.topology, loaded))
    if not found:
        return good(FILES, "as in force")
    some = listed([f"{one.section} {one.name} {one.what}" for one in found])
    advice = "look at `enforcer inventory diff`, then `enforcer inventory reload`"
    return finding(FILES, f"not in force yet: {some}", advice)


def _left(world: World, topology: Topology) -> DoctorCheck:
    with world.database.read() as reader:
        gone = left_behind(reader, topology)
    if gone:
        return finding(
            LEFT, f"{listed(gone)} left the inventory without being retired", LEFT_BEHIND
        )
    return good(LEFT, "no device left the inventory with something on it")


def protected(topology: Topology) -> DoctorCheck:
    """Space that no order may block: an installation without any can cut itself off."""
    advice = (
        "state `infrastructure:` in the inventory (controller, dns, ntp, syslog, aaa, database,"
        " ix, identity) and the devices' `addresses`: nothing keeps an order from cutting them off"
    )
    found = topology.protected
    if not found and topology.documentation_space:
        return good(PROTECTED, "none, in a lab (documentation_space)")
    if not found:
        return finding(PROTECTED, "none", advice)
    size = counted(len(found), "prefix", "prefixes")
    if all(one.origin in DERIVED for one in found):
        return good(PROTECTED, f"{size}, the devices' own alone: state `infrastructure:` too")
    return good(PROTECTED, size)


def contacts(topology: Topology) -> DoctorCheck:
    """Information: a customer without contacts cannot be told what was done to it."""
    silent = [name for name, one in sorted(topology.customers.items()) if not one.contacts]
    if silent:
        return good(CONTACTS, f"{counted(len(silent), 'customer')} without any: {listed(silent)}")
    return good(CONTACTS, "every customer has one" if topology.customers else "no customers")


def modes(topology: Topology) -> DoctorCheck:
    """Information: a device in observe mode is read and never written."""
    observed = [n for n, d in sorted(topology.devices.items()) if d.mode is Mode.OBSERVE]
    if not observed:
        return good(MODES, "all enforce" if topology.devices else "no devices")
    every = len(observed) == len(topology.devices)
    who = "all devices observe" if every else f"{listed(observed)} only observed"
    said = f"{who}, nothing is written there; `enforcer device mode NAME enforce` changes that"
    return good(MODES, said)
