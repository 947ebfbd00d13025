# SPDX-License-Identifier: GPL-2.0-or-later
"""The laboratory: a small provider network in network namespaces, with real daemons."""
