# SPDX-License-Identifier: GPL-2.0-or-later
"""Paired measurements: what enforcer costs beside doing the same by hand or by raw netlink."""
