# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer init | run | doctor``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from enforcer.cli.exit_codes import ExitCode
from enforcer.cli.options import flag
from enforcer.cli.session import Session
from enforcer.cli.signature import command
from enforcer.errors import ConfigurationInvalid, InvalidInput, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from enforcer.application.views import DoctorCheck
    from enforcer.settings import Settings


def register(app: typer.Typer) -> None:
    """Add these commands to the top level."""
    for name, function in (("init", init), ("run", run), ("doctor", doctor)):
        command(app, name)(function)


def init(session: Session) -> int:
    """Make an installation here: settings, inventory skeleton, database.

    Writes enforcer.toml (or the file named by --config) and an inventory
    folder where there is none, and creates the database or upgrades it to
    this version. Nothing that exists is overwritten.

    Example:
      enforcer --config /etc/enforcer/enforcer.toml init
    """
    from enforcer.cli.skeleton import INVENTORY, SETTINGS, has_inventory, write_missing
    from enforcer.settings import FILE_NAME, FILE_VARIABLE

    file = session.options.config or Path(os.environ.get(FILE_VARIABLE) or FILE_NAME)
    _tell(session, file, write_missing(file, SETTINGS))
    # The settings decide where the rest is: they may have been written long ago.
    settings = session.settings
    if not has_inventory(settings.inventory):
        skeleton = settings.inventory / "inventory.yaml"
        _tell(session, skeleton, write_missing(skeleton, INVENTORY))
    else:
        _tell(session, settings.inventory, False)
    session.wiring.initialise(settings)
    session.out.note(f"database ready: {settings.shown_database}")
    session.out.note("next: edit the inventory, 'enforcer inventory check', 'enforcer doctor'")
    return ExitCode.OK


def _tell(session: Session, path: Path, written: bool) -> None:
    session.out.note(f"{'written' if written else 'kept'}: {path}")


def run(
    session: Session,
    no_web: Annotated[
        bool, flag("--no-web", help="The controller only: no API, no desk, no reports.")
    ] = False,
    listen: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS:PORT", help="Answer there; else 'service.web.listen'."),
    ] = None,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Answer by HTTPS, with this certificate (PEM)."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its key (PEM); both or neither.")
    ] = None,
) -> int:
    """Run the controller, the API and the desk, until SIGTERM or Ctrl-C.

    One controller is active per database; a second one stands by and takes
    over when the first ends, however it ends. API and desk answer at
    'service.web.listen' of the settings, 127.0.0.1:8080 unless set, also
    while the controller stands by.
    It logs to standard error; -v logs more. Stopping it changes nothing on
    the devices.

    Example:
      enforcer --config /etc/enforcer/enforcer.toml run
      enforcer run --listen [::]:443 --tls-certificate full.pem --tls-key key.pem
    """
    settings = session.settings
    if session.options.verbose:
        settings = settings.model_copy(update={"log_level": "debug"})
    files = {"tls_certificate": tls_certificate, "tls_key": tls_key}
    web = {name: str(file.absolute()) for name, file in files.items() if file is not None}
    web |= {"listen": listen} if listen is not None else {}
    if no_web and web:
        raise InvalidInput("--no-web serves nothing: leave --listen and --tls-... out, or it")
    return session.wiring.serve(_served(settings, web, no_web=no_web))


def _served(settings: Settings, web: Mapping[str, str], *, no_web: bool) -> Settings:
    """The settings with what the command line says about the server."""
    changed: dict[str, object] = {"web": settings.service.web.model_copy(update=web)}
    if no_web:
        changed["mode"] = "none"
    service = settings.service.model_copy(update=changed)
    return settings.model_copy(update={"service": service})


def doctor(session: Session) -> int:
    """Check what a first installation gets wrong, here and on each device.

    Exit code 1 if anything is. Changes nothing.

    Example:
      enforcer doctor
    """
    from enforcer.application.views import DoctorCheck

    found = _checks(session)
    session.out.many(found, DoctorCheck)
    return ExitCode.OK if all(check.ok for check in found) else ExitCode.ERROR


def _checks(session: Session) -> Sequence[DoctorCheck]:
    from enforcer.application.views import DoctorCheck

    try:
        application, actor = session.application, session.actor
    except ConfigurationInvalid as error:
        return [DoctorCheck(check="settings", ok=False, detail=str(error))]
    except StorageError as error:
        return session.wiring.doctor_without_database(session.settings, error)
    return application.doctor(actor)
