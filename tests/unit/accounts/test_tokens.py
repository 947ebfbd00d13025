# SPDX-License-Identifier: GPL-2.0-or-later
"""API tokens: what opens, what does not any more, and that nobody gives more than he has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enforcer.application.account_views import ChangeUser, CreateToken
from enforcer.application.actor import Actor
from enforcer.core.access import Action, Rights, Role
from enforcer.errors import Forbidden, InvalidInput, NotFound, Unauthenticated
from tests.unit.accounts.house import HERE, SHELL, THERE, House

DETECTOR = CreateToken(source="fastnetmon", roles=("detector",), per_minute=60)


def personal(*roles: str) -> CreateToken:
    return CreateToken(source="api", roles=roles)


def shut(house: House, secret: str, address: str = HERE) -> str:
    with pytest.raises(Unauthenticated) as caught:
        house.accounts.by_token(secret, address)
    return str(caught.value)


def test_a_persons_token_acts_in_his_name_by_the_api(house: House) -> None:
    secret = house.token(house.logged_in("anna", "engineer"), personal("abuse"))
    actor = house.accounts.by_token(secret, HERE)
    assert (actor.name, actor.source) == ("anna", "api")
    assert actor.may(Action.PLACE) and not actor.may(Action.DEVICES)


def test_a_detectors_token_acts_in_its_own_name_within_its_limits(house: House) -> None:
    secret = house.token(house.logged_in("boss", "admin"), DETECTOR)
    actor = house.accounts.by_token(secret, HERE)
    assert actor.source == "fastnetmon" and actor.name.startswith("fastnetmon (enf_")
    assert actor.rights is not None and actor.rights.machine is not None
    assert (actor.rights.machine.per_minute, actor.rights.machine.widest4) == (60, 32)
    assert actor.may(Action.REPORT) and not actor.may(Action.APPROVE)


def test_the_secret_is_256_random_bits_and_stored_nowhere(house: House) -> None:
    made = [house.accounts.create_token(SHELL, DETECTOR) for _ in range(20)]
    assert len({one.secret for one in made}) == len({one.token.name for one in made}) == 20
    for one in made:
        assert one.secret.startswith(f"{one.token.name}_") and len(one.secret) == 13 + 43
        assert one.secret not in repr(one)
    house.database.close()
    assert house.database.path is not None
    stored = b"".join(file.read_bytes() for file in house.database.path.parent.iterdir())
    assert made[0].token.name.encode() in stored
    for one in made:
        assert one.secret[13:].encode() not in stored


def test_what_is_not_the_whole_token_opens_nothing(house: House) -> None:
    made = house.accounts.create_token(SHELL, DETECTOR)
    with house.database.read() as reader:
        (stored,) = reader.tokens.all()
    wrong = ["", "x", made.token.name, made.secret[:-1], made.secret + "A", stored.digest]
    wrong += [made.secret[:-1] + ("A" if made.secret[-1] != "A" else "B"), "é" * 56, "\udcff"]
    assert {shut(house, secret) for secret in wrong} == {
        "this token opens nothing here: copy it again, or ask for another one"
    }


def test_it_ends(house: House) -> None:
    secret = house.token(SHELL, DETECTOR.model_copy(update={"seconds": 3600}))
    for_ever = house.token(SHELL, DETECTOR.model_copy(update={"seconds": None}))
    house.clock.advance(3599)
    house.accounts.by_token(secret, HERE)
    house.clock.advance(1)
    assert "expired" in shut(house, secret)
    house.clock.advance(50 * 365 * 86_400)
    house.accounts.by_token(for_ever, HERE)


def test_it_opens_only_from_its_networks(house: House) -> None:
    command = DETECTOR.model_copy(update={"networks": ("192.0.2.0/24", "2001:db8::/32")})
    secret = house.token(SHELL, command)
    for address in (HERE, "2001:db8::1", "::ffff:192.0.2.9"):
        house.accounts.by_token(secret, address)
    for address in (THERE, "2001:db9::1", "", "testclient", "::ffff:198.51.100.1"):
        assert "may not be used from" in shut(house, secret, address)


def test_it_can_be_revoked_once(house: House) -> None:
    made = house.accounts.create_token(SHELL, DETECTOR)
    assert house.accounts.revoke_token(SHELL, made.token.name).revoked == house.clock.now()
    assert "revoked" in shut(house, made.secret)
    house.clock.advance(60)
    assert house.accounts.revoke_token(SHELL, made.token.name).revoked != house.clock.now()
    assert [kind for kind, _, _ in house.recorded("token.created", "token.revoked")] == [
        "token.created",
        "token.revoked",
    ]
    for name in ("enf_aaaaaaaa", "", "%", made.secret):
        with pytest.raises(NotFound):
            house.accounts.revoke_token(SHELL, name)


def test_its_use_is_written_at_most_once_a_minute(house: House) -> None:
    made = house.accounts.create_token(SHELL, DETECTOR)
    used = []
    for _ in range(5):
        house.accounts.by_token(made.secret, HERE)
        used.append(house.accounts.tokens(SHELL)[0].used)
        house.clock.advance(25)
    assert len(set(used)) == 2


def test_a_read_only_token_only_looks(house: House) -> None:
    command = personal("admin").model_copy(update={"read_only": True})
    actor = house.accounts.by_token(house.token(house.logged_in("boss", "admin"), command), HERE)
    assert {action for action in Action if actor.may(action)} == {
        Action.READ,
        Action.OWN,
        Action.AUDIT,
        Action.METRICS,
    }


def test_a_token_does_no_more_than_its_owner_may_now(house: House) -> None:
    house.user("boss", "admin")
    secret = house.token(house.logged_in("anna", "engineer"), personal("engineer", "viewer"))
    assert house.accounts.by_token(secret, HERE).may(Action.DEVICES)
    house.accounts.change_user(SHELL, ChangeUser(name="anna", roles=("abuse",)))
    actor = house.accounts.by_token(secret, HERE)
    assert not actor.may(Action.DEVICES) and actor.may(Action.READ)


def test_tokens_of_a_disabled_account_are_revoked_for_good(house: House) -> None:
    secret = house.token(house.logged_in("anna", "engineer"), personal("engineer"))
    house.accounts.change_user(SHELL, ChangeUser(name="anna", disabled=True))
    assert "revoked" in shut(house, secret)
    house.accounts.change_user(SHELL, ChangeUser(name="anna", disabled=False))
    assert "revoked" in shut(house, secret)
    assert len(house.recorded("token.revoked")) == 1


# -- nobody gives more than he has --------------------------------------------------------


@pytest.mark.parametrize("wanted", ["engineer", "approver", "admin"])
def test_nobody_makes_a_token_with_rights_that_he_lacks(house: House, wanted: str) -> None:
    anna = house.logged_in("anna", "abuse")
    with pytest.raises(Forbidden, match=wanted):
        house.accounts.create_token(anna, personal(wanted))
    assert list(house.accounts.tokens(SHELL)) == []


def test_only_who_keeps_accounts_makes_a_detectors_token(house: House) -> None:
    with pytest.raises(Forbidden, match="keeps accounts"):
        house.accounts.create_token(house.logged_in("anna", "engineer"), DETECTOR)


def test_an_admin_gives_nobody_what_the_owner_lacks(house: House) -> None:
    admin = house.logged_in("boss", "admin")
    house.user("anna", "abuse")
    for owner, role in (("anna", "engineer"), ("anna", "admin")):
        command = personal(role).model_copy(update={"owner": owner})
        with pytest.raises(Forbidden, match="do not cover"):
            house.accounts.create_token(admin, command)
    secret = house.token(admin, personal("viewer").model_copy(update={"owner": "anna"}))
    assert house.accounts.by_token(secret, HERE).name == "anna"


def test_only_an_approver_makes_a_token_that_approves(house: House) -> None:
    house.user("head", "approver")
    command = personal("approver").model_copy(update={"owner": "head"})
    with pytest.raises(Forbidden, match="for himself"):
        house.accounts.create_token(house.logged_in("boss", "admin"), command)
    head = house.actor(house.enter("head"))
    assert house.accounts.by_token(house.token(head, personal("approver")), HERE).name == "head"


def test_nobody_else_makes_tokens_for_others_or_for_nobody(house: House) -> None:
    house.user("boss", "admin")
    anna = house.logged_in("anna", "engineer")
    for owner in ("boss", ""):
        with pytest.raises(Forbidden, match="keeps accounts"):
            house.accounts.create_token(
                anna, personal("viewer").model_copy(update={"owner": owner})
            )


def test_no_program_approves(house: House) -> None:
    command = CreateToken(source="robot", roles=("approver",), owner="")
    with pytest.raises(InvalidInput, match="only a person approves"):
        house.accounts.create_token(SHELL, command)


def test_a_token_of_nobody_says_that_it_is_nobodys(house: House) -> None:
    boss = house.logged_in("boss", "admin", "approver")
    robot = CreateToken(source="robot", roles=("engineer",), owner="")
    actor = house.accounts.by_token(house.token(boss, robot), HERE)
    assert actor.rights is not None and actor.rights.nobodys
    own = house.accounts.by_token(house.token(boss, personal("admin")), HERE)
    assert own.rights is not None and not own.rights.nobodys
    assert boss.rights is not None and not boss.rights.nobodys


def test_a_token_makes_no_tokens(house: House) -> None:
    secret = house.token(house.logged_in("anna", "engineer"), personal("engineer"))
    actor = house.accounts.by_token(secret, HERE)
    with pytest.raises(Forbidden, match="log in"):
        house.accounts.create_token(actor, personal("viewer"))


def test_a_token_that_keeps_accounts_gives_no_more_than_it_holds(house: House) -> None:
    house.user("both", "admin", "approver")
    login = house.actor(house.enter("both"))
    actor = house.accounts.by_token(house.token(login, personal("admin")), HERE)
    with pytest.raises(Forbidden, match="approver"):
        house.accounts.create_token(actor, personal("approver"))
    assert house.token(login, personal("approver"))


def test_a_login_with_fewer_rights_than_the_account_gives_only_those(house: House) -> None:
    actor = house.logged_in("both", "admin", "approver")
    assert actor.rights is not None
    less = Actor(actor.name, actor.source, replace(actor.rights, roles=frozenset({Role.ADMIN})))
    with pytest.raises(Forbidden, match="approver"):
        house.accounts.create_token(less, personal("approver"))


def test_what_a_program_is_called_can_be_no_accounts_name(house: House) -> None:
    house.user("grafana", "admin")
    command = CreateToken(source="grafana", roles=("viewer",), owner="")
    actor = house.accounts.by_token(house.token(SHELL, command), HERE)
    assert actor.name != "grafana" and actor.source == "grafana"
    with pytest.raises(NotFound):
        house.accounts.me(actor)
    with pytest.raises(Forbidden):
        house.accounts.change_password(actor, "x", "a sound pass phrase")
    assert list(house.accounts.tokens(actor)) == []


def test_people_see_and_revoke_their_own_tokens_and_nobody_elses(house: House) -> None:
    anna, bert = house.logged_in("anna", "abuse"), house.logged_in("bert", "engineer")
    name = house.accounts.create_token(anna, personal("viewer")).token.name
    assert [view.name for view in house.accounts.tokens(anna)] == [name]
    assert list(house.accounts.tokens(bert)) == []
    with pytest.raises(NotFound):
        house.accounts.revoke_token(bert, name)
    assert house.accounts.revoke_token(anna, name).revoked is not None


def test_a_token_ends_itself_and_nothing_else_of_its_owner(house: House) -> None:
    anna, login = house.logged_in("anna", "abuse"), house.enter("anna")
    other = house.accounts.create_token(anna, personal("viewer")).token.name
    made = house.accounts.create_token(anna, personal("viewer"))
    stolen = house.accounts.by_token(made.secret, HERE)
    with pytest.raises(NotFound):
        house.accounts.revoke_token(stolen, other)
    with pytest.raises(Forbidden):
        house.accounts.revoke_session(stolen, login.session.id)
    assert house.actor(login).name == "anna"
    assert house.accounts.revoke_token(stolen, made.token.name).revoked is not None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"source": "cli"}, "source"),
        ({"source": "controller"}, "source"),
        ({"source": "web"}, "source"),
        ({"source": "api"}, "source"),
        ({"source": "*"}, "source"),
        ({"source": "Two words"}, "source"),
        ({"source": ""}, "source"),
        ({"roles": ()}, "without a role"),
        ({"roles": ("detector", "viewer")}, "no other role"),
        ({"roles": ("boss",)}, "no role"),
        ({"networks": ("everywhere",)}, "no address"),
        ({"networks": ("192.0.2.1/24",)}, "host bits"),
        ({"seconds": 0}, "lives"),
        ({"seconds": 10**30}, "lives"),
        ({"kinds": ("block_everything",)}, "no kind"),
        ({"longest": 0}, "longest"),
        ({"widest4": 33}, "widest4"),
        ({"widest6": -1}, "widest6"),
        ({"per_minute": 0}, "per_minute"),
        ({"owner": "nobody-here"}, "no account"),
    ],
)
def test_what_makes_no_sense_is_refused(
    house: House, changes: dict[str, object], said: str
) -> None:
    with pytest.raises((InvalidInput, NotFound), match=said):
        house.accounts.create_token(SHELL, DETECTOR.model_copy(update=changes))
    assert house.recorded("token.created") == []


def test_people_do_not_choose_their_source(house: House) -> None:
    anna = house.logged_in("anna", "abuse")
    with pytest.raises(InvalidInput, match="source"):
        house.accounts.create_token(anna, CreateToken(source="fastnetmon", roles=("viewer",)))


def test_the_record_says_what_a_token_may_and_not_what_it_is(house: House) -> None:
    made = house.accounts.create_token(SHELL, DETECTOR)
    with house.database.read() as reader:
        (entry,) = reader.audit.entries(kinds=["token.created"])
    assert entry.subject == made.token.name
    assert entry.payload["source"] == "fastnetmon" and entry.payload["roles"] == ["detector"]
    assert made.secret not in house.audit_text() and made.secret[13:] not in house.audit_text()


def test_rights_of_nobody_make_no_tokens(house: House) -> None:
    with pytest.raises(Forbidden):
        house.accounts.create_token(Actor("anna", "web", Rights()), personal("viewer"))
