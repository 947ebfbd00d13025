# SPDX-License-Identifier: GPL-2.0-or-later
"""What API and desk are made of, in memory: accounts for every role, reports, notices.

The secret of a role's token is ``token-ROLE`` (``read-ROLE``: a read-only one); the cookie of its
login is ``cookie-ROLE`` and its CSRF token ``csrf-ROLE``. Whoever is called by them is ``ROLE``.
"""

from __future__ import annotations

from collections.abc import Sequence

from enforcer.application.account_views import (
    ChangeUser,
    CreateToken,
    CreateUser,
    NewSession,
    NewToken,
    SessionView,
    TokenView,
    UserView,
)
from enforcer.application.accounts import Accounts
from enforcer.application.actor import Actor
from enforcer.application.commands import PlaceOrder
from enforcer.application.notice_views import ChannelView, Notices, NoticeView
from enforcer.application.report_views import (
    PullView,
    ReportFilter,
    Reports,
    ReportView,
    TrialView,
)
from enforcer.application.services import Services
from enforcer.application.views import OrderView
from enforcer.core.access import MachineLimits, Rights, Role
from enforcer.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    NotSent,
    Throttled,
    Unauthenticated,
)
from enforcer.service_settings import ServiceSettings
from tests.fakes.account_views import a_session, a_token, a_user
from tests.fakes.application import FakeApplication
from tests.fakes.drops import FakeDrops
from tests.fakes.views import NOW

EVERYTHING = "token-everything"
"""Of one called ``tester`` who may do everything."""
PASSWORD = "correct horse battery"


def rights_of(role: Role, read_only: bool = False) -> Rights:
    """What a token or login with this one role may do."""
    machine = MachineLimits() if role is Role.DETECTOR else None
    return Rights(frozenset({role}), read_only, machine)


def actor_of(role: Role, read_only: bool = False) -> Actor:
    """Who is called by that role's token."""
    return Actor(str(role), "api", rights_of(role, read_only))


class FakeAccounts:
    """See the module. `throttled`: so many seconds nobody may log in."""

    def __init__(self) -> None:
        self.throttled = 0.0
        self.views = {str(role): a_user(role) for role in Role}
        self.token_views = {"enf_1": a_token()}
        self.ended: set[str] = set()

    def by_token(self, secret: str, address: str) -> Actor:
        """By the secret's words."""
        if secret == EVERYTHING:
            return Actor("tester", "api")
        kind, _, role = secret.partition("-")
        if kind not in ("token", "read") or role not in list(Role):
            raise Unauthenticated("this token does not hold: make another one")
        return actor_of(Role(role), kind == "read")

    def by_session(self, cookie: str, used: bool = True) -> tuple[Actor, SessionView, str]:
        """By the cookie's words, unless it was ended."""
        kind, _, role = cookie.partition("-")
        if kind != "cookie" or role not in list(Role) or cookie in self.ended:
            raise Unauthenticated("you are logged out: log in again")
        actor = Actor(role, "web", rights_of(Role(role)))
        return actor, a_session(role), f"csrf-{role}"

    def login(self, name: str, password: str, address: str, agent: str) -> NewSession:
        """Every role's name with `PASSWORD`."""
        if self.throttled:
            raise Throttled(self.throttled, f"try again in {self.throttled:g} s")
        if name not in self.views or password != PASSWORD:
            raise Unauthenticated("name or password is wrong")
        cookie = f"cookie-{name}"
        self.ended.discard(cookie)
        return NewSession(cookie=cookie, csrf=f"csrf-{name}", session=a_session(name))

    def login_oidc(
        self, provider: str, claims: dict[str, object], address: str, agent: str
    ) -> NewSession:
        """Whoever the claims name."""
        return self.login(str(claims["preferred_username"]), PASSWORD, address, agent)

    def logout(self, cookie: str) -> None:
        """That cookie opens nothing any more."""
        self.ended.add(cookie)

    def me(self, actor: Actor) -> UserView:
        """The account of that name."""
        return self._user(actor.name)

    def set_zone(self, actor: Actor, zone: str) -> UserView:
        """In that zone."""
        self.views[actor.name] = self._user(actor.name).model_copy(update={"zone": zone})
        return self.views[actor.name]

    def change_password(self, actor: Actor, old: str, new: str) -> None:
        """Only with the old one."""
        if old != PASSWORD:
            raise Forbidden("the old password is wrong")

    def set_password(self, actor: Actor, name: str, new: str) -> None:
        """Of an account that there is."""
        self._user(name)

    def users(self, actor: Actor) -> Sequence[UserView]:
        """One for each role."""
        return list(self.views.values())

    def create_user(self, actor: Actor, command: CreateUser) -> UserView:
        """With what was said."""
        made = a_user(Role.VIEWER).model_copy(
            update={
                "name": command.name,
                "display": command.display,
                "email": command.email,
                "roles": list(command.roles),
                "zone": command.zone,
            }
        )
        self.views[command.name] = made
        return made

    def change_user(self, actor: Actor, command: ChangeUser) -> UserView:
        """What is not None."""
        user = self._user(command.name)
        said = command.model_dump(mode="json", exclude={"name", "disabled"}, exclude_none=True)
        if command.disabled is not None:
            said["disabled"] = NOW if command.disabled else None
        self.views[command.name] = user.model_copy(update=said)
        return self.views[command.name]

    def sessions(self, actor: Actor, name: str | None = None) -> Sequence[SessionView]:
        """One."""
        return [a_session(name or actor.name)]

    def revoke_session(self, actor: Actor, session_id: str) -> None:
        """The one of that id."""
        self.ended.add(f"cookie-{session_id.removeprefix('session-')}")

    def tokens(self, actor: Actor) -> Sequence[TokenView]:
        """Those that were made, and one."""
        return list(self.token_views.values())

    def create_token(self, actor: Actor, command: CreateToken) -> NewToken:
        """With the secret of its first role."""
        name = f"enf_{len(self.token_views) + 1}"
        said = {"name": name, "source": command.source, "roles": list(command.roles)}
        self.token_views[name] = a_token().model_copy(update=said)
        return NewToken(token=self.token_views[name], secret=f"token-{command.roles[0]}")

    def revoke_token(self, actor: Actor, name: str) -> TokenView:
        """Revoked."""
        if name not in self.token_views:
            raise NotFound(f"there is no token {name}")
        self.token_views[name] = self.token_views[name].model_copy(update={"revoked": NOW})
        return self.token_views[name]

    def _user(self, name: str) -> UserView:
        if name not in self.views:
            raise NotFound(f"there is no account {name}")
        return self.views[name]


class FakeReports:
    """`views` are the reports."""

    def __init__(self, application: FakeApplication) -> None:
        self._application = application
        self.views = {1: a_report(1)}
        self.tried: list[tuple[str, str, bytes]] = []

    def reports(self, actor: Actor, which: ReportFilter) -> Sequence[ReportView]:
        """Newest first."""
        found = sorted(self.views.values(), key=lambda view: -view.id)
        if which.states:
            found = [view for view in found if view.state in which.states]
        if which.order is not None:
            found = [view for view in found if view.order == which.order]
        if which.target is not None:
            found = [view for view in found if view.target == which.target]
        if which.before is not None:
            found = [view for view in found if view.id < which.before]
        return found[: which.limit]

    def report(self, actor: Actor, report_id: int) -> ReportView:
        """One of them."""
        if report_id not in self.views:
            raise NotFound(f"there is no report {report_id}")
        return self.views[report_id]

    def dismiss(self, actor: Actor, report_id: int, reason: str) -> ReportView:
        """Dismissed."""
        changes = {"state": "dismissed", "said": reason}
        self.views[report_id] = self.report(actor, report_id).model_copy(update=changes)
        return self.views[report_id]

    def order_for(self, actor: Actor, report_id: int, command: PlaceOrder) -> OrderView:
        """Ordered."""
        report = self.report(actor, report_id)
        order = self._application.place(actor, command)
        changes = {"state": "ordered", "order": order.id}
        self.views[report_id] = report.model_copy(update=changes)
        return order

    def trial(self, actor: Actor, form: str, source: str, raw: bytes) -> Sequence[TrialView]:
        """Of one signal."""
        self.tried.append((form, source, raw))
        if form == "morse":
            raise InvalidInput(f"--format {form}: there is none: xarf")
        return [a_trial(form)]

    def poll(self, actor: Actor, confirm_shrink: bool = False) -> PullView:
        """Two were taken; three are held until it is confirmed."""
        held = 0 if confirm_shrink else 3
        return PullView(source="crowdsec", url="http://127.0.0.1:8081", taken=2, held=held)


def a_trial(form: str) -> TrialView:
    """What a report of spam would become."""
    return TrialView(
        format=form,
        type="spam",
        target="192.0.2.7",
        evidence="udp",
        part="source",
        course="open",
        rule="block",
        said="its evidence is UDP alone",
        demand=None,
        customer="acme",
        warnings=["it has no `sender`"],
    )


class FakeNotices:
    """`views` are the notices."""

    def __init__(self) -> None:
        self.views = {1: a_notice(1)}
        self.tested: list[str] = []

    def notices(
        self,
        actor: Actor,
        state: str | None = None,
        limit: int = 100,
        before: int | None = None,
    ) -> Sequence[NoticeView]:
        """Newest first."""
        if state not in (None, "waiting", "sent", "dead"):
            raise InvalidInput(f"no notice is {state!r}: they are waiting, sent, dead")
        found = sorted(self.views.values(), key=lambda view: -view.id)
        found = [view for view in found if before is None or view.id < before]
        return [view for view in found if state in (None, view.state)][:limit]

    def channels(self, actor: Actor) -> Sequence[ChannelView]:
        """One that works."""
        events = ["order.placed", "alarm.*"]
        return [ChannelView(name="noc", kind="webhook", events=events, waiting=0, dead=1)]

    def test(self, actor: Actor, channel: str) -> NoticeView:
        """Sent, where it is that one; ``mute`` takes nothing."""
        self.tested.append(channel)
        if channel == "mute":
            raise NotSent("mute: nobody answers")
        if channel != "noc":
            raise NotFound(f"no channel {channel!r}: noc")
        return a_notice(9, "sent").model_copy(update={"channel": channel, "error": ""})

    def retry(self, actor: Actor, notice_id: int) -> NoticeView:
        """Waiting again."""
        if notice_id not in self.views:
            raise NotFound(f"there is no notice {notice_id}")
        self.views[notice_id] = self.views[notice_id].model_copy(update={"state": "waiting"})
        return self.views[notice_id]


def fake_services(
    application: FakeApplication | None = None, settings: ServiceSettings | None = None
) -> Services:
    """Everything, in memory."""
    chosen = application or FakeApplication()
    return Services(
        application=chosen,
        accounts=FakeAccounts(),
        reports=FakeReports(chosen),
        notices=FakeNotices(),
        settings=settings or ServiceSettings(),
        now=lambda: chosen.now,
        drops=FakeDrops(),
    )


def a_report(number: int, state: str = "open") -> ReportView:
    """A report of spam from an address of acme."""
    return ReportView(
        id=number,
        at=NOW,
        last=NOW,
        count=1,
        format="xarf",
        source="reports.example.net",
        trusted=False,
        target="192.0.2.7",
        type="spam",
        state=state,
        rule=None,
        said="no rule takes it: a person decides",
        order=None,
        customer="acme",
    )


def a_notice(number: int, state: str = "dead") -> NoticeView:
    """A notice that could not be sent."""
    return NoticeView(
        id=number,
        channel="desk",
        event="order.placed",
        sequence=7,
        title="Order 0001-Y was placed",
        text="192.0.2.7, phishing",
        state=state,
        attempts=8,
        next=None,
        error="refused",
    )


_: tuple[type[Accounts], type[Reports], type[Notices]] = (FakeAccounts, FakeReports, FakeNotices)
