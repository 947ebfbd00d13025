# SPDX-License-Identifier: GPL-2.0-or-later
"""The driver for Linux nftables."""
