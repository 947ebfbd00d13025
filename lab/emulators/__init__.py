# SPDX-License-Identifier: GPL-2.0-or-later
"""EMULATED routers: stateful devices behind a real SSH server, for tests and demonstrations.

Nothing in here is a vendor's software. The platforms are written from documentation and from
recorded outputs (docs/emulators.md says which behaviour rests on what); nothing is imported
from `drivers`, and the drivers import nothing from here.
"""
