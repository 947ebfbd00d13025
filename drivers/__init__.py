# SPDX-License-Identifier: GPL-2.0-or-later
"""One package per platform, each an entry point of the group `enforcer.drivers`."""
