# SPDX-License-Identifier: GPL-2.0-or-later
"""Cisco IOS-XR over SSH: object-groups, access-lists, prefix-sets, discard routes."""
