# SPDX-License-Identifier: GPL-2.0-or-later
"""EMULATED Juniper Junos router: candidate and commit, filters, policies; no vendor software."""

from lab.emulators.juniper_junos.options import JunosOptions
from lab.emulators.juniper_junos.router import Router

__all__ = ["JunosOptions", "Router"]
