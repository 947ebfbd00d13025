# SPDX-License-Identifier: GPL-2.0-or-later
"""The desk: pages for people, rendered on the server, better with a little script."""
