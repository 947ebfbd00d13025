# SPDX-License-Identifier: GPL-2.0-or-later
"""Juniper Junos over SSH: one filter per family and direction beside the operator's own.

Orders change the members of prefix-lists; the filters that name them stand before the operator's
in an ``input-list`` or ``output-list`` and have no accepting term. Every change is one commit.
"""
