# SPDX-License-Identifier: GPL-2.0-or-later
"""Real traffic between the lab's nodes, and what became of it. ``lab.probes`` is the front."""
