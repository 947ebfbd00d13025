# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop: read actual state, compile desired state, compare, apply, read back, record."""
