# SPDX-License-Identifier: GPL-2.0-or-later
"""BIRD 2: routes rejected by functions in an include file, sessions shut by ``birdc disable``."""
