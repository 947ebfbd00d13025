# SPDX-License-Identifier: GPL-2.0-or-later
"""EMULATED Juniper Junos router: candidate and commit, filters, policies; no vendor software."""
