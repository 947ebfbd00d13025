# SPDX-License-Identifier: GPL-2.0-or-later
"""nftables of another Linux router: its own `nft -j` over SSH, where netlink does not reach."""
