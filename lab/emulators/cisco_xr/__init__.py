# SPDX-License-Identifier: GPL-2.0-or-later
"""EMULATED Cisco IOS-XR router: two-stage configuration, RPL, ACLs with object-groups.

How sure a statement is, as in docs/emulators.md: [CAPTURE] a recorded output shows it, [LIVE] a
transcript from a running XRv9k 24.3.1, [DOC] the vendor's documentation, [GUESS] neither.
"""

from lab.emulators.cisco_xr.device import Router

__all__ = ["Router"]
