# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports by mail: a real listener on loopback, spoken to by the standard library."""

from __future__ import annotations

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from enforcer.errors import ConfigurationInvalid, StorageError
from enforcer.intake import smtp
from enforcer.intake.engine import Intake
from enforcer.intake.inbox import Inbox
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, ReportOffice

SAMPLES = Path(__file__).parents[2] / "unit" / "intake" / "samples"
RULE = {**BLOCK, "type": "*"}
SENDER, ABUSE = "fbl@reporter.example", "abuse@isp.example"


@contextmanager
def listening(inbox: Inbox, **stated: object) -> Iterator[int]:
    settings = smtp.read_settings({"listen": "127.0.0.1:0", **stated})
    with smtp.listening(inbox, settings) as port:
        yield port


@pytest.fixture
def mailbox(office: MakeOffice) -> Iterator[tuple[ReportOffice, int]]:
    desk = office(RULE)
    with Inbox(desk.intake) as inbox, listening(
        inbox, largest=200_000, recipients=["abuse@*"]
    ) as port:  # fmt: skip
        yield desk, port


def mail(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def test_reports_are_stored_and_wait(mailbox: tuple[ReportOffice, int]) -> None:
    desk, port = mailbox
    with smtplib.SMTP("127.0.0.1", port) as client:
        for name in ("feedback.eml", "xarf.eml", "feedback.eml"):
            assert client.sendmail(SENDER, [ABUSE], mail(name)) == {}
    first, second = desk.reports()
    assert {first.target, second.target} == {"192.0.2.25", "198.51.100.77"}
    assert {first.state, second.state} == {"open"} and desk.placed() == []
    assert not first.trusted and second.count == 1, "the same mail twice is one"
    assert first.source == "mail"


def test_only_our_mailboxes(mailbox: tuple[ReportOffice, int]) -> None:
    desk, port = mailbox
    with smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail(SENDER, ["boss@isp.example"], mail("xarf.eml"))
        assert refused.value.recipients["boss@isp.example"][0] == 550
        many = [f"abuse@isp{n}.example" for n in range(30)]
        assert len(client.sendmail(SENDER, many, mail("xarf.eml"))) == 10
    assert len(desk.reports()) == 1


def test_a_bomb_is_refused(mailbox: tuple[ReportOffice, int]) -> None:
    desk, port = mailbox
    bomb = b"From: a\r\nSubject: x\r\n\r\n" + b"A" * 70 + (b"\r\n" + b"A" * 70) * 5000
    with smtplib.SMTP("127.0.0.1", port) as client:
        with pytest.raises(smtplib.SMTPResponseException) as refused:
            client.sendmail(SENDER, [ABUSE], bomb)
        assert refused.value.smtp_code == 552
    with smtplib.SMTP("127.0.0.1", port) as client:
        nothing = b"\x00\x01"
        with pytest.raises(smtplib.SMTPDataError) as broken:
            client.sendmail(SENDER, [ABUSE], nothing)
        assert broken.value.smtp_code == 554
    (report,) = desk.reports()
    assert (report.state, report.format) == ("malformed", "mail")


def test_it_says_later_where_nothing_can_be_stored(office: MakeOffice) -> None:
    desk = office(RULE)

    def step(name: str) -> None:
        raise StorageError("the database is away")

    with (
        Inbox(Intake(desk.world, desk.app, desk.settings, step)) as inbox,
        listening(inbox) as port,
        smtplib.SMTP("127.0.0.1", port) as client,
    ):
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(SENDER, [ABUSE], mail("xarf.eml"))
        assert refused.value.smtp_code == 451
    assert desk.reports() == []


def test_strangers_are_told_to_come_later(office: MakeOffice) -> None:
    desk = office(RULE, strangers_per_hour=1)
    with (
        Inbox(desk.intake) as inbox,
        listening(inbox) as port,
        smtplib.SMTP("127.0.0.1", port) as client,
    ):
        client.sendmail(SENDER, [ABUSE], mail("xarf.eml"))
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail(SENDER, [ABUSE], mail("feedback.eml"))
        assert refused.value.smtp_code == 451
        client.sendmail(SENDER, [ABUSE], mail("xarf.eml"))


def test_lmtp(office: MakeOffice) -> None:
    desk = office(RULE)
    with (
        Inbox(desk.intake) as inbox,
        listening(inbox, lmtp=True) as port,
        smtplib.LMTP("127.0.0.1", port) as client,
    ):
        assert client.sendmail(SENDER, [ABUSE], mail("xarf-old.eml")) == {}
    (report,) = desk.reports()
    assert report.target == "198.51.100.78"


def test_it_stops_with_clients_connected(office: MakeOffice) -> None:
    desk = office(RULE)
    with Inbox(desk.intake) as inbox:
        with listening(inbox) as port:
            idle = socket.create_connection(("127.0.0.1", port))
            assert idle.recv(100).startswith(b"220")
        idle.close()
        assert not [thread for thread in threading.enumerate() if thread.name == "mail"]
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_a_port_that_is_taken_is_named(office: MakeOffice) -> None:
    inbox = Inbox(office(RULE).intake)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(ConfigurationInvalid, match=rf"mail: cannot listen at 127.0.0.1:{port}"),
            listening(inbox, listen=f"127.0.0.1:{port}"),
        ):
            pass


@pytest.mark.parametrize(
    ("stated", "key"),
    [
        ({"listen": "here"}, "listen"),
        ({"listen": "127.0.0.1:99999"}, "listen"),
        ({"lmtp": "yes"}, "lmtp"),
        ({"largest": "10M"}, "largest"),
        ({"port": 25}, "port"),
    ],
)
def test_wrong_settings_name_their_key(stated: dict[str, object], key: str) -> None:
    with pytest.raises(ConfigurationInvalid, match=f"adapters.mail: {key}: "):
        smtp.read_settings(stated)
