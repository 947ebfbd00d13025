# SPDX-License-Identifier: GPL-2.0-or-later
"""A provider with twenty routers, names of every length, and something of every kind going on."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_network

from enforcer.application.account_views import CreateToken
from enforcer.application.actor import Actor
from enforcer.application.commands import CommentOrder, ImportList, LiftOrder, PlaceOrder
from enforcer.application.views import OrderView
from enforcer.clock import SystemClock
from enforcer.core.access import Rights, Role
from enforcer.core.orders import (
    BlockAddress,
    BlockList,
    BlockPort,
    Demand,
    PortRange,
    Scope,
    Selection,
    SuspendCustomer,
)
from enforcer.core.topology import (
    ROLE_BORDER,
    Attachment,
    Customer,
    Device,
    Interface,
    Mode,
    ProtectedPrefix,
    ServiceEntry,
    ServiceSet,
    Tenant,
    Topology,
)
from enforcer.errors import AwaitingApproval, DeviceError, DeviceUnreachable
from enforcer.storage.reports import StoredReport
from tests.browser.town import SHELL, Town
from tests.fakes.faults import Point

ABBY = Actor("abby", "web", Rights(frozenset({Role.ABUSE})))
PAUL = Actor("paul", "web", Rights(frozenset({Role.APPROVER})))
IDS = Actor("suricata-north", "suricata-north")
HOURS_AGO = timedelta(hours=5)
PATIENCE = timedelta(seconds=30)
SITES = ("north", "south", "east", "west")
LONG = "edge-with-a-very-long-name-01.pop-harbour.backbone"
NAMES = (LONG, *(f"edge{n}" for n in range(1, 12)), *(f"core{n}" for n in range(1, 9)))
COOPERATIVE = "northern-universities-research-computing-cooperative"
OFF, PAUSED, AWAY = "edge2", "edge3", "edge4"
REASONS = (
    "phishing page, taken down at the host too late",
    "spam run",
    "scanner",
    "credential stuffing against webmail",
    "botnet command server",
    "ransomware drop site; see the ticket for the sample and whom it was sent to",
)


def _router(name: str, place: int) -> Device:
    interfaces = (Interface("eth0", "upstream"), Interface("eth1", "customers"))
    return Device(
        name,
        "nftables",
        site=SITES[place % len(SITES)],
        roles=frozenset({ROLE_BORDER}),
        mode=Mode.ENFORCE,
        interfaces=interfaces,
    )


BIG = Topology(
    devices={name: _router(name, place) for place, name in enumerate(NAMES)},
    customers={
        "acme": Customer("acme", (ip_network("192.0.2.0/25"),), (Attachment("edge1", "eth1"),)),
        "delta-hosting": Customer(
            "delta-hosting",
            (ip_network("192.0.2.128/25"), ip_network("2001:db8:d::/48")),
            (Attachment("edge2", "eth1"),),
            tenants=(Tenant("delta-shop", (ip_network("192.0.2.200/29"),)),),
        ),
        COOPERATIVE: Customer(
            COOPERATIVE,
            (ip_network("203.0.113.0/24"), ip_network("2001:db8:ed::/48")),
            (Attachment("edge5", "eth1"), Attachment("edge6", "eth1")),
        ),
    },
    service_sets={
        "emergency": ServiceSet("emergency", (ServiceEntry((ip_network("198.51.100.112"),)),))
    },
    protected=(
        ProtectedPrefix(ip_network("198.51.100.0/26"), "our own servers"),
        ProtectedPrefix(ip_network("198.51.100.64/27"), "the exchange's route servers"),
    ),
    documentation_space=True,
)


def placed(town: Town, demand: Demand, reason: str, ticket: str = "", **more: object) -> OrderView:
    """An order of abby's, for a day unless said otherwise."""
    command = PlaceOrder(demand=demand, reason=reason, duration=timedelta(days=1))
    changes = {"ticket": ticket or None, **more}
    return town.app.place(Actor("abby", "web"), command.model_copy(update=changes))


class NoRoute(DeviceUnreachable):
    """Its line is down."""

    def __init__(self, device: str, said: str) -> None:
        super().__init__(device, "no route to host: look at its line")


class LateClock(SystemClock):
    """The time of day, `behind` what it is: so that some things happened hours ago."""

    behind = timedelta(0)

    def now(self) -> datetime:
        """See `Clock.now`."""
        return super().now() - self.behind


def populate(town: Town, clock: LateClock) -> OrderView:
    """Everything, from `HOURS_AGO` on; the order that most is to be seen of."""
    shown = placed(
        town, BlockAddress(ip_network("192.0.2.7")), "phishing page for a bank", "T-4711"
    )
    town.app.wait(SHELL, shown.id, PATIENCE)
    text = "The customer was called and cleans it up until noon."
    clock.behind = timedelta(hours=3)
    town.app.comment(ABBY, CommentOrder(order=shown.id, text=text))
    clock.behind = timedelta(minutes=25)
    _orders(town)
    _proposals(town)
    _reports(town)
    _sources(town)
    clock.behind = timedelta(0)
    _samples(town, shown)
    _devices(town)
    return shown


def _orders(town: Town) -> None:
    for number in range(1, 31):
        reason = REASONS[number % len(REASONS)]
        ticket = f"T-{4800 + number}" if number % 3 else ""
        address = BlockAddress(ip_network(f"203.0.113.{number}"))
        hours = timedelta(hours=number % 5 + 1)
        placed(town, address, reason, ticket, duration=hours)
    smtp = BlockPort(Selection((ip_network("192.0.2.130"),)), (6,), (PortRange(25, 25),))
    placed(town, smtp, "sends spam", "T-4820", duration=timedelta(minutes=40))
    botnets = "".join(f"198.51.100.{number}\n" for number in range(130, 190))
    town.app.import_list(ABBY, ImportList(name="botnets", text=botnets, source="a feed"))
    placed(town, BlockList("botnets"), "command servers", duration=timedelta(days=7))
    later = SystemClock().now() + timedelta(hours=6)
    placed(town, BlockAddress(ip_network("2001:db8:d::99")), "announced test", start=later)
    over = placed(town, BlockAddress(ip_network("192.0.2.66")), "open resolver")
    town.app.lift(ABBY, LiftOrder(order=over.id, reason="closed by the customer"))


def _proposals(town: Town) -> None:
    essentials = Selection(service_sets=("emergency",))
    asked = (
        (SuspendCustomer("delta-hosting", essentials), "unpaid, third reminder", False),
        (BlockAddress(ip_network("192.0.2.9")), "keeps coming back", True),
    )
    for demand, reason, for_good in asked:
        command = PlaceOrder(
            demand=demand,
            reason=reason,
            open_ended=for_good,
            duration=None if for_good else timedelta(days=100),
            confirm_collateral=True,
        )
        with suppress(AwaitingApproval):
            town.app.place(ABBY, command)


_Told = tuple[str, str, str, str, str | None, bool, str]
_TOLD: tuple[_Told, ...] = (
    ("open", "arf", "abuse@mail", "spam", "192.0.2.44", False, "anybody's word: look at it"),
    ("open", "xarf", "partner-csirt", "phishing", "192.0.2.7", False, "a person decides"),
    ("ordered", "suricata", "suricata-north", "scanner", "203.0.113.4", True, "rule scanners"),
    ("counted", "fail2ban", "mail1", "login_attack", "203.0.113.60", True, "2 of 5 in 10 min"),
    ("open", "xarf", "partner-csirt", "malware_hosting", "2001:db8:d::25", False, "look at it"),
    ("ignored", "fastnetmon", "flow-east", "udp_flood", "203.0.113.9", True, "UDP is forged"),
    ("malformed", "alertmanager", "alerts", "unreadable", None, True, "no `alerts` in it"),
    ("dismissed", "arf", "abuse@mail", "spam", "192.0.2.50", False, "dismissed by abby: a test"),
)
"""State, format, source, what, target, whether it is trusted, what was said."""


def _reports(town: Town) -> None:
    now = SystemClock().now()
    rows = [_report(number, now, told) for number, told in enumerate(_TOLD, 1)]
    with town.database.write() as work:
        work.reports.add_many([(row, b'{"type": "example"}') for row in rows])


def _report(number: int, now: datetime, told: _Told) -> StoredReport:
    state, form, source, what, target, trusted, said = told
    at = now - timedelta(minutes=7 * number)
    customer = "acme" if target and target.startswith("192.0.2.") else None
    body = {"trusted": trusted, "said": said, "customer": customer, "evidence": "unknown"}
    count = 14 if state == "counted" else 1
    digest = f"{number:064x}"
    return StoredReport(
        number, at, form, source, digest, target, what, state, count, at, None, body
    )


def _sources(town: Town) -> None:
    for source in ("suricata-north", "flow-east", "mail1"):
        token = CreateToken(source=source, roles=("detector",), owner="")
        town.accounts.create_token(SHELL, token)
    for number in range(61, 66):
        demand = BlockAddress(ip_network(f"203.0.113.{number}"))
        command = PlaceOrder(demand=demand, reason="scan of port 22", duration=timedelta(hours=1))
        town.app.place(IDS, command)


def _samples(town: Town, order: OrderView) -> None:
    """As if it had been in force for hours, with a flood in between."""
    now = SystemClock().now().replace(second=0, microsecond=0)
    with town.database.write() as work:
        seen = 0
        for minutes in range(295, 0, -5):
            seen += 2 if not 80 < minutes < 170 else 26 + minutes % 40
            work.dropped.add({order.number: seen}, now - timedelta(minutes=minutes))


def _devices(town: Town) -> None:
    """One that differs, one that is paused and behind, one that does not answer."""
    drifting = placed(
        town, BlockAddress(ip_network("192.0.2.140")), "drifts", scope=Scope(devices=(OFF,))
    )
    town.app.wait(SHELL, drifting.id, PATIENCE)
    town.app.device_mode(SHELL, OFF, "observe", "new line card")
    town.app.device_pause(SHELL, PAUSED, "optics are exchanged until 18:00")
    waiting = BlockAddress(ip_network("203.0.113.77"))
    placed(town, waiting, "waits for the pause", scope=Scope(devices=(PAUSED, "edge5")))
    box = town.boxes[OFF]
    for rule, members in box.table().members.items():
        for place, entry in members.items():
            if entry.order == drifting.number:
                box.remove(rule, place)
                break
    for point in (Point.CONNECT, Point.FINGERPRINT, Point.READ):
        town.boxes[AWAY].faults.keep_failing(point, NoRoute)
    for name in (OFF, PAUSED, AWAY):
        with suppress(DeviceError):
            town.app.device_reconcile(SHELL, name)
