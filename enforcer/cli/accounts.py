# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer user ...``: accounts, by the API of a server, or at the installation's own shell.

At the shell no login is needed: the way in where nobody can log in, before the first account and
when the sign-on is away.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import Annotated

import typer

from enforcer.cli.options import OptionGroup, flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.errors import InvalidInput

users = typer.Typer(help="Accounts of people: who may log in, and as what.", no_args_is_help=True)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The account's name.")]
_LONGEST_LINE = 4_096


@dataclass(frozen=True, kw_only=True)
class Person(OptionGroup):
    """What an account says of its owner."""

    roles: Annotated[
        list[str],
        typer.Option(
            "--role",
            metavar="ROLE",
            help="viewer, abuse, engineer, approver or admin; repeatable.",
        ),
    ] = field(default_factory=list)
    display: Annotated[
        str | None, typer.Option("--display", metavar="TEXT", help="The person's name.")
    ] = None
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDRESS", help="The mail address.")
    ] = None
    zone: Annotated[
        str | None,
        typer.Option(
            "--zone", metavar="ZONE", help="In which zone times are read, such as Europe/Athens."
        ),
    ] = None


PasswordStdin = Annotated[
    bool, flag("--password-stdin", help="Read the password from the first line of standard input.")
]


@command(users, "add")
def add(
    session: Session,
    name: NameArgument,
    person: Person,
    password_stdin: PasswordStdin = False,
    no_password: Annotated[
        bool, flag("--no-password", help="Nobody logs in by it: it only owns tokens.")
    ] = False,
) -> int:
    """Make an account; asks for its password.

    A password is never an argument: others could see it. The first admin is
    made at the shell of the installation, without --server, where no token
    is needed and no server need run; so is one when nobody can log in.

    Example:
      enforcer user add anna --role admin
    """
    from enforcer.application.account_views import CreateUser

    if no_password and password_stdin:
        raise InvalidInput("--no-password and --password-stdin: give one of them")
    if not person.roles:
        raise InvalidInput("--role is missing: say what the account is for, such as --role admin")
    given = CreateUser(
        name=name,
        roles=tuple(person.roles),
        display=person.display or "",
        email=person.email or "",
        zone=person.zone or "",
        password=None if no_password else _password(session, password_stdin),
    )
    session.out.one(session.accounts.create_user(session.actor, given))
    return 0


@command(users, "list")
def list_users(session: Session) -> int:
    """List the accounts.

    Example:
      enforcer user list
    """
    from enforcer.application.account_views import UserView

    session.out.many(session.accounts.users(session.actor), UserView)
    return 0


@command(users, "change")
def change(session: Session, name: NameArgument, person: Person) -> int:
    """Change an account; roles that are given replace those that it had.

    They count from the next request on.

    Example:
      enforcer user change anna --role engineer --role approver
    """
    from enforcer.application.account_views import ChangeUser

    given = ChangeUser(
        name=name,
        roles=tuple(person.roles) or None,
        display=person.display,
        email=person.email,
        zone=person.zone,
    )
    session.out.one(session.accounts.change_user(session.actor, given))
    return 0


@command(users, "password")
def password(session: Session, name: NameArgument, password_stdin: PasswordStdin = False) -> int:
    """Set the password of an account; all its logins end.

    Example:
      enforcer user password anna
    """
    session.accounts.set_password(session.actor, name, _password(session, password_stdin))
    session.out.note(f"the password of {name} is changed, and all logins have ended")
    return 0


@command(users, "disable")
def disable(
    session: Session,
    name: NameArgument,
    yes: Annotated[bool, flag("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Let an account log in no more; its logins end and its tokens are revoked, at once.

    Example:
      enforcer user disable anna
    """
    session.confirmed(f"Disable {name}, end all logins and revoke all tokens?", yes)
    return _switch(session, name, disabled=True)


@command(users, "enable")
def enable(session: Session, name: NameArgument) -> int:
    """Let a disabled account log in again; its tokens stay revoked.

    Example:
      enforcer user enable anna
    """
    return _switch(session, name, disabled=False)


@command(users, "sessions")
def sessions(
    session: Session,
    name: NameArgument,
    end: Annotated[bool, flag("--end", help="End all of them.")] = False,
) -> int:
    """List the logins of an account.

    Example:
      enforcer user sessions anna --end
    """
    from enforcer.application.account_views import SessionView

    found = session.accounts.sessions(session.actor, name)
    for one in found if end else ():
        session.accounts.revoke_session(session.actor, one.id)
    session.out.many(found, SessionView)
    if end:
        session.out.note(f"ended: {len(found)}")
    return 0


def _switch(session: Session, name: str, *, disabled: bool) -> int:
    from enforcer.application.account_views import ChangeUser

    given = ChangeUser(name=name, disabled=disabled)
    session.out.one(session.accounts.change_user(session.actor, given))
    return 0


def _password(session: Session, from_stdin: bool) -> str:
    """From a person, twice, or the first line of standard input. Raises InvalidInput."""
    if not from_stdin:
        if not session.wiring.at_a_terminal():
            raise InvalidInput(
                "there is no terminal to ask for the password at: send it by standard input,"
                " and give --password-stdin"
            )
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    line = sys.stdin.readline(_LONGEST_LINE).removesuffix("\n").removesuffix("\r")
    if not line:
        raise InvalidInput("--password-stdin: standard input is empty")
    return line
