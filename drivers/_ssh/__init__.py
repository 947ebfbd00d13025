# SPDX-License-Identifier: GPL-2.0-or-later
"""SSH for every driver that needs it: the only place that knows paramiko and netmiko.

`options` (what the inventory says) -> `login` (a verified, authenticated connection) ->
`terminal` (a conversation at a prompt, described by a `dialect`) or `commands` (programs without
a terminal). No exception of either library leaves this package.
"""
