# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for FRRouting: neighbors' routes and sessions, through vtysh, here or by SSH."""
