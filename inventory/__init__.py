# SPDX-License-Identifier: GPL-2.0-or-later
"""Inventory sources: what an operator's files say becomes `enforcer.core.topology`."""
