# SPDX-License-Identifier: GPL-2.0-or-later
"""The routers of other vendors in ``lab/isp-vendors.clab.yml``, as an operator meets them.

``enrol`` writes what the inventory in ``lab/inventory-vendors`` refers to. In the lab of clabns
the three are EMULATED, and `emulated` gives the way to ask one what it would do.
"""

import re
import shutil
from ipaddress import ip_address
from pathlib import Path

from ruamel.yaml import YAML

from lab.emulated_node import control_socket
from lab.emulators.control import Control
from lab.emulators.packets import TCP, Packet
from lab.errors import NotInLab
from lab.inside import current

TOPOLOGY = Path(__file__).resolve().parent / "isp-vendors.clab.yml"
INVENTORY = Path(__file__).resolve().parent / "inventory-vendors"
IOS, XR, JUNOS = "ios1", "xr1", "junos1"
ROUTERS = (IOS, XR, JUNOS)
PLATFORMS = {IOS: "Cisco IOS", XR: "Cisco IOS-XR", JUNOS: "Juniper Junos"}
HOW = "run: python -m lab.clabns lab/isp-vendors.clab.yml -- COMMAND"


def enrol(folder: Path) -> None:
    """Writes the routers' host keys and passwords into an installation's folder.

    The lab knows both; an operator compares host keys with what the console shows.

    Raises:
        NotInLab: the lab around this process has no such routers.
    """
    lab = current()
    exported = lab.directory / "nornir-simple-inventory.yml"
    hosts = YAML(typ="safe", pure=True).load(exported.read_text(encoding="utf-8"))
    known, secrets = [], folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for name in ROUTERS:
        key = lab.directory / f"{name}.hostkey.pub"
        if name not in hosts or not key.exists():
            raise NotInLab(f"lab {lab.name} has no {name}; {HOW}")
        kind, text, _ = key.read_text(encoding="ascii").split(maxsplit=2)
        known.append(f"{hosts[name]['hostname']} {kind} {text}\n")
        secret = secrets / name
        secret.touch(mode=0o600)
        secret.write_text(hosts[name]["password"], encoding="utf-8")
    (folder / "known_hosts").write_text("".join(known), encoding="ascii")


def inventory_for(folder: Path) -> Path:
    """The lab's inventory with these routers: a copy in ``folder``, where a test may change it.

    Service sets are those of ``lab/inventory``.
    """
    here = folder / "inventory"
    shutil.copytree(INVENTORY, here)
    shutil.copy(INVENTORY.with_name("inventory") / "services.yaml", here)
    return here


def emulated(router: str) -> Control:
    """The way to ask a running emulated router.

    Raises:
        NotInLab: the lab around this process does not emulate it.
    """
    lab = current()
    path = control_socket(lab.directory, router)
    if not path.exists():
        raise NotInLab(f"lab {lab.name} emulates no {router}; {HOW}")
    return Control(path)


def operators_own(running: str) -> str:
    """A running configuration without our owner mark, which stays when everything is withdrawn.

    On IOS and IOS-XR it is an object-group, on Junos a prefix-list.
    """
    group = r"^object-group network (?:ipv4 )?ENF-OWNER\n(?: .*\n)*!\n"
    listed = r"^set policy-options prefix-list ENF-OWNER\S* .*\n"
    return re.sub(f"{group}|{listed}", "", running, flags=re.MULTILINE)


def remove_mark(router: str) -> None:
    """Removes our owner mark by hand, so that another installation may begin on the router."""
    asked = emulated(router)
    for line in asked.running().splitlines():
        if line.startswith("object-group network ") and line.endswith(" ENF-OWNER"):
            asked.by_hand(f"no {line}")
        elif line.startswith("set policy-options prefix-list ENF-OWNER"):
            asked.by_hand(f"delete {' '.join(line.split()[1:4])}")


def segment(source: str, destination: str, port: int) -> Packet:
    """A TCP segment from a high port."""
    return Packet(ip_address(source), ip_address(destination), TCP, 40000, port)
