# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of the database's files, disk and server, each broken on purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from enforcer.application.views import DoctorCheck
from enforcer.storage.server import ServerFacts
from enforcer.usecases import doctor_database as database
from tests.unit.usecases.office import Office

MIB = 2**20
HERE = Path("/var/lib/enforcer")
GOOD = ServerFacts(150_004, "15.4", datetime(2026, 5, 4, tzinfo=UTC))


def checks(office: Office) -> dict[str, DoctorCheck]:
    return {check.check: check for check in database.checks(office.world)}


def file_of(office: Office) -> Path:
    assert office.database.path is not None
    return office.database.path


def test_a_new_database_is_its_owner_s_alone(office: Office) -> None:
    assert checks(office)["database files"].ok
    assert file_of(office).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_files_that_others_can_read(office: Office, suffix: str, mode: int) -> None:
    file = file_of(office).with_name(file_of(office).name + suffix)
    file.touch()
    file.chmod(mode)
    found = checks(office)["database files"]
    assert not found.ok and f"{file.name} has mode {mode:04o}" in found.detail
    assert f"chmod 600 {file}" in found.advice and "personal data" in found.advice


def test_a_folder_in_which_others_may_replace_it(office: Office) -> None:
    folder = file_of(office).parent
    folder.chmod(0o777)
    found = checks(office)["database files"]
    assert not found.ok and found.advice == f"chmod go-w {folder}"
    folder.chmod(0o1777)
    assert checks(office)["database files"].ok


def test_the_schema_s_revision_is_said(office: Office) -> None:
    found = checks(office)["database"]
    assert found.ok and "revision" in found.detail and "C0FFEE" in found.detail


@pytest.mark.parametrize(
    ("free", "total", "ok"),
    [
        (200 * MIB, 1_000 * MIB, True),
        (99 * MIB, 1_000 * MIB, False),
        (500 * MIB, 100_000 * MIB, False),
        (1_001 * MIB, 100_000 * MIB, True),
    ],
)
def test_the_room_that_is_left(free: int, total: int, ok: bool) -> None:
    found = database.disk("ext4", free, total, HERE)
    assert found.ok is ok and f"{free // MIB:,} MiB free" in found.detail
    assert ok or "make room" in found.advice


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "9p", "fuse.sshfs"])
def test_file_systems_on_which_locks_do_not_work(kind: str) -> None:
    found = database.disk(kind, 10**12, 10**12, HERE)
    assert not found.ok and kind in found.detail and "PostgreSQL" in found.advice


def test_a_file_system_in_memory_is_information() -> None:
    found = database.disk("tmpfs", 10**12, 10**12, HERE)
    assert found.ok and "gone after a reboot" in found.detail


MOUNTS = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /srv rw,relatime shared:2 - nfs4 filer:/srv rw
31 30 8:2 / /srv/local\040disk rw,relatime - xfs /dev/sdb1 rw
40 22 8:3 / /over rw - ext4 /dev/sdc1 rw
41 22 0:50 / /over rw - tmpfs tmpfs rw
broken
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/lib", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/enforcer", "nfs4"),
        ("/srvs", "ext4"),
        ("/srv/local disk/enforcer", "xfs"),
        ("/over/here", "tmpfs"),
    ],
)
def test_the_innermost_and_last_mount_counts(folder: str, kind: str) -> None:
    assert database.kind_of(Path(folder), MOUNTS) == kind


def test_a_place_without_a_mount_is_unknown() -> None:
    assert database.kind_of(HERE, "") == ""


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (ServerFacts(120_017, "12.17", GOOD.now), "upgrade"),
        (ServerFacts(150_004, "15.4", GOOD.now, standby=True), "primary"),
        (ServerFacts(150_004, "15.4", GOOD.now, read_only=True), "default_transaction_read_only"),
        (ServerFacts(150_004, "15.4", GOOD.now, unsafe=("fsync",)), "power cut"),
    ],
)
def test_a_server_that_cannot_be_relied_on(facts: ServerFacts, said: str) -> None:
    found = database.server(facts)
    assert not found.ok and said in found.advice
    assert database.server(GOOD).ok
