# SPDX-License-Identifier: GPL-2.0-or-later
"""Where an installation lies on this machine: what `doctor` looks at beside the database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from enforcer.core.topology import Topology
from enforcer.service_settings import ServiceSettings

Read = tuple[Topology, tuple[str, ...]]
"""What the inventory's files say, and notes about how that was come by."""


@dataclass(frozen=True)
class Installation:
    """`settings`: the settings file, if one was read. `base`: what relative paths in settings
    and in references to secrets are relative to. `read_files`: reads the inventory's files and
    raises ConfigurationInvalid; None: nothing is known of notes. `service`: the service's
    settings; None: nothing is known of them.
    """

    settings: Path | None = None
    base: Path = field(default_factory=Path.cwd)
    read_files: Callable[[], Read] | None = None
    service: ServiceSettings | None = None
