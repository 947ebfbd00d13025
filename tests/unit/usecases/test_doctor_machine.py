# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of the machine, each broken on purpose."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from enforcer.core.topology import Device
from enforcer.usecases import doctor_machine as machine

HOME = Path("/usr/lib/enforcer")
NET, SYS = 1 << machine.CAP_NET_ADMIN, 1 << machine.CAP_SYS_ADMIN
LOCAL = Device("r1", "nftables", transport={"local": "yes"})
INSIDE = Device("r2", "nftables", transport={"netns": "r2"})
AWAY = Device("r3", "vyos", transport={"host": "192.0.2.3"})


def test_the_packages_of_this_process_are_ours(repository: Path) -> None:
    found = list(machine.packages())
    assert [check.ok for check in found] == [True] * 3
    assert all(str(repository) in check.detail for check in found)


def test_a_foreign_package_that_shadows_ours_is_named_with_its_place() -> None:
    other = Path("/usr/lib/python3/dist-packages")
    places = {"enforcer": HOME, "drivers": other, "inventory": HOME}
    ours, foreign, also = machine.packages(places.get)
    assert ours.ok and also.ok
    assert (foreign.check, foreign.ok) == ("package drivers", False)
    assert str(other) in foreign.detail and "uninstall" in foreign.advice


def test_a_package_that_is_missing() -> None:
    *_, last = machine.packages({"enforcer": HOME, "drivers": HOME}.get)
    assert not last.ok and last.detail == "not found"


def test_the_packages_that_we_need_are_here() -> None:
    assert machine.python_packages().ok


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("there>=2", "there is 1.20.3, needed is >=2"),
        ("there<1.20", "there is 1.20.3"),
        ("there[extra]~=1.21", "there is 1.20.3"),
        ("gone~=1.0", "gone is missing"),
    ],
)
def test_a_package_that_is_missing_or_of_another_version(requirement: str, said: str) -> None:
    def installed(name: str) -> str:
        if name != "there":
            raise PackageNotFoundError(name)
        return "1.20.3"

    found = machine.python_packages([requirement, "there~=1.20"], installed)
    assert not found.ok and said in found.detail and "install" in found.advice
    assert machine.python_packages(["there~=1.20", 'gone; extra == "dev"'], installed).ok


def test_without_metadata_nothing_is_installed() -> None:
    assert not machine.python_packages([]).ok


@pytest.mark.parametrize(
    ("version", "bounds", "fit"),
    [
        ("1.20.0", "~=1.20", True),
        ("1.99", "~=1.20", True),
        ("2.0", "~=1.20", False),
        ("0.9.7", "~=0.9.7", True),
        ("0.10.0", "~=0.9.7", False),
        ("3.2", ">=3,<5", True),
        ("5", ">=3,<5", False),
        ("1.4.7", "==1.4.*", True),
        ("1.5", "==1.4.*", False),
        ("1.4.0", "==1.4", True),
        ("1.4", "!=1.4", False),
        ("45.0.1rc1", ">=45", True),
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_as_numbers(version: str, bounds: str, fit: bool) -> None:
    assert machine.fits(version, bounds) is fit


@pytest.mark.parametrize(
    ("release", "ok"),
    [
        ("6.1.0-18-amd64", True),
        ("5.10.0", True),
        ("5.9.16", False),
        ("4.19.0-26-amd64", False),
        ("6.12-rc3", True),
    ],
)
def test_the_kernel_s_version(release: str, ok: bool) -> None:
    found = machine.kernel(release)
    assert found.ok is ok and release in found.detail and bool(found.advice) is not ok


def test_no_drivers() -> None:
    assert not machine.drivers(()).ok
    assert "nftables" in machine.drivers().detail


@pytest.mark.parametrize(
    ("devices", "effective", "missing"),
    [
        ([LOCAL], 0, ["CAP_NET_ADMIN"]),
        ([LOCAL], NET, []),
        ([LOCAL, INSIDE], NET, ["CAP_SYS_ADMIN"]),
        ([INSIDE], 0, ["CAP_NET_ADMIN", "CAP_SYS_ADMIN"]),
        ([INSIDE], NET | SYS, []),
        ([AWAY], 0, []),
        ([AWAY, LOCAL], SYS, ["CAP_NET_ADMIN"]),
        ([], 0, ["CAP_NET_ADMIN"]),
    ],
)
def test_the_rights_that_the_devices_ask_for(
    devices: list[Device], effective: int, missing: list[str]
) -> None:
    found = machine.rights(devices, effective)
    assert found.ok == (not missing)
    assert all(name in found.detail and name in found.advice for name in missing)
