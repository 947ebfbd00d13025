# SPDX-License-Identifier: GPL-2.0-or-later
"""How a router is asked what became of announced blackholes: what it holds, whom it tells."""
