# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings: `enforcer.toml`, overridden by ``ENFORCER_*`` in the environment; frozen.

Every key is explained in `docs/configuration.md`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from enforcer import secrets
from enforcer.core.times import parse_duration
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.service_settings import ServiceSettings

FILE_NAME = "enforcer.toml"
SYSTEM_FILE = Path("/etc/enforcer/enforcer.toml")
PREFIX = "ENFORCER_"
FILE_VARIABLE = PREFIX + "CONFIG"

_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///)(.+)")
_PASSWORD = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")


def _seconds(value: object) -> object:
    """Numbers are seconds already; ``"5m"`` is 300."""
    if not isinstance(value, str) or not value.strip()[-1:].isalpha():
        return value
    try:
        return parse_duration(value).total_seconds()
    except InvalidInput as error:
        raise ValueError(str(error)) from None


Seconds = Annotated[float, BeforeValidator(_seconds)]


def _login_name() -> str:
    """Who is at the keyboard: the person behind sudo before the account."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


class Settings(BaseSettings):
    """One installation's settings. Durations are seconds; paths are absolute once loaded."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True
    )

    database: str = Field(default="sqlite:///enforcer.db", repr=False)
    """SQLAlchemy URL, with its password in it where it has one: show `shown_database`."""
    inventory: Path = Path("inventory")
    """File or directory of the inventory."""
    full_pass_every: Seconds = Field(default=300.0, gt=0)
    """Every device is read and compared completely at least this often."""
    tick: Seconds = Field(default=1.0, gt=0, le=60)
    """The controller looks at its clock and its doorbell at least this often."""
    lease_seconds: Seconds = Field(default=6.0, ge=1, le=60)
    """PostgreSQL: so long a controller that stopped answering keeps the lead; a standby takes
    over when it has run out."""
    stale_after: Seconds = Field(default=900.0, gt=0)
    """A proof older than this makes an order `unverified`."""
    logins: int = Field(default=10, ge=2, le=1000)
    """How many logins to devices by SSH are under way at once, all devices together."""
    signing_key: Path | None = None
    """File of the key that signs the audit chain; none: it is not signed."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
    actor: str = Field(default_factory=_login_name, min_length=1)
    """The name in the audit trail for what is asked at the shell."""
    service: ServiceSettings = ServiceSettings()
    """Table `[service]`: web server, single sign-on, four eyes, notices, reports."""

    _file: Path | None = PrivateAttr(default=None)

    @property
    def file(self) -> Path | None:
        """The file that was read, if any."""
        return self._file

    @property
    def base(self) -> Path:
        """What relative paths are relative to: the file's directory."""
        return self._file.parent if self._file else Path.cwd()

    @property
    def shown_database(self) -> str:
        """The database's URL without its password."""
        return shown_url(self.database)

    @field_validator("database")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if "://" not in value and not secrets.is_reference(value):
            raise ValueError("not a URL: write one such as sqlite:///enforcer.db")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then what the file says (given as arguments)."""
        return env_settings, init_settings


def shown_url(database: str) -> str:
    """A database's URL without its password."""
    return _PASSWORD.sub(r"\1:***@", database)


def find_file(named: Path | None = None) -> Path | None:
    """The settings file: `named`, ``$ENFORCER_CONFIG``, ./enforcer.toml, /etc/enforcer/.

    Raises ConfigurationInvalid when a file that was asked for by name does not exist.
    """
    asked = named or (Path(text) if (text := os.environ.get(FILE_VARIABLE)) else None)
    if asked is not None:
        if not asked.is_file():
            raise ConfigurationInvalid(
                f"{asked}: no such settings file: 'enforcer --config {asked} init' makes one"
            )
        return asked.absolute()
    for place in (Path(FILE_NAME), SYSTEM_FILE):
        if place.is_file():
            return place.absolute()
    return None


def load(named: Path | None = None) -> Settings:
    """The settings of this installation.

    Without a file the environment must at least name the database. Raises
    ConfigurationInvalid naming the file (or variable) and the key.
    """
    file = find_file(named)
    if file is None and not os.environ.get(PREFIX + "DATABASE"):
        raise ConfigurationInvalid(
            f"no settings: neither ./{FILE_NAME} nor {SYSTEM_FILE} exists and {FILE_VARIABLE} is"
            " not set: run 'enforcer init' here, or name a file with --config"
        )
    stated = _read(file) if file else {}
    try:
        settings = Settings(**stated)
    except ValidationError as error:
        raise ConfigurationInvalid(_explain(error, file)) from None
    base = file.parent if file else Path.cwd()
    settings = settings.model_copy(
        update={
            "database": database_url(settings.database, base),
            "inventory": base / settings.inventory.expanduser(),
            "signing_key": settings.signing_key and base / settings.signing_key.expanduser(),
        }
    )
    settings._file = file
    return settings


def _read(file: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationInvalid(f"{file}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationInvalid(f"{file}: is not UTF-8 text: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationInvalid(f"{file}: is not TOML: {error}") from None


def database_url(database: str, base: Path) -> str:
    """`database` with its reference resolved and its file absolute; raises ConfigurationInvalid."""
    if secrets.is_reference(database):
        database = secrets.read(database, base).reveal()
    found = _SQLITE.fullmatch(database)
    if found is None or found[2].startswith(("/", ":memory:", "file:")):
        return database
    return f"{found[1]}{base / found[2]}"


def _explain(error: ValidationError, file: Path | None) -> str:
    return "; ".join(_explain_one(detail, file) for detail in error.errors())


def _explain_one(detail: ErrorDetails, file: Path | None) -> str:
    key = ".".join(map(str, detail["loc"])) or "?"
    if detail["type"] == "extra_forbidden":
        near = get_close_matches(key, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else "see docs/configuration.md for the keys"
        return f"{file}: {key}: there is no such key: {hint}"
    variable = PREFIX + key.upper()
    place = f"environment variable {variable}" if os.environ.get(variable) else f"{file}: {key}"
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{place}: {reason}"
