# SPDX-License-Identifier: GPL-2.0-or-later
"""Who does something: every call of the application carries one."""

from __future__ import annotations

from dataclasses import dataclass, field

from enforcer.core.access import Action, Rights


@dataclass(frozen=True, slots=True)
class Actor:
    """`name` of the person or program, `source` of the call (cli, api, web, controller, or the
    source of a token).

    `rights`: of an account or a token; None at the shell and in the controller, which may do
    everything. `owner`: whose account a token belongs to.
    """

    name: str
    source: str
    rights: Rights | None = field(default=None, compare=False)
    owner: str = field(default="", compare=False)

    @property
    def person(self) -> str:
        """Whose account it is, whichever token is used: nobody is his own second person."""
        return self.owner or self.name

    def may(self, action: Action) -> bool:
        """Whether this one is allowed to do it."""
        return self.rights is None or self.rights.allow(action)
