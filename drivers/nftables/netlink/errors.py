# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong between this process and nf_tables.

These know no device; the session maps each to the `DeviceError` that its text names::

    NetlinkError
    |-- MalformedReply     bytes that do not decode                        ParseFailed
    |-- MovingRuleset      the ruleset changed while it was being read     StaleState (read again)
    |-- Unconfirmed        sent, and no verdict came back                  outcome UNKNOWN
    |-- LinkRefused        an interface is not to be set up or down        DeviceError
    |-- NamespaceMissing   no such network namespace                     DeviceUnreachable
    |-- EventsLost         the receive buffer overflowed                   watch: LOST
    `-- KernelRefused      an errno; the whole batch is undone             CommandRejected
        |-- StaleGeneration   ERESTART: the generation moved               StaleState
        |-- AlreadyExists     EEXIST
        `-- NotThere          ENOENT
"""

from __future__ import annotations

import errno

from enforcer.errors import EnforcerError


class NetlinkError(EnforcerError):
    """Base of this module's errors."""


class MalformedReply(NetlinkError):
    """Bytes from the kernel that this codec does not understand. Never taken as "empty"."""


class MovingRuleset(NetlinkError):
    """Parts of one read carry different generations: read again."""


class LinkRefused(NetlinkError):
    """The kernel does not set a link up or down; other links are as they are."""


class Unconfirmed(NetlinkError):
    """A batch was sent and the kernel's verdict was not received: read back what stands."""


class NamespaceMissing(NetlinkError):
    """The network namespace to work in does not exist."""


class EventsLost(NetlinkError):
    """The kernel dropped notifications (ENOBUFS): only a full read tells what changed."""


class KernelRefused(NetlinkError):
    """The kernel refused a request; of a batch, nothing stands.

    Args:
        code: the errno, positive.
        index: which message of the batch, from 0; -1 for a batch as a whole or a question.
        offset: byte offset of the offending attribute in that message, where the kernel
            tells (extended acknowledgement, Linux 4.12), else None.
        text: the kernel's own words, often "".
    """

    def __init__(
        self, code: int, index: int = -1, offset: int | None = None, text: str = ""
    ) -> None:
        where = "the request" if index < 0 else f"message {index} of the batch"
        said = f" ({text})" if text else ""
        super().__init__(
            f"the kernel refused {where}: {errno.errorcode.get(code, code)}{said}; "
            "nothing was changed, read again before repeating it"
        )
        self.code = code
        self.index = index
        self.offset = offset


class StaleGeneration(KernelRefused):
    """The ruleset moved since the generation that the batch was made for."""


class AlreadyExists(KernelRefused):
    """An element that was to be created is there already."""


class NotThere(KernelRefused):
    """A table, set or element that the request names does not exist."""


_BY_CODE: dict[int, type[KernelRefused]] = {
    errno.ERESTART: StaleGeneration,
    errno.EEXIST: AlreadyExists,
    errno.ENOENT: NotThere,
}


def refusal(code: int, index: int = -1, offset: int | None = None, text: str = "") -> KernelRefused:
    """The error for a positive errno `code`."""
    return _BY_CODE.get(code, KernelRefused)(code, index, offset, text)
