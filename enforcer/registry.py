# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds drivers by entry point: the group ``enforcer.drivers``, the name is the platform."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from importlib.metadata import entry_points

from enforcer.driver_api import Driver
from enforcer.errors import ConfigurationInvalid

GROUP = "enforcer.drivers"


def platforms() -> tuple[str, ...]:
    """The platforms that are installed, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=GROUP)}))


@cache
def driver_class(platform: str) -> type[Driver]:
    """The driver of `platform`; raises ConfigurationInvalid when there is none.

    Looked for once: finding entry points reads the metadata of every installed distribution,
    some 7 ms each time, and every order asks for the driver of every device.
    """
    found = [point for point in entry_points(group=GROUP) if point.name == platform]
    if not found:
        known = ", ".join(platforms()) or "none"
        close = get_close_matches(platform, platforms(), n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ConfigurationInvalid(f"no driver for platform {platform!r}; installed: {known}{hint}")
    try:
        loaded: type[Driver] = found[0].load()
    except ImportError as error:
        raise ConfigurationInvalid(
            f"the driver of platform {platform!r} cannot be loaded: {error}"
        ) from error
    return loaded
