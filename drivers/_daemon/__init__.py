# SPDX-License-Identifier: GPL-2.0-or-later
"""How the drivers of routing daemons reach the Linux host that one runs on: here, or by SSH."""
