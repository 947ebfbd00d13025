# SPDX-License-Identifier: GPL-2.0-or-later
"""Cisco IOS and IOS-XE over SSH: object-groups, a few ACEs, discard routes, prefix-lists."""
