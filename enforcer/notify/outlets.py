# SPDX-License-Identifier: GPL-2.0-or-later
"""What notices need of an installation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from enforcer.service_settings import ServiceSettings

Resolve = Callable[[str], str]
"""The secret behind a reference. Raises ConfigurationInvalid."""


@dataclass(frozen=True)
class Outlets:
    """What notices need: `base`: what relative paths in the settings are relative to."""

    settings: ServiceSettings
    base: Path
    resolve: Resolve
