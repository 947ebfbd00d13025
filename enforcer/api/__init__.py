# SPDX-License-Identifier: GPL-2.0-or-later
"""The HTTP API: `/api/v1`, one `Application` behind it."""
