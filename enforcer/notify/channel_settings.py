# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the settings of channels can work, without making one: apprise takes long to import."""

from __future__ import annotations

from enforcer.errors import ConfigurationInvalid
from enforcer.notify.events import unknown
from enforcer.secrets import is_reference
from enforcer.service_settings import NotifySettings


def problems(channels: tuple[NotifySettings, ...]) -> list[str]:
    """What is wrong with the settings of channels, without looking behind references."""
    found = []
    names = [channel.name for channel in channels]
    for channel in channels:
        where = f"service.notify {channel.name!r}"
        if not channel.name or channel.name.startswith(":") or names.count(channel.name) > 1:
            found.append(f"{where}: give each channel a name of its own, without a leading colon")
        if bool(channel.url) == bool(channel.webhook):
            found.append(f"{where}: set url (an apprise URL) or webhook, one of them")
        if channel.webhook and not channel.secret:
            found.append(f"{where}: a webhook is signed: name a secret (env:NAME or file:PATH)")
        if channel.secret and not is_reference(channel.secret):
            found.append(f"{where}: write secret as env:NAME or file:PATH, not the secret itself")
        found += [
            f"{where}: no event is called {pattern!r}: see `enforcer notice events`"
            for pattern in unknown(channel.events)
        ]
    return found


def check(channels: tuple[NotifySettings, ...]) -> None:
    """Raise ConfigurationInvalid for the first problem."""
    found = problems(channels)
    if found:
        raise ConfigurationInvalid(found[0])
