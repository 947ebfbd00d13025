# SPDX-License-Identifier: GPL-2.0-or-later
"""The functional core: no I/O, no clock, no randomness, no vendor word."""
