# SPDX-License-Identifier: GPL-2.0-or-later
"""GoBGP as the controller's own BGP speaker: blackholes announced to our routers (RFC 5635)."""
