# SPDX-License-Identifier: GPL-2.0-or-later
"""Fetching the content of a feed: a file, or HTTPS with a verified certificate.

Conditional requests (RFC 9110 section 13) spare what has not changed. A server may be slow,
endless or lying: time and size are bounded, and nothing but HTTPS is followed.
"""

from __future__ import annotations

import os
import ssl
import stat
import zlib
from pathlib import Path

import httpx

from enforcer.clock import Clock, SystemClock
from enforcer.control.feed_exchange import Deadline, Unpacked
from enforcer.control.feed_fetch import SECONDS, FeedFailed, Fetch, Fetched, shown_source

MOST_BYTES = 64 * 2**20
_SILENCE = 15.0
"""A server may keep silent for so long."""
_HOPS = 5
_LONGEST = 1000
_MOVED = (301, 302, 303, 307, 308)
_CONDITIONS = frozenset(("if-none-match", "if-modified-since"))
_ENCODINGS = ("", "identity", "gzip")
"""Content codings that cannot make gigabytes of one packet."""


class Fetcher:
    """Fetches over HTTPS or from files.

    Args:
        verify: whom to believe; None: the system's authorities (and ``SSL_CERT_FILE``).
        seconds: the longest that a whole fetch may take.
        silence: the longest that a server may say nothing.
        most: bytes of a content at most.
        proxies: whether ``HTTPS_PROXY`` and its like count.
    """

    def __init__(
        self,
        verify: ssl.SSLContext | None = None,
        *,
        seconds: float = SECONDS,
        silence: float = _SILENCE,
        most: int = MOST_BYTES,
        proxies: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._verify = verify
        self._seconds = seconds
        self._silence = silence
        self._most = most
        self._proxies = proxies
        self._clock = clock or SystemClock()

    def __call__(self, source: str, etag: str = "", modified: str = "") -> Fetched:
        """See `Fetch`."""
        if "://" not in source:
            return self._read(Path(source), etag)
        deadline = Deadline(self._clock, self._seconds)
        try:
            with deadline.watching():
                return self._get(httpx.URL(source), _headers(etag, modified), deadline)
        except httpx.InvalidURL as problem:
            raise FeedFailed(f"a feed's address is no URL ({problem}): mend it") from None
        except httpx.HTTPError as problem:
            if deadline.over:
                raise self._too_slow(shown_source(source)) from None
            why = str(problem) or type(problem).__name__
            raise FeedFailed(
                f"{shown_source(source)}: cannot be fetched: {why}: see that the address is right,"
                " that its certificate is, and that this host may reach it"
            ) from None

    def _read(self, path: Path, etag: str) -> Fetched:
        try:
            # A named pipe without a writer must not hold us up.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            with os.fdopen(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise FeedFailed(f"{path}: is no file: name one")
                tag = f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"
                if tag == etag:
                    return Fetched(None, tag)
                body = file.read(self._most + 1)
        except OSError as problem:
            raise FeedFailed(f"{path}: cannot be read: {problem.strerror}") from None
        return Fetched(self._bounded(body, str(path)), tag)

    def _get(self, url: httpx.URL, headers: dict[str, str], deadline: Deadline) -> Fetched:
        verify = self._verify or ssl.create_default_context()
        with httpx.Client(
            verify=verify, timeout=self._silence, trust_env=self._proxies, follow_redirects=False
        ) as client:
            for _ in range(_HOPS):
                if url.scheme != "https":
                    raise FeedFailed(
                        f"{shown_source(str(url))}: is not https: anybody on the way could write"
                        " the list; name the https address"
                    )
                traced = {"trace": deadline.trace}
                with client.stream("GET", url, headers=headers, extensions=traced) as answer:
                    if answer.status_code not in _MOVED:
                        return self._answered(answer, deadline)
                    url = url.join(answer.headers.get("location", ""))
        raise FeedFailed(
            f"{shown_source(str(url))}: leads from one place to the next: name the last"
        )

    def _answered(self, answer: httpx.Response, deadline: Deadline) -> Fetched:
        where = shown_source(str(answer.request.url))
        tag, modified = (_validator(answer, name) for name in ("etag", "last-modified"))
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            if _CONDITIONS.isdisjoint(answer.request.headers):
                raise FeedFailed(
                    f"{where}: the server says that nothing changed, though it was asked for the"
                    " whole list: ask whoever runs it"
                )
            return Fetched(None, tag, modified)
        if answer.status_code != httpx.codes.OK:
            raise FeedFailed(
                f"{where}: the server answers {answer.status_code} {answer.reason_phrase}:"
                " ask whoever runs it"
            )
        coding = answer.headers.get("content-encoding", "").strip().lower()
        if coding not in _ENCODINGS:
            raise FeedFailed(f"{where}: comes as {coding!r}, which was not asked for")
        return Fetched(self._body(answer, coding == "gzip", deadline, where), tag, modified)

    def _body(self, answer: httpx.Response, gzip: bool, deadline: Deadline, where: str) -> bytes:
        unpacked = Unpacked(self._most, gzip)
        try:
            for raw in answer.iter_raw():
                unpacked.take(raw)
                if unpacked.full:
                    raise self._too_long(where)
                if deadline.over:
                    break
        except zlib.error as problem:
            raise FeedFailed(f"{where}: cannot be unpacked ({problem}): ask who runs it") from None
        # A connection that is cut at the deadline may look like one that came to its end.
        if deadline.over:
            raise self._too_slow(where)
        if not unpacked.whole:
            raise FeedFailed(f"{where}: cannot be unpacked (it ends early): ask who runs it")
        return unpacked.content

    def _bounded(self, body: bytes, where: str) -> bytes:
        if len(body) > self._most:
            raise self._too_long(where)
        return body

    def _too_long(self, where: str) -> FeedFailed:
        return FeedFailed(f"{where}: is longer than {self._most} bytes: name a smaller part")

    def _too_slow(self, where: str) -> FeedFailed:
        return FeedFailed(f"{where}: is not through after {self._seconds:g} s: too slow")


def _validator(answer: httpx.Response, name: str) -> str:
    """What can be sent back as it came; else nothing: then the whole is fetched again."""
    text: str = answer.headers.get(name, "")
    return text if text.isascii() and text.isprintable() and len(text) <= _LONGEST else ""


def _headers(etag: str, modified: str) -> dict[str, str]:
    headers = {"Accept-Encoding": "gzip", "User-Agent": "network-enforcer"}
    if etag:
        headers["If-None-Match"] = etag
    if modified:
        headers["If-Modified-Since"] = modified
    return headers


_: type[Fetch] = Fetcher
