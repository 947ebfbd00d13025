# SPDX-License-Identifier: GPL-2.0-or-later
"""Network enforcement controller: orders become device state, stay true, end on time."""
