# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports and signals from outside: how they are read, and what becomes of them."""
