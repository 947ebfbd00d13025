# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings: where they come from, what overrides what, and errors that name file and key."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from enforcer.errors import ConfigurationInvalid
from enforcer.settings import Settings, find_file, load


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current directory, and no settings in the environment."""
    for name in [name for name in os.environ if name.startswith("ENFORCER_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(text: str, name: str = "enforcer.toml") -> Path:
    """A settings file in the current directory."""
    file = Path.cwd() / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_defaults_are_relative_to_the_file() -> None:
    settings = load(written("", "etc/enforcer.toml"))
    base = Path.cwd() / "etc"
    assert settings.database == f"sqlite:///{base}/enforcer.db"
    assert settings.inventory == base / "inventory"
    assert (settings.full_pass_every, settings.tick, settings.stale_after) == (300, 1, 900)
    assert settings.base == base


def test_everything_can_be_set() -> None:
    settings = load(
        written(
            'database = "sqlite:////var/lib/enforcer/db"\ninventory = "/srv/inventory"\n'
            'full_pass_every = "10m"\ntick = 0.5\nstale_after = "1h"\n'
            'log_level = "debug"\nlog_format = "json"\nactor = "noc"\n'
        )
    )
    assert settings.database == "sqlite:////var/lib/enforcer/db"
    assert settings.inventory == Path("/srv/inventory")
    assert (settings.full_pass_every, settings.tick, settings.stale_after) == (600, 0.5, 3600)
    assert (settings.log_level, settings.log_format, settings.actor) == ("debug", "json", "noc")


@pytest.mark.parametrize(
    ("database", "becomes"),
    [
        ("sqlite:///data/x.db", "sqlite:///{cwd}/data/x.db"),
        ("sqlite+pysqlite:///x.db?timeout=5", "sqlite+pysqlite:///{cwd}/x.db?timeout=5"),
        ("sqlite:////abs/x.db", "sqlite:////abs/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("postgresql://db/enforcer", "postgresql://db/enforcer"),
    ],
)
def test_a_relative_database_is_beside_the_file(database: str, becomes: str) -> None:
    settings = load(written(f'database = "{database}"'))
    assert settings.database == becomes.format(cwd=Path.cwd())


def test_the_environment_overrides_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    file = written('tick = 3\nactor = "file"\n')
    monkeypatch.setenv("ENFORCER_TICK", "5s")
    monkeypatch.setenv("ENFORCER_STALE_AFTER", "2")
    monkeypatch.setenv("ENFORCER_ACTOR", "")
    settings = load(file)
    assert (settings.tick, settings.stale_after) == (5, 2)
    assert settings.actor == "file", "an empty variable says nothing"


def test_the_order_of_places(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_file() is None or find_file() == Path("/etc/enforcer/enforcer.toml")
    here = written("")
    assert find_file() == here
    there = written("", "other.toml")
    monkeypatch.setenv("ENFORCER_CONFIG", str(there))
    assert find_file() == there
    assert find_file(Path("enforcer.toml")) == here


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    written("")
    monkeypatch.setenv("ENFORCER_CONFIG", "none.toml")
    with pytest.raises(ConfigurationInvalid, match=r"none\.toml: no such settings file"):
        load()


def test_the_environment_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationInvalid, match="run 'enforcer init' here"):
        load()
    monkeypatch.setenv("ENFORCER_DATABASE", "sqlite:///x.db")
    settings = load()
    assert settings.database == f"sqlite:///{Path.cwd()}/x.db"
    assert settings.file is None
    assert settings.base == Path.cwd()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tick = 0", r"enforcer\.toml: tick: should be greater than 0"),
        ('tick = "soon"', r"enforcer\.toml: tick: 'soon' is not a duration"),
        ("logins = 1", r"enforcer\.toml: logins: should be greater than or equal to 2"),
        ("tik = 3", r"enforcer\.toml: tik: there is no such key: did you mean tick\?"),
        ("[section]\nx = 1", r"enforcer\.toml: section: there is no such key"),
        ('log_level = "loud"', r"enforcer\.toml: log_level: .*'debug'"),
        ('database = "enforcer.db"', r"enforcer\.toml: database: not a URL: write"),
        ("tick = = 3", r"enforcer\.toml: is not TOML: .*line 1"),
    ],
)
def test_errors_name_file_and_key(text: str, says: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=says):
        load(written(text))


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(ConfigurationInvalid) as raised:
        load(written("tick = 0\nstale_after = 0\n"))
    assert "tick" in str(raised.value)
    assert "stale_after" in str(raised.value)


def test_errors_name_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENFORCER_TICK", "-1")
    with pytest.raises(ConfigurationInvalid, match="environment variable ENFORCER_TICK: should"):
        load(written("tick = 3"))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'actor = "\xe9"')
    with pytest.raises(ConfigurationInvalid, match=r"latin\.toml: is not UTF-8"):
        load(tmp_path / "latin.toml")


def test_settings_are_frozen() -> None:
    settings = load(written(""))
    with pytest.raises(ValidationError, match="frozen"):
        settings.tick = 3  # type: ignore[misc] # that it is read-only is what is tested


def test_the_password_is_not_shown() -> None:
    settings = load(written('database = "postgresql://enforcer:hunter2@db.example/enforcer"'))
    assert "hunter2" in settings.database
    assert "hunter2" not in repr(settings)
    assert settings.shown_database == "postgresql://enforcer:***@db.example/enforcer"


def test_a_database_can_be_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DB", "postgresql://a:b@c/d")
    assert load(written('database = "env:DB"')).database == "postgresql://a:b@c/d"
    (tmp_path / "url").write_text("sqlite:///x.db\n")
    assert load(written('database = "file:url"')).database == f"sqlite:///{tmp_path}/x.db"
    with pytest.raises(ConfigurationInvalid, match="env:NOPE"):
        load(written('database = "env:NOPE"'))


def test_the_actor_is_the_person_behind_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "root")
    monkeypatch.setenv("LOGNAME", "root")
    monkeypatch.delenv("SUDO_USER", raising=False)
    assert load(written("")).actor == "root"
    monkeypatch.setenv("SUDO_USER", "ann")
    assert load(written("")).actor == "ann"


def test_the_page_explains_every_key(repository: Path) -> None:
    page = (repository / "docs" / "configuration.md").read_text(encoding="utf-8")
    for key, field in Settings.model_fields.items():
        assert f"| `{key}` |" in page
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            assert str(field.default) in page
