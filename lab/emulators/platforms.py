# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated platforms by name: each package `lab.emulators.<platform>` has a class `Router`."""

from __future__ import annotations

import importlib
from typing import cast

from lab.emulators.device import Emulator

PLATFORMS = ("cisco_ios", "cisco_xr", "juniper_junos")


def emulator(platform: str, hostname: str = "router") -> Emulator:
    """A new emulated router with its platform's empty configuration.

    Args:
        platform: one of `PLATFORMS`.
        hostname: the router's name.

    Raises:
        ValueError: an unknown platform.
    """
    if platform not in PLATFORMS:
        raise ValueError(f"no emulator for {platform!r}; there are {', '.join(PLATFORMS)}")
    router = importlib.import_module(f"lab.emulators.{platform}").Router
    return cast(Emulator, router(hostname))
