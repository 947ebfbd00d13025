# SPDX-License-Identifier: GPL-2.0-or-later
"""The application on another machine, by its API."""
