# SPDX-License-Identifier: GPL-2.0-or-later
"""Retire a device, or set its mode: changes of the inventory in force."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.usecases.world import World


def retire(world: World, actor: Actor, name: str, reason: str) -> None:
    """See `Application.device_retire`."""
    raise NotImplementedError


def set_mode(world: World, actor: Actor, name: str, mode: str, reason: str) -> None:
    """See `Application.device_mode`."""
    raise NotImplementedError
