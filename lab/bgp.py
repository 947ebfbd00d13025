# SPDX-License-Identifier: GPL-2.0-or-later
"""The BGP lab, ``lab/isp-bgp.clab.yml``, from inside: what is announced, and who has it.

The same questions are answered for both edges, one with FRR and one with BIRD, so that a test is
written once.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from lab.errors import LabCommandFailed, NotInLab
from lab.inside import current
from lab.shell import wait_until

TOPOLOGY = Path(__file__).resolve().parent / "isp-bgp.clab.yml"
INVENTORY = Path(__file__).resolve().parent / "inventory-bgp"
HOW = "run: python -m lab.clabns lab/isp-bgp.clab.yml -- COMMAND"
LEAKY, UPSTREAM, SPEAKER, PROBER = "leaky", "upstream", "speaker", "prober"
_BIRDC = ("birdc", "show", "protocols")
_TLS = ("--tls", "--tls-ca-file", "/etc/gobgp/cert.pem", "--host", SPEAKER)
NODES = {
    LEAKY: _BIRDC,
    "edge1": ("vtysh", "-d", "bgpd", "-c", "show bgp summary"),
    "edge2": _BIRDC,
    UPSTREAM: _BIRDC,
    SPEAKER: ("gobgp", *_TLS, "neighbor"),
}
"""Those that speak BGP, and what is asked there for their sessions."""
PROBER4, PROBER6 = "192.0.2.66", "2001:db8:f00:66::66"
CERTIFICATE = "speaker.pem"
CONVERGED = 60.0
"""Seconds that tables may take to become what they must be, on a loaded machine."""
_LOG = "/run/bird/bird.log"
_KEPT = "/run/kept"
_COUNT = re.compile(r"^(\d+) of \d+ routes", re.MULTILINE)

Leak = tuple[str, tuple[int, ...]]
"""A prefix, and the AS path that the customer's own AS is put in front of."""


@dataclass(frozen=True)
class Edge:
    """An edge router and what is reached through it alone.

    Attributes:
        number: 1 or 2, as the nodes' names of sessions have it.
        neighbors: the customer's addresses, IPv4 and IPv6.
        own: the customer's prefixes that are announced here.
        victims: the addresses behind the customer that are reached through this edge.
    """

    node: str
    daemon: str
    number: int
    neighbors: tuple[str, str]
    own: tuple[str, str]
    victims: tuple[str, str]

    def __str__(self) -> str:
        return self.daemon

    def session(self, family: int) -> str:
        """The name of its session in the configurations of the customer and of the upstream."""
        return f"edge{self.number}_{family}"


FRR = Edge(
    *("edge1", "frr", 1),
    neighbors=("10.1.1.2", "fd00:1:1::2"),
    own=("198.51.100.0/25", "2001:db8:101::/48"),
    victims=("198.51.100.10", "2001:db8:101::10"),
)
BIRD = Edge(
    *("edge2", "bird", 2),
    neighbors=("10.1.2.2", "fd00:1:2::2"),
    own=("198.51.100.128/25", "2001:db8:102::/48"),
    victims=("198.51.100.130", "2001:db8:102::10"),
)
EDGES = (FRR, BIRD)


def enrol(folder: Path) -> None:
    """Writes the edges' host keys and passwords, and the speaker's certificate, into a folder.

    Raises:
        NotInLab: the lab around this process has no such routers.
    """
    lab = current()
    exported = lab.directory / "nornir-simple-inventory.yml"
    hosts = YAML(typ="safe", pure=True).load(exported.read_text(encoding="utf-8"))
    known, secrets = [], folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for edge in EDGES:
        key = lab.directory / f"{edge.node}.hostkey.pub"
        if edge.node not in hosts or not key.exists():
            raise NotInLab(f"lab {lab.name} has no {edge.node} with a login; {HOW}")
        kind, text, _ = key.read_text(encoding="ascii").split(maxsplit=2)
        known.append(f"{hosts[edge.node]['hostname']} {kind} {text}\n")
        secret = secrets / edge.node
        secret.touch(mode=0o600)
        secret.write_text(hosts[edge.node]["password"], encoding="utf-8")
    (folder / "known_hosts").write_text("".join(known), encoding="ascii")
    certificate = lab.path(SPEAKER, "/etc/gobgp/cert.pem")
    wait_until(certificate.exists, "the speaker has its certificate")
    shutil.copy(certificate, folder / CERTIFICATE)


def inventory_for(folder: Path) -> Path:
    """The lab's inventory: a copy in ``folder``, where a test may change it."""
    here = Path(shutil.copytree(INVENTORY, folder / "inventory"))
    network = here / "network.yaml"
    text = network.read_text(encoding="utf-8")
    network.write_text(text.replace(CERTIFICATE, str(folder / CERTIFICATE)), encoding="utf-8")
    return here


# -- what the customer announces ----------------------------------------------------------


def announce(edge: Edge, leaks: Iterable[Leak]) -> None:
    """Has the customer announce exactly these to an edge, beside his own prefixes."""
    lines: dict[int, list[str]] = {4: [], 6: []}
    for prefix, path in leaks:
        lines[6 if ":" in prefix else 4].append(_route(prefix, path))
    for family, routes in lines.items():
        file = current().path(LEAKY, f"/run/announce/{edge.session(family)}")
        file.write_text("".join(routes), encoding="ascii")
    said = current().run(LEAKY, "birdc", "configure", timeout=60).stdout
    if "Reconfigur" not in said:
        raise LabCommandFailed(f"leaky does not announce what it should: {said}")


def plain(prefixes: Iterable[str]) -> list[Leak]:
    """Prefixes that the customer pretends to originate himself."""
    return [(prefix, ()) for prefix in prefixes]


def _route(prefix: str, path: Sequence[int]) -> str:
    # prepend() puts the last one given first.
    steps = " ".join(f"bgp_path.prepend({asn});" for asn in reversed(path))
    return f"route {prefix} blackhole {{ {steps} }};\n" if steps else f"route {prefix} blackhole;\n"


# -- who has it ---------------------------------------------------------------------------


def upstream_routes(edge: Edge, family: int) -> frozenset[str]:
    """The prefixes that the upstream has from an edge."""
    said = current().run(UPSTREAM, "birdc", "show", "route", "protocol", edge.session(family))
    lines = said.stdout.splitlines()
    return frozenset(line.split()[0] for line in lines if line[:1].isalnum() and "/" in line)


def upstream_count(edge: Edge, family: int) -> int:
    """How many routes the upstream has from an edge."""
    asked = ("birdc", "show", "route", "protocol", edge.session(family), "count")
    found = _COUNT.search(current().run(UPSTREAM, *asked).stdout)
    return int(found[1]) if found else 0


def kernel_routes(edge: Edge, family: int) -> frozenset[str]:
    """The prefixes that an edge's daemon has put into the kernel's table."""
    protocol = "bgp" if edge is FRR else "bird"
    asked = ("ip", f"-{family}", "route", "show", "proto", protocol)
    lines = current().run(edge.node, *asked).stdout.splitlines()
    words = (line.removeprefix("blackhole ").split()[0] for line in lines if line.strip())
    everything = {4: "0.0.0.0/0", 6: "::/0"}[family]
    host = {4: "/32", 6: "/128"}[family]
    return frozenset(
        everything if word == "default" else word if "/" in word else word + host for word in words
    )


def log_mark() -> int:
    """Where the upstream's log ends now."""
    return current().path(UPSTREAM, _LOG).stat().st_size


def events(edge: Edge, prefix: str, since: int) -> list[str]:
    """What the upstream's log says of a prefix from an edge since a mark; empty: it never moved."""
    family = 6 if ":" in prefix else 4
    heard = f" {edge.session(family)}.ipv{family} > "
    with current().path(UPSTREAM, _LOG).open("rb") as log:
        log.seek(since)
        lines = log.read().decode(errors="replace").splitlines()
    return [line for line in lines if heard in line and f" {prefix} " in line]


def await_upstream(
    edge: Edge, family: int, wanted: Iterable[str], timeout: float = CONVERGED
) -> float:
    """Waits until the upstream has exactly these prefixes from an edge; seconds it took.

    Raises:
        LabCommandFailed: it does not come to that; with the first differences.
    """
    exactly = frozenset(wanted)

    def holds() -> bool:
        few = upstream_count(edge, family) == len(exactly)
        return few and upstream_routes(edge, family) == exactly

    try:
        what = f"the upstream has {len(exactly)} IPv{family} prefixes from {edge.node}"
        return wait_until(holds, what, timeout=timeout)
    except LabCommandFailed as error:
        found = upstream_routes(edge, family)
        more, less = sorted(found - exactly)[:5], sorted(exactly - found)[:5]
        raise LabCommandFailed(
            f"{error}; it has {len(found)}, too many are {more}, missing are {less}"
        ) from error


def await_kernel(edge: Edge, family: int, without: Iterable[str]) -> float:
    """Waits until the edge's kernel has none of these; seconds it took."""
    unwanted = frozenset(without)
    what = f"the kernel of {edge.node} has none of {len(unwanted)} IPv{family} routes"
    return wait_until(lambda: not kernel_routes(edge, family) & unwanted, what, timeout=CONVERGED)


def pings(address: str, count: int = 3) -> int:
    """How many of `count` echo requests from the prober are answered."""
    asked = ("ping", "-n", "-q", "-c", str(count), "-i", "0.2", "-W", "1", address)
    said = current().run(PROBER, *asked, check=False).stdout
    found = re.search(r" (\d+) received", said)
    return int(found[1]) if found else 0


def all_pings(addresses: Sequence[str]) -> list[int]:
    """The same for several at once, in their order."""
    with ThreadPoolExecutor(max(len(addresses), 1)) as probers:
        return list(probers.map(pings, addresses))


# -- what happens to daemons --------------------------------------------------------------


def reset(edge: Edge, soft: bool = False) -> None:
    """Clears the edge's sessions with the customer, as an operator does."""
    if edge is BIRD:
        verb = ("reload", "in") if soft else ("restart",)
        for family in (4, 6):
            current().run(edge.node, "birdc", *verb, f"leaky{family}")
        return
    for address in edge.neighbors:
        unicast = "ipv6 unicast" if ":" in address else "ipv4 unicast"
        words = f"clear bgp {unicast} {address}{' soft in' if soft else ''}"
        current().run(edge.node, "vtysh", "-c", words)


@contextmanager
def killed(node: str, daemon: str) -> Iterator[None]:
    """Kills a daemon with SIGKILL; it is started again when the context ends."""
    down = current().path(node, f"{_KEPT}/{daemon}.down")
    file = current().path(node, f"{_KEPT}/{daemon}.pid")
    before = file.read_text(encoding="ascii")
    down.touch()
    try:
        current().run(node, "kill", "-KILL", before.strip())
        what = f"{daemon} of {node} is dead"
        wait_until(lambda: not current().path(node, f"/proc/{before.strip()}").exists(), what)
        yield
    finally:
        down.unlink()
    back = f"{daemon} of {node} is started again"
    wait_until(lambda: file.read_text(encoding="ascii") not in ("", before), back)


def sessions_of(node: str) -> str:
    """What a node itself says of its sessions, for people."""
    said = current().run(node, *NODES[node], check=False)
    return f"{node}:\n{said.stdout}{said.stderr}"


def established(edge: Edge) -> bool:
    """Whether the customer and the upstream have all sessions with an edge up."""
    for node in (LEAKY, UPSTREAM):
        said = current().run(node, "birdc", "show", "protocols", check=False).stdout
        up = {line.split()[0] for line in said.splitlines() if " Established" in line}
        if not {edge.session(4), edge.session(6)} <= up:
            return False
    return True


def wait_for_bgp(timeout: float = 60.0) -> float:
    """Waits until every session is up and both victims answer; seconds it took.

    Raises:
        LabCommandFailed: something is not within ``timeout`` seconds each, and what.
    """
    took = 0.0
    for edge in EDGES:
        what = f"the sessions of {edge.node} are up"
        took += wait_until(lambda edge=edge: established(edge), what, timeout=timeout)  # type: ignore[misc] # bound in the loop
        for address in edge.victims:
            answered = f"{address} answers through {edge.node}"
            took += wait_until(
                lambda address=address: pings(address, 1) == 1,  # type: ignore[misc] # the same
                answered,
                timeout=timeout,
            )
    return took
