# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong with SSH beyond the errors that every driver knows."""

from __future__ import annotations

from enforcer.errors import CommandRejected, DeviceBusy, DeviceUnreachable


class HostKeyRefused(DeviceUnreachable):
    """The device's host key is unknown, another than recorded, or revoked; nobody was logged in.

    The message says how to record it. Retried: no credential was sent.
    """


class NoPlace(DeviceBusy):
    """This process itself has too much under way; the device was not asked, and nothing is
    known of it."""


class LineRejected(CommandRejected):
    """The device refused one of several configuration lines.

    Args:
        device: the device's name in the inventory.
        line: the line that it refused.
        said: its answer.
        taken: how many lines before it the device took.
        sent: how many lines it was given in all, those after the refused one included:
            a device without a candidate configuration executed them too.
    """

    def __init__(self, device: str, line: str, said: str, taken: int, sent: int) -> None:
        super().__init__(
            device,
            f"refused {line!r}: {said!r}; the {taken} lines before it were taken,"
            f" {sent - taken - 1} after it were sent too",
        )
        self.line = line
        self.said = said
        self.taken = taken
        self.sent = sent
