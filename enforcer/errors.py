# SPDX-License-Identifier: GPL-2.0-or-later
"""Every exception of the project, in one tree.

::

    EnforcerError
    |-- InvalidInput              what was typed or sent cannot be understood: exit 2, HTTP 422
    |-- NotFound                  no such order, device, customer, list: exit 3, HTTP 404
    |-- OrderRefused              a guardrail said no; has a stable code: exit 4, HTTP 422
    |-- AwaitingApproval          stored as a proposal, waits for a second person: exit 5, HTTP 202
    |-- Unauthenticated           nobody, or a login that does not hold: exit 1, HTTP 401
    |   |-- Throttled             too many attempts; says when to come again: HTTP 429
    |   `-- SignOnFailed          the OpenID provider is away, or what it says does not hold
    |-- Forbidden                 known, but not allowed to do this: exit 4, HTTP 403
    |-- ServerUnreachable         the server of `--server` does not answer: exit 1
    |-- ConfigurationInvalid      settings or inventory cannot be used: exit 1
    |-- StorageError              the database refused or is away: exit 1, retried
    |   |-- AuditBroken           the audit chain does not verify
    |   |-- DatabaseAway          the server cannot be reached (enforcer.storage)
    |   |-- DatabaseBusy          locked by another writer for too long (enforcer.storage)
    |   |-- LostLead              another controller leads now (enforcer.storage)
    |   `-- DuplicateKey          the idempotency key is taken (enforcer.storage)
    |-- AnotherControllerActive   somebody else holds the lead of this database: exit 1
    `-- DeviceError               carries the device's name; `retryable` IS the retry policy
        |-- DeviceUnreachable     no conversation possible; retried with back-off
        |-- AuthenticationFailed  credentials refused; not retried (lock-out)
        |-- DeviceBusy            locked, or an operation in progress; retried
        |-- StaleState            moved between read and write; retried at once
        |-- CommandRejected       the device said no, the batch is undone; retried
        |-- ParseFailed           output not understood, never "empty"; retried
        |-- PlanBraked            changes too much at once; waits for a release
        |-- Unsupported           cannot hold the rule; not retried
        `-- NotOwned              a foreign mark or a newer epoch; waits to be adopted
"""

from __future__ import annotations


class EnforcerError(Exception):
    """Base of all errors raised on purpose; its text says what is wrong and what to do."""


class InvalidInput(EnforcerError):
    """Input that cannot be understood. Nothing was changed."""


class NotFound(EnforcerError):
    """The named thing does not exist."""


class OrderRefused(EnforcerError):
    """A guardrail refused the order; nothing was stored but an audit entry.

    Args:
        code: stable, lower-case, hyphenated; scripts may rely on it.
        message: one sentence that says what to do.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AwaitingApproval(EnforcerError):
    """What was asked for is stored as a proposal and waits for a second person.

    Args:
        proposal: its id.
        message: one sentence that says who has to do what.
    """

    def __init__(self, proposal: str, message: str) -> None:
        super().__init__(message)
        self.proposal = proposal


class Unauthenticated(EnforcerError):
    """Nobody is logged in, or the token or session does not hold (any more)."""


class Throttled(Unauthenticated):
    """Too many attempts.

    Args:
        seconds: after which it may be tried again.
        message: the same as a sentence.
    """

    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds


class SignOnFailed(Unauthenticated):
    """Single sign-on did not come to its end; local accounts go on logging in."""


class Forbidden(EnforcerError):
    """Whoever asks is known, and may not do this. Nothing was changed."""


class ServerUnreachable(EnforcerError):
    """The server that the command line works through does not answer as one of ours."""


class ConfigurationInvalid(EnforcerError):
    """Settings or inventory cannot be used as they stand."""


class StorageError(EnforcerError):
    """The database refused an operation or cannot be reached."""


class AuditBroken(StorageError):
    """The audit chain does not verify: an entry was changed, removed or moved."""

    REMEDY = (
        "write nothing more: stop the controller, keep a copy of the database, compare it with"
        " a backup, and restore the backup"
    )


class AnotherControllerActive(EnforcerError):
    """Another process leads this database; only one controller may write to devices."""


class DeviceError(EnforcerError):
    """Something went wrong with one device.

    Args:
        device: the device's name in the inventory.
        message: what happened and what to do.
    """

    retryable = True

    def __init__(self, device: str, message: str) -> None:
        super().__init__(f"{device}: {message}")
        self.device = device
        self.message = message


class DeviceUnreachable(DeviceError):
    """No conversation with the device is possible now."""


class AuthenticationFailed(DeviceError):
    """The device refused our credentials or rights; retrying could lock the account."""

    retryable = False


class DeviceBusy(DeviceError):
    """Somebody else holds the device's configuration lock."""


class StaleState(DeviceError):
    """The device changed between our read and our write; nothing was written."""


class CommandRejected(DeviceError):
    """The device refused a command; the batch it was in is undone."""


class ParseFailed(DeviceError):
    """Output that we do not understand. Never taken as "nothing there"."""


class PlanBraked(DeviceError):
    """The plan changes more than the brake allows without a person's release."""

    retryable = False


class Unsupported(DeviceError):
    """The device cannot hold a rule that is desired on it."""

    retryable = False


class NotOwned(DeviceError):
    """The device carries the mark of another controller, or of a newer epoch of this one."""

    retryable = False


class NotSent(EnforcerError):
    """A notice was not taken; the message is safe to show. It is tried again."""
