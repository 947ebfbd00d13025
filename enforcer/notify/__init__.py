# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes out: notices to people and programs, and numbers for those who watch."""
