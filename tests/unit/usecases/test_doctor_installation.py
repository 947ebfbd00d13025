# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of settings, signing key and inventory, each broken on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.application.views import DoctorCheck
from enforcer.control.leadership import leading
from enforcer.control.signing_clock import SigningClock
from enforcer.core.status import DeviceFacts
from enforcer.core.topology import Contact, Mode, ProtectedPrefix, Topology
from enforcer.errors import ConfigurationInvalid
from enforcer.signing import create_key
from enforcer.usecases import doctor_installation as installation
from enforcer.usecases.installation import Installation
from enforcer.usecases.world import World
from tests.fakes.device import FakeDevice
from tests.unit.usecases.desks import equip
from tests.unit.usecases.office import ANN, TOPOLOGY, Office, router

SECRET = 'database = "postgresql://enforcer:hunter2@db.example.net/enforcer"\n'


def settings(tmp_path: Path, text: str, mode: int) -> DoctorCheck:
    file = tmp_path / "enforcer.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(mode)
    return installation.settings(file)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_settings_with_a_password_that_others_can_read(tmp_path: Path, mode: int) -> None:
    found = settings(tmp_path, SECRET, mode)
    assert not found.ok and "chmod 600" in found.advice and f"{mode:04o}" in found.detail
    assert "hunter2" not in found.model_dump_json()


@pytest.mark.parametrize(
    ("text", "mode", "ok"),
    [
        (SECRET, 0o600, True),
        (f"# {SECRET}", 0o644, True),
        ('database = "postgresql://enforcer@db.example.net/enforcer"\n', 0o644, True),
        ('database = "file:/run/secrets/url"\n', 0o644, True),
        ("", 0o666, False),
    ],
)
def test_settings_that_hold_none(tmp_path: Path, text: str, mode: int, ok: bool) -> None:
    assert settings(tmp_path, text, mode).ok is ok


def test_settings_from_the_environment_and_settings_that_are_gone(tmp_path: Path) -> None:
    assert installation.settings(None).ok
    assert not installation.settings(tmp_path / "gone.toml").ok


# -- the signing key ---------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "audit.key"
    create_key(path)
    return path


def signing(office: Office, path: Path | None) -> DoctorCheck:
    return installation.signing_key(replace(office.world, signing_key=path))


@pytest.fixture
def running(office: Office) -> Iterator[Office]:
    """A controller leads, and there is something to sign."""
    with office.database.write() as work:
        work.record("test.made", ANN, at=office.clock.now(), payload={})
    with leading(office.database):
        yield office


def test_no_key_is_information_with_a_hint(office: Office) -> None:
    found = signing(office, None)
    assert found.ok and "enforcer audit key" in found.detail


def test_a_key_that_others_can_read_or_nobody(office: Office, key: Path) -> None:
    assert signing(office, key).ok
    key.chmod(0o640)
    found = signing(office, key)
    assert not found.ok and "chmod 600" in found.detail
    assert not signing(office, key.with_name("gone.key")).ok


def test_a_chain_that_a_running_controller_never_signed(running: Office, key: Path) -> None:
    found = signing(running, key)
    assert not found.ok and "never signed" in found.detail and "log" in found.advice


def test_a_chain_that_was_not_signed_lately(running: Office, key: Path) -> None:
    SigningClock(running.database, key, running.clock).look()
    running.clock.advance(timedelta(hours=47).total_seconds())
    assert signing(running, key).ok
    running.clock.advance(timedelta(hours=2).total_seconds())
    found = signing(running, key)
    assert not found.ok and "not since 2026-05-04 12:00Z" in found.detail


def test_while_no_controller_runs_nobody_signs(office: Office, key: Path) -> None:
    with office.database.write() as work:
        work.record("test.made", ANN, at=office.clock.now(), payload={})
    SigningClock(office.database, key, office.clock).look()
    office.clock.advance(timedelta(days=9).total_seconds())
    assert signing(office, key).ok


# -- the inventory -----------------------------------------------------------------------------


def inventory(world: World) -> dict[str, DoctorCheck]:
    return {check.check: check for check in installation.inventory(world)}


def test_an_inventory_without_devices(office: Office) -> None:
    equip(office, Topology())
    found = inventory(office.world)["inventory"]
    assert not found.ok and "state your devices" in found.advice


def test_files_that_differ_from_what_is_in_force(office: Office) -> None:
    assert inventory(office.world)["inventory files"].detail == "they load"
    office.app.inventory_reload(ANN, "first")
    assert inventory(office.world)["inventory files"].detail == "as in force"
    office.boxes["edge3"] = FakeDevice("edge3", office.clock)
    equip(office, replace(TOPOLOGY, devices={**TOPOLOGY.devices, "edge3": router("edge3")}))
    found = inventory(office.world)["inventory files"]
    assert not found.ok and "device edge3 added" in found.detail
    assert "enforcer inventory diff" in found.advice and "inventory reload" in found.advice
    office.app.inventory_reload(ANN, "second")
    assert inventory(office.world)["inventory files"].ok


def test_files_that_do_not_load_while_another_inventory_is_in_force(office: Office) -> None:
    office.app.inventory_reload(ANN, "first")

    def load() -> Topology:
        raise ConfigurationInvalid("inventory.yaml:3: no such key")

    found = inventory(replace(office.world, load_topology=load))
    assert found["inventory"].ok and found["inventory"].detail.endswith("since change 1")
    failed = found["inventory files"]
    assert not failed.ok and "what is in force stays" in failed.detail
    assert "inventory.yaml:3" in failed.detail


def test_imports_that_came_from_a_cache(office: Office) -> None:
    note = "netbox: it does not answer; its cache of yesterday is used"
    some = Installation(read_files=lambda: (TOPOLOGY, (note,)))
    found = inventory(replace(office.world, installation=some))["inventory imports"]
    assert not found.ok and found.detail == note and found.advice
    assert "inventory imports" not in inventory(office.world)


def test_a_device_that_left_with_something_on_it(office: Office) -> None:
    assert inventory(office.world)["left behind"].ok
    with office.database.write() as work:
        work.devices.save_facts("edge9", DeviceFacts(verified_seq=1))
    found = inventory(office.world)["left behind"]
    assert not found.ok and "edge9" in found.detail and "put it back" in found.advice


def test_an_installation_that_protects_nothing() -> None:
    bare = replace(TOPOLOGY, documentation_space=False)
    found = installation.protected(bare)
    assert not found.ok and "infrastructure:" in found.advice
    assert installation.protected(TOPOLOGY).ok
    own = ProtectedPrefix(ip_network("203.0.113.1"), "edge1's own", "management")
    derived = installation.protected(replace(bare, protected=(own,)))
    assert derived.ok and "state `infrastructure:` too" in derived.detail
    stated = replace(own, origin="dns")
    assert installation.protected(replace(bare, protected=(own, stated))).detail == "2 prefixes"


def test_customers_without_contacts_are_named() -> None:
    found = installation.contacts(TOPOLOGY)
    assert found.ok and found.detail == "3 customers without any: cust1, cust2, twice"
    reached = {
        name: replace(customer, contacts=(Contact("desk", "mail", "desk@example.net"),))
        for name, customer in TOPOLOGY.customers.items()
    }
    assert installation.contacts(replace(TOPOLOGY, customers=reached)).detail.startswith("every")


def test_devices_that_are_only_observed() -> None:
    assert installation.modes(TOPOLOGY).detail == "all enforce"
    watched = {n: replace(d, mode=Mode.OBSERVE) for n, d in TOPOLOGY.devices.items()}
    found = installation.modes(replace(TOPOLOGY, devices=watched))
    assert found.ok and found.detail.startswith("all devices observe, nothing is written")
    one = {**TOPOLOGY.devices, "edge1": watched["edge1"]}
    assert "edge1 only observed" in installation.modes(replace(TOPOLOGY, devices=one)).detail
