# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line: arguments in, commands to the `Application`, views printed. Nothing else.

`main` starts it; `wiring` says what it needs from outside; one module per group of commands.
Heavy libraries are imported where they are used, because a command line is started often.
"""
