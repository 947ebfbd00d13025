# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``enforcer init`` writes where nothing is yet."""

from __future__ import annotations

from pathlib import Path

from enforcer.errors import ConfigurationInvalid

SETTINGS = """\
# Settings of enforcer; each one can be overridden by ENFORCER_<NAME> in the environment.
# Relative paths are relative to this file. Durations: seconds, or "30s", "5m", "2h".

database = "sqlite:///enforcer.db"
inventory = "inventory/"

# full_pass_every = "5m"   # every device is read and compared completely this often
# tick = "1s"              # the controller looks at its clock this often
# stale_after = "15m"      # an older proof makes an order "unverified"
# logins = 10              # so many logins by SSH at once, all devices together
# signing_key = "audit.key"   # signs the audit trail; 'enforcer audit key' makes one
# log_level = "info"       # debug, info, warning, error
# log_format = "console"   # console, json
# actor = "noc"            # the name in the audit trail; else who is logged in

# 'enforcer run' serves the API and the web desk. The first account: 'enforcer user add NAME
# --role admin'. Without a proxy that does HTTPS in front, leave it on loopback.

# [service.web]
# listen = "127.0.0.1:8080"                   # "": no server
# url = "https://enforcer.example.net"        # how people reach it: links, secure cookies
# trusted_proxies = ["127.0.0.1"]             # whose X-Forwarded-For is believed
# zone = "Europe/Berlin"                      # times are shown in this zone

# [service.four_eyes]
# prefix4 = 22                                # as wide, or wider, needs a second person
# customers = 3                               # so many customers hit, too

# [[service.notify]]
# name = "noc"
# url = "mailto://enforcer@mail.example.net?to=noc@example.net"   # any apprise URL
# events = ["order.failing", "drift.found", "approval.needed"]
"""

INVENTORY = """\
# Devices, customers, service sets and protected prefixes. 'enforcer inventory check' reads it.
# May be split over several files in this folder. Remove the leading "#" of what you need.

settings: {}   # {documentation_space: true} in a lab: documentation prefixes may be blocked

#devices:
#  edge1:
#    platform: nftables
#    site: south
#    roles: [border, access]
#    mode: observe            # enforce, once you trust what it would do
#    transport: {local: "yes"}   # or {netns: NAME}
#    interfaces:
#      eth0: {behind: upstream}
#      eth1: {behind: acme}

#customers:
#  acme:
#    prefixes: [192.0.2.0/25, "2001:db8:a::/48"]
#    attachments: [{device: edge1, interface: eth1}]
#    contacts: [{name: Abuse desk, channel: mail, address: abuse@acme.example}]

#service_sets:
#  relay:
#    entries:
#      - {prefixes: [198.51.100.25], protocol: tcp, ports: [25, 465, 587]}
#  resolvers:
#    entries:
#      - {prefixes: [198.51.100.53], protocol: udp, ports: [53]}
#      - {prefixes: [198.51.100.53], protocol: tcp, ports: [53]}

#protected:
#  - {prefix: 198.51.100.0/24, reason: our own servers}
"""


def write_missing(file: Path, text: str) -> bool:
    """Write `text` to a new file; False where one exists, which is never overwritten.

    Raises ConfigurationInvalid when it cannot be written.
    """
    if file.exists():
        return False
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationInvalid(f"{file}: cannot be written: {error.strerror}") from None
    return True


def has_inventory(path: Path) -> bool:
    """Whether there is an inventory already: a file, or a folder with something in it."""
    return path.is_file() or (path.is_dir() and any(path.iterdir()))
