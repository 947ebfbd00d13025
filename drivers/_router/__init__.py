# SPDX-License-Identifier: GPL-2.0-or-later
"""What the drivers of routers share, all of it pure: names on the box, targets, known rules."""
