# SPDX-License-Identifier: GPL-2.0-or-later
"""Pause one device, resume it, release what the brake holds."""

from __future__ import annotations

from enforcer.application.actor import Actor
from enforcer.usecases.world import World


def pause(world: World, actor: Actor, name: str, reason: str) -> None:
    """See `Application.device_pause`."""
    raise NotImplementedError


def resume(world: World, actor: Actor, name: str) -> None:
    """See `Application.device_resume`."""
    raise NotImplementedError


def release(world: World, actor: Actor, name: str, reason: str) -> None:
    """See `Application.device_release`."""
    raise NotImplementedError
