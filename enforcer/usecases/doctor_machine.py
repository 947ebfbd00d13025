# SPDX-License-Identifier: GPL-2.0-or-later
"""The doctor's checks of this machine: packages, kernel, rights."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from pathlib import Path

from enforcer.application.views import DoctorCheck
from enforcer.core.topology import Device
from enforcer.registry import platforms
from enforcer.usecases.doctor_findings import finding, good, listed

DISTRIBUTION = "network-enforcer"
PYTHON = "python packages"
PACKAGES = ("enforcer", "drivers", "inventory")
CAP_NET_ADMIN, CAP_SYS_ADMIN = 12, 21  # linux/capability.h
_NAMES = {CAP_NET_ADMIN: "CAP_NET_ADMIN", CAP_SYS_ADMIN: "CAP_SYS_ADMIN"}
_OLDEST_KERNEL = (5, 10)
_INSTALL = f"install {DISTRIBUTION} anew, into a virtual environment of its own"
_BOUND = re.compile(r"(~=|>=|<=|==|!=|<|>)\s*(\d+(?:\.\d+)*)(\.\*)?")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)(;.*)?")

Place = Callable[[str], Path | None]
"""Where a top-level package was found: the folder that holds it."""
Installed = Callable[[str], str]
"""The version of a distribution; raises importlib.metadata.PackageNotFoundError."""


def found_at(package: str) -> Path | None:
    """Where this process would import a top-level package from."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent.parent if spec and spec.origin else None


def packages(place: Place = found_at) -> Iterator[DoctorCheck]:
    """A foreign distribution with one of our top-level names would shadow ours."""
    home = place("enforcer")
    for name in PACKAGES:
        where = place(name)
        check = f"package {name}"
        if where is None:
            yield finding(check, "not found", _INSTALL)
        elif where != home:
            yield finding(
                check,
                f"loaded from {where}, enforcer from {home}",
                "another distribution shadows it: uninstall that one"
                " (`pip list --verbose` shows where each is), or use a virtual environment",
            )
        else:
            yield good(check, f"loaded from {where}")


def stated_requirements() -> list[str]:
    """What this distribution says that it needs; empty: it is not installed."""
    try:
        return metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []


def python_packages(
    requirements: Iterable[str] | None = None, installed: Installed = metadata.version
) -> DoctorCheck:
    """Whether every package that we need is here, in a version that fits."""
    stated = list(stated_requirements() if requirements is None else requirements)
    needed = [match for text in stated if (match := _REQUIREMENT.match(text)) and not match[3]]
    if not needed:
        return finding(PYTHON, f"{DISTRIBUTION} is not installed here", _INSTALL)
    wrong = []
    for name, bounds, _ in (match.groups() for match in needed):
        try:
            version = installed(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if not fits(version, bounds):
            wrong.append(f"{name} is {version}, needed is {bounds.strip()}")
    if wrong:
        return finding(PYTHON, listed(wrong), _INSTALL)
    return good(PYTHON, f"{len(needed)} needed, all there")


def fits(version: str, bounds: str) -> bool:
    """Whether the numbers of `version` are within ``>=1.2,<3`` (PEP 440, releases alone).

    ``~=1.20`` means ``>=1.20,==1.*``.
    """
    have = _numbers(version)
    return all(
        _within(have, sign, _numbers(bound), bool(wild))
        for sign, bound, wild in _BOUND.findall(bounds)
    )


def _within(have: tuple[int, ...], sign: str, bound: tuple[int, ...], wild: bool) -> bool:
    size = max(len(have), len(bound))
    left, right = (numbers + (0,) * (size - len(numbers)) for numbers in (have, bound))
    same = left[: len(bound)] == bound if wild else left == right
    return {
        "~=": left >= right and left[: len(bound) - 1] == bound[:-1],
        ">=": left >= right,
        "<=": left <= right,
        ">": left > right,
        "<": left < right,
        "==": same,
        "!=": not same,
    }[sign]


def _numbers(version: str) -> tuple[int, ...]:
    release = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    return tuple(map(int, release[1].split("."))) if release else (0,)


def drivers(found: tuple[str, ...] | None = None) -> DoctorCheck:
    """Which platforms there are drivers for."""
    names = platforms() if found is None else found
    if names:
        return good("drivers", ", ".join(names))
    return finding("drivers", "none: this distribution's entry points are missing", _INSTALL)


def kernel(release: str | None = None) -> DoctorCheck:
    """nftables with all that our rules use came with Linux 5.10."""
    release = platform.release() if release is None else release
    found = re.match(r"(\d+)\.(\d+)", release)
    if found is None:
        return good("kernel", f"Linux {release}: its version cannot be read from that")
    if (int(found[1]), int(found[2])) >= _OLDEST_KERNEL:
        return good("kernel", f"Linux {release}")
    advice = "nftables on this machine needs Linux 5.10 or newer: install a newer kernel"
    return finding("kernel", f"Linux {release}", advice)


def effective_capabilities() -> int:
    """The bits of this process's effective capabilities (proc(5), CapEff)."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return int(found[1], 16) if found else 0


def rights(devices: Iterable[Device], effective: int) -> DoctorCheck:
    """May this process do what its devices ask for? Those elsewhere (`host`) need no rights here.

    Writing nftables needs CAP_NET_ADMIN, entering a network namespace CAP_SYS_ADMIN
    (capabilities(7), setns(2)).
    """
    transports = [device.transport for device in devices]
    local = [transport for transport in transports if "host" not in transport]
    needed = [CAP_NET_ADMIN] if local or not transports else []
    if any(transport.get("netns") for transport in local):
        needed.append(CAP_SYS_ADMIN)
    missing = [_NAMES[one] for one in needed if not effective >> one & 1]
    who = f"uid {os.geteuid()}"
    if missing:
        advice = (
            f"run as root, or grant {' and '.join(missing)}"
            f" (systemd: AmbientCapabilities={' '.join(missing)})"
        )
        return finding("rights", f"{who}, without {' and '.join(missing)}", advice)
    if not needed:
        return good("rights", f"{who}; no device is on this machine, so none are needed")
    return good("rights", f"{who}, with {' and '.join(_NAMES[one] for one in needed)}")
