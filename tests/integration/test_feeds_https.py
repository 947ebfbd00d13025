# SPDX-License-Identifier: GPL-2.0-or-later
"""Feeds over real HTTPS on loopback: what is taken, and everything that must not be."""

from __future__ import annotations

import gzip
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from enforcer.control.feed_fetch import FeedFailed, Fetched
from enforcer.control.feed_fetcher import Fetcher
from tests.integration.tls_server import Answer, Authority, Site, serving

LIST = b"192.0.2.1\n198.51.100.0/24\n"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def site(authority: Authority) -> Iterator[Site]:
    with serving(authority.server_file(), Answer(LIST)) as site:
        yield site


def fetch(authority: Authority, source: str, etag: str = "", modified: str = "") -> Fetched:
    fetcher = Fetcher(authority.context(), proxies=False, most=100_000, silence=20.0)
    return fetcher(source, etag, modified)


def refused(authority: Authority, source: str, why: str) -> None:
    with pytest.raises(FeedFailed, match=why) as failed:
        fetch(authority, source)
    assert "list.txt" in str(failed.value) or "127.0.0.1" in str(failed.value)


def test_a_list_is_fetched_with_its_validators(authority: Authority, site: Site) -> None:
    modified = "Wed, 04 May 2026 12:00:00 GMT"
    site.answer.headers |= {"ETag": '"abc"', "Last-Modified": modified}
    assert fetch(authority, site.url()) == Fetched(LIST, '"abc"', modified)
    ((path, headers),) = site.asked
    assert path == "/list.txt"
    assert "if-none-match" not in headers
    assert headers["accept-encoding"] == "gzip"


def test_what_did_not_change_is_not_sent_again(authority: Authority, site: Site) -> None:
    site.answer.headers["ETag"] = '"abc"'
    assert fetch(authority, site.url(), '"abc"', "yesterday") == Fetched(None, '"abc"', "")
    assert site.asked[0][1]["if-none-match"] == '"abc"'
    assert site.asked[0][1]["if-modified-since"] == "yesterday"
    site.answer.headers["ETag"] = '"new"'
    assert fetch(authority, site.url(), '"abc"').body == LIST


@pytest.mark.parametrize("tag", ['"\xe9"', '"' + "x" * 2000 + '"'])
def test_a_validator_that_cannot_be_sent_back_is_not_kept(
    authority: Authority, site: Site, tag: str
) -> None:
    site.answer.headers["ETag"] = tag
    assert fetch(authority, site.url()) == Fetched(LIST, "", "")


def test_a_compressed_answer_is_read(authority: Authority, site: Site) -> None:
    site.answer = Answer(gzip.compress(LIST), headers={"Content-Encoding": "gzip"})
    assert fetch(authority, site.url()).body == LIST


@pytest.mark.parametrize("status", [500, 503, 404, 403, 204, 206])
def test_an_error_is_no_list(authority: Authority, site: Site, status: int) -> None:
    site.answer.status = status
    refused(authority, site.url(), f"answers {status}")


def test_a_body_over_the_limit_is_given_up(authority: Authority, site: Site) -> None:
    site.answer = Answer(b"1" * 100_001)
    refused(authority, site.url(), "longer than 100000 bytes")
    site.answer = Answer(b"1" * 100_000)
    assert fetch(authority, site.url()).body == b"1" * 100_000
    site.answer = Answer(b"192.0.2.1\n" * 100, endless=True)
    refused(authority, site.url(), "longer than 100000 bytes")


def test_a_bomb_is_not_unpacked(authority: Authority, site: Site) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    site.answer = Answer(bomb, headers={"Content-Encoding": "gzip"})
    refused(authority, site.url(), "longer than 100000 bytes")
    site.answer = Answer(b"(\xb5/\xfd", headers={"Content-Encoding": "zstd"})
    refused(authority, site.url(), "'zstd', which was not asked for")


def test_a_server_that_says_nothing_is_given_up(authority: Authority, site: Site) -> None:
    site.answer.silent = True
    fetcher = Fetcher(authority.context(), proxies=False, silence=0.3)
    with pytest.raises(FeedFailed, match="cannot be fetched"):
        fetcher(site.url())


def test_a_server_that_never_ends_is_given_up(authority: Authority, site: Site) -> None:
    site.answer = Answer(b"#\n", endless=True)
    fetcher = Fetcher(authority.context(), proxies=False, seconds=0.3)
    with pytest.raises(FeedFailed, match=r"not through after 0\.3 s"):
        fetcher(site.url())


def test_headers_that_come_one_by_one_are_given_up(authority: Authority, site: Site) -> None:
    site.answer = Answer(dribbles=b"X")
    fetcher = Fetcher(authority.context(), proxies=False, seconds=0.5)
    with pytest.raises(FeedFailed, match=r"not through after 0\.5 s"):
        fetcher(site.url())


def test_a_handshake_that_never_ends_is_given_up(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/list.txt"
        fetcher = Fetcher(authority.context(), proxies=False, seconds=0.5, silence=30.0)
        with pytest.raises(FeedFailed, match=r"not through after 0\.5 s"):
            fetcher(url)


@pytest.mark.parametrize("pause", [0.05, 0.0])
def test_a_name_in_gzip_that_never_ends_is_given_up(
    authority: Authority, site: Site, pause: float
) -> None:
    # RFC 1952 section 2.3: FNAME ends with a zero byte, and nothing is unpacked before it.
    head = b"\x1f\x8b\x08\x08" + bytes(6)
    packed = {"Content-Encoding": "gzip"}
    site.answer = Answer(b"x", headers=packed, endless=True, first=head, pause=pause)
    fetcher = Fetcher(authority.context(), proxies=False, seconds=0.5, most=10**9)
    with pytest.raises(FeedFailed, match=r"not through after 0\.5 s"):
        fetcher(site.url())


def test_what_is_sent_is_bounded_too_where_nothing_comes_of_it(
    authority: Authority, site: Site
) -> None:
    head = b"\x1f\x8b\x08\x08" + bytes(6)
    packed = {"Content-Encoding": "gzip"}
    site.answer = Answer(b"x" * 1000, headers=packed, endless=True, first=head)
    refused(authority, site.url(), "longer than 100000 bytes")


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (gzip.compress(LIST)[:-4], "ends early"),
        (gzip.compress(LIST) + gzip.compress(LIST), "something after its end"),
        (LIST, "cannot be unpacked"),
    ],
)
def test_half_of_a_compressed_list_is_no_list(
    authority: Authority, site: Site, packed: bytes, why: str
) -> None:
    site.answer = Answer(packed, headers={"Content-Encoding": "gzip"})
    refused(authority, site.url(), why)


def test_nothing_changed_is_no_answer_to_who_asks_for_the_whole(
    authority: Authority, site: Site
) -> None:
    site.answer = Answer(status=304, headers={"ETag": '"abc"'})
    refused(authority, site.url(), "asked for the whole list")
    assert fetch(authority, site.url(), "", "yesterday").body is None


def test_nobody_listens(authority: Authority) -> None:
    with serving(None, Answer()) as gone:
        url = gone.url()
    refused(authority, url, "cannot be fetched")


def test_plain_http_is_refused_before_anything_is_sent(authority: Authority) -> None:
    with serving(None, Answer(LIST)) as plain:
        refused(authority, plain.url().replace("https", "http", 1), "is not https")
        assert plain.asked == []


def test_a_redirect_to_plain_http_is_not_followed(authority: Authority, site: Site) -> None:
    with serving(None, Answer(LIST)) as plain:
        target = plain.url().replace("https", "http", 1)
        site.answer = Answer(status=302, headers={"Location": target})
        refused(authority, site.url(), "is not https")
        assert plain.asked == []


def test_a_redirect_to_https_is_followed(authority: Authority, site: Site) -> None:
    with serving(authority.server_file("localhost"), Answer(LIST)) as other:
        location = other.url("/moved/list.txt", "localhost")
        site.answer = Answer(status=301, headers={"Location": location})
        assert fetch(authority, site.url()).body == LIST
        assert other.asked[0][0] == "/moved/list.txt"


def test_redirects_end(authority: Authority, site: Site) -> None:
    site.answer = Answer(status=307, headers={"Location": "/list.txt"})
    refused(authority, site.url(), "from one place to the next")
    assert len(site.asked) == 5


@pytest.mark.parametrize("kind", ["stranger", "another-name", "expired"])
def test_a_certificate_that_proves_nothing_is_refused(
    authority: Authority, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "other").mkdir()
    certificate = {
        "stranger": Authority(tmp_path / "other").server_file(),
        "another-name": authority.server_file("lists.example"),
        "expired": authority.server_file(until=datetime(2021, 1, 1, tzinfo=UTC)),
    }[kind]
    with serving(certificate, Answer(LIST)) as site:
        refused(authority, site.url(), "(?i)certificate.*verify failed")
        assert site.asked == []


def test_the_system_decides_whom_to_believe(
    authority: Authority, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FeedFailed, match=r"(?i)verify failed"):
        Fetcher(proxies=False)(site.url())
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    assert Fetcher(proxies=False)(site.url()).body == LIST
    assert ssl.create_default_context().verify_mode is ssl.CERT_REQUIRED
