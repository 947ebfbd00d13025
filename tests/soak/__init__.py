# SPDX-License-Identifier: GPL-2.0-or-later
"""Long runs of everything at once, with an oracle beside them."""
