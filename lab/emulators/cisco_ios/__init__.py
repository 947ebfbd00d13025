# SPDX-License-Identifier: GPL-2.0-or-later
"""An EMULATED Cisco IOS-XE router; docs/emulators.md says what rests on what."""

from lab.emulators.cisco_ios.configuration import Quirks
from lab.emulators.cisco_ios.router import Router

__all__ = ["Quirks", "Router"]
