# SPDX-License-Identifier: GPL-2.0-or-later
"""All checks of the doctor, in their order: what each looks at, and what to do about a finding."""

from __future__ import annotations

import re
from typing import NamedTuple


class Row(NamedTuple):
    """`check`: its name, where ``NAME`` stands for a device, ``CHECK`` for a driver's word.

    `remedy` "": it only informs.
    """

    check: str
    looks_at: str
    remedy: str = ""


TABLE = (
    Row(
        "package NAME",
        "whether `enforcer`, `drivers` and `inventory` come from this distribution",
        "uninstall the distribution that shadows ours, or use a virtual environment",
    ),
    Row(
        "python packages",
        "whether every package that is needed is installed, in a version that fits",
        "install this distribution anew, into a virtual environment of its own",
    ),
    Row(
        "drivers",
        "which platforms there are drivers for",
        "install this distribution anew: its entry points are missing",
    ),
    Row("kernel", "whether Linux is 5.10 or newer", "install a newer kernel"),
    Row(
        "rights",
        "CAP_NET_ADMIN for nftables on this machine, CAP_SYS_ADMIN for network namespaces",
        "run as root, or grant them in the systemd unit (`AmbientCapabilities=`)",
    ),
    Row(
        "settings file",
        "whether others can read a password in it, or anybody can change it",
        "`chmod 600`, or keep the URL apart (`file:PATH`)",
    ),
    Row(
        "database",
        "whether it can be reached, and has the schema of this version",
        "run `enforcer init` where there is none or an older one; install the newer version"
        " where it is newer",
    ),
    Row(
        "database files",
        "SQLite: whether others can read the files, or replace them",
        "`chmod 600` the files, `chmod go-w` their folder",
    ),
    Row(
        "database disk",
        "SQLite: at least 100 MiB and 1 % free; no network file system",
        "make room; move the database to a local disk, or use PostgreSQL",
    ),
    Row(
        "database server",
        "PostgreSQL: 13 or newer, no standby, not read-only; `fsync`, `full_page_writes` and"
        " `synchronous_commit` not off",
        "upgrade it; name the primary; set them to on: else a commit may be lost in a power cut",
    ),
    Row(
        "audit chain",
        "whether every entry and signature holds",
        "stop the controller, keep a copy, compare with a backup ([Audit](audit.md))",
    ),
    Row(
        "clock",
        "whether it is before what was recorded, or more than 2 s from the database server's;"
        " whether anything synchronises it is information",
        "set it, and run an NTP client",
    ),
    Row(
        "signing key",
        "whether it can be used by its owner alone, and a running controller has signed in the"
        " last two days; having none is information",
        "`chmod 600`, or `enforcer audit key`; see the controller's log",
    ),
    Row("controller", "whether one runs on this database", "`enforcer run`"),
    Row("writes", "whether they are paused or frozen, by whom and why"),
    Row("alarms", "whether any is open", "`enforcer alarm list` says of each what to do"),
    Row(
        "brake",
        "whether a change is held on a device",
        "`enforcer device show NAME`, then `enforcer device release NAME`",
    ),
    Row(
        "contested",
        "whether something is left alone because somebody changes it back",
        "stop who changes it, then `enforcer device release NAME`",
    ),
    Row(
        "rollout",
        "whether structural changes are [halted](rollout.md#waves), because one device could not"
        " be proved",
        "look at the device, then `enforcer device release NAME`",
    ),
    Row("device pauses", "which devices are paused, by whom and why"),
    Row("sources", "which sources of orders are stopped, by whom and why"),
    Row(
        "feeds",
        "whether any fails, or brought nothing good for longer than its `stale_after`",
        "correct `source` in the inventory, or try `enforcer list refresh NAME`",
    ),
    Row(
        "web listen",
        "whether the address can be listened on, or is in use while a controller runs",
        "end the program that has it, or choose another port",
    ),
    Row(
        "web TLS",
        "whether certificate and key fit, and hold for three weeks more",
        "renew the certificate, and restart",
    ),
    Row(
        "web address",
        "whether passwords and cookies travel by HTTPS alone",
        "do TLS, and set `service.web.url` to `https://...`",
    ),
    Row(
        "web proxies",
        "whether `trusted_proxies` trusts more than proxies",
        "name the proxies' own addresses",
    ),
    Row(
        "web metrics",
        "whether `/metrics` is open to more than scrapers",
        "name their addresses in `metrics_open_to`",
    ),
    Row(
        "accounts",
        "whether a local admin can log in, also when the provider is away",
        "`enforcer user add NAME --role admin`",
    ),
    Row(
        "notices",
        "whether channels are complete, and their references can be read",
        "correct them, then `enforcer notice test CHANNEL`",
    ),
    Row(
        "intake rules",
        "whether the rules for reports can be read",
        "correct the one that is named",
    ),
    Row(
        "single sign-on",
        "of each provider: whether it answers as itself, and its secret can be read",
        "write `issuer` as the provider calls itself; see that it is reached",
    ),
    Row(
        "inventory",
        "whether one is in force, or the files load, and has a device",
        "state your devices; `enforcer inventory check`",
    ),
    Row(
        "inventory files",
        "whether they load, and say what is in force",
        "`enforcer inventory check`; `enforcer inventory diff`, then `enforcer inventory reload`",
    ),
    Row(
        "inventory imports",
        "whether what is imported is fresh; shown only when it is not",
        "see that NetBox answers: until then a cache is used, and grows old",
    ),
    Row(
        "left behind",
        "whether a device that was written to left the inventory without being retired",
        "put it back, reload, then `enforcer device retire`",
    ),
    Row(
        "protected space",
        "whether anything is protected from orders (a lab need not)",
        "state `infrastructure:` and the devices' `addresses` in the inventory",
    ),
    Row("contacts", "which customers have none"),
    Row("device modes", "which devices are only observed: nothing is written there"),
    Row(
        "device NAME: credentials",
        "whether each `env:` or `file:` reference can be resolved, and not by everybody",
        "set the variable, or create the file with mode 0600",
    ),
    Row(
        "device NAME: host key",
        "where the transport names a `host`: whether its SSH key was recorded",
        "record it, after comparing the fingerprint (see below)",
    ),
    Row(
        "device NAME",
        "whether a driver can be made for it; shown only when not",
        "correct its platform or transport in the inventory",
    ),
    Row(
        "device NAME: CHECK",
        "what its driver looks at: see the driver's page",
        "what the driver advises",
    ),
)


def row_of(check: str) -> Row | None:
    """The row of a check that was made."""
    return next((row for row in TABLE if _pattern(row.check).fullmatch(check)), None)


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(re.escape(name).replace("NAME", r"[^:]+").replace("CHECK", ".+"))
