# SPDX-License-Identifier: GPL-2.0-or-later
"""Raw netlink to nf_tables: elements, dumps, generation and events, as numpy columns."""
