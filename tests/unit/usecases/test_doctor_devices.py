# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of credentials and host keys: nothing is connected to for them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from enforcer.application.views import DoctorCheck
from enforcer.core.host_keys import holds_host, is_key
from enforcer.core.topology import Device
from enforcer.usecases import doctor_devices
from enforcer.usecases.installation import Installation
from tests.unit.usecases.desks import equip
from tests.unit.usecases.office import TOPOLOGY, Office

TYPE = b"ssh-ed25519"
BLOB = len(TYPE).to_bytes(4, "big") + TYPE + (32).to_bytes(4, "big") + bytes(range(32))
KEY = f"ssh-ed25519 {b64encode(BLOB).decode()}"
# Made with `ssh-keygen -H` from lines for 192.0.2.7 and [192.0.2.7]:2222.
HASHED_22 = f"|1|vR0x82FvUn+ek2uj5EAKxVgfSY8=|UUHBYU1BzhUt45xmhbqsrO5h2ck= {KEY}"
HASHED_2222 = f"|1|6iKd7KQgT/ReR0GNAD1AU5R1BaY=|h2tvd/lbx2qdDwY4Yh+d5sQKiW4= {KEY}"


def checks(office: Office, base: Path, device: Device) -> dict[str, DoctorCheck]:
    equip(office, replace(TOPOLOGY, devices={device.name: device}))
    world = replace(office.world, installation=Installation(base=base))
    return {check.check.partition(": ")[2]: check for check in doctor_devices.checks(world)}


def edge(**transport: str) -> Device:
    return replace(TOPOLOGY.devices["edge1"], transport=transport)


def test_a_device_here_without_credentials_has_nothing_to_check(
    office: Office, tmp_path: Path
) -> None:
    assert set(checks(office, tmp_path, TOPOLOGY.devices["edge1"])) == {"reachable"}


# -- credentials -------------------------------------------------------------------------------


def test_a_reference_that_leads_nowhere(office: Office, tmp_path: Path) -> None:
    device = replace(edge(), credentials="file:edge1.secret")
    found = checks(office, tmp_path, device)["credentials"]
    assert not found.ok and str(tmp_path / "edge1.secret") in found.detail
    (tmp_path / "edge1.secret").write_text("s3cret\n")
    (tmp_path / "edge1.secret").chmod(0o600)
    good = checks(office, tmp_path, device)["credentials"]
    assert good.ok and "s3cret" not in good.detail


def test_a_secret_that_everybody_can_read(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "edge1.secret"
    file.write_text("s3cret\n")
    file.chmod(0o644)
    device = replace(edge(), credentials="file:edge1.secret")
    found = checks(office, tmp_path, device)["credentials"]
    assert not found.ok and found.advice == f"chmod 600 {file}"


def test_a_reference_in_the_transport_counts_too(office: Office, tmp_path: Path) -> None:
    found = checks(office, tmp_path, edge(key="env:NO_SUCH_VARIABLE_HERE"))["credentials"]
    assert not found.ok and "NO_SUCH_VARIABLE_HERE" in found.detail


# -- host keys ---------------------------------------------------------------------------------


def test_a_device_elsewhere_without_a_recorded_key(office: Office, tmp_path: Path) -> None:
    found = checks(office, tmp_path, edge(host="192.0.2.7", port="2222"))["host key"]
    assert not found.ok and "192.0.2.7" in found.detail
    for step in ("ssh-keyscan -p 2222 192.0.2.7", "ssh-keygen -lf", "console", "`known_hosts`"):
        assert step in found.advice


def test_a_known_hosts_file_that_is_missing_or_holds_another_host(
    office: Office, tmp_path: Path
) -> None:
    device = edge(host="192.0.2.7", known_hosts="known_hosts")
    missing = checks(office, tmp_path, device)["host key"]
    assert not missing.ok and "cannot be read" in missing.detail
    file = tmp_path / "known_hosts"
    file.write_text(f"192.0.2.8 {KEY}\n")
    other = checks(office, tmp_path, device)["host key"]
    assert not other.ok and f"is not in {file}" in other.detail
    assert f">> {file}" in other.advice
    file.write_text(f"192.0.2.8 {KEY}\n192.0.2.7 {KEY}\n")
    assert checks(office, tmp_path, device)["host key"].ok


def test_a_key_in_the_inventory(office: Office, tmp_path: Path) -> None:
    assert checks(office, tmp_path, edge(host="r", host_key=KEY))["host key"].ok
    found = checks(office, tmp_path, edge(host="r", host_key="ssh-ed25519 AAAA"))["host key"]
    assert not found.ok and "OpenSSH" in found.detail


def test_a_port_that_is_none(office: Office, tmp_path: Path) -> None:
    found = checks(office, tmp_path, edge(host="r", port="ssh", host_key=KEY))["host key"]
    assert not found.ok and "'ssh'" in found.detail


@pytest.mark.parametrize(
    ("line", "port", "held"),
    [
        (f"192.0.2.7 {KEY}", 22, True),
        (f"192.0.2.7 {KEY}", 2222, False),
        (f"[192.0.2.7]:2222 {KEY} a comment", 2222, True),
        (f"[192.0.2.7]:2222 {KEY}", 22, False),
        (f"edge7,192.0.2.7 {KEY}", 22, True),
        (f"192.0.2.* {KEY}", 22, True),
        (f"192.0.2.?,!192.0.2.7 {KEY}", 22, False),
        (f"192x0.2.7 {KEY}", 22, False),
        (f"@cert-authority 192.0.2.* {KEY}", 22, False),
        (f"@revoked 192.0.2.7 {KEY}", 22, False),
        (f"192.0.2.7 {KEY}\n@revoked * {KEY}", 22, False),
        (f"# 192.0.2.7 {KEY}", 22, False),
        ("192.0.2.7 ssh-ed25519", 22, False),
        ("192.0.2.7 ssh-ed25519 bm90IGEga2V5", 22, False),
        (HASHED_22, 22, True),
        (HASHED_22, 2222, False),
        (HASHED_2222, 2222, True),
        (f"|1|x|y {KEY}", 22, False),
        (f"|1|x {KEY}", 22, False),
        ("", 22, False),
    ],
)
def test_lines_of_a_known_hosts_file(line: str, port: int, held: bool) -> None:
    assert holds_host(f"\n{line}\n", "192.0.2.7", port) is held


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        (KEY, True),
        (f"{KEY} root@edge7", True),
        (KEY.replace("ssh-ed25519", "ssh-rsa"), False),
        (KEY[:20], False),
        ("ssh-ed25519 ???", False),
        ("", False),
    ],
)
def test_public_keys(text: str, ok: bool) -> None:
    assert is_key(text) is ok
