# SPDX-License-Identifier: GPL-2.0-or-later
"""One server: requests to its API, and their answers or errors."""

from __future__ import annotations

import ssl
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import ValidationError

from enforcer.application.views import View
from enforcer.client.answers import awaiting, error_of
from enforcer.errors import InvalidInput, ServerUnreachable

PREFIX = "/api/v1"
_PAGE = 1000
_PATIENCE = httpx.Timeout(10.0, read=180.0)
_AWAITING = 202
_ERRORS = 400
_TRIES = 2

_View = TypeVar("_View", bound=View)
Params = Mapping[str, str | int | float | bool | Sequence[str] | None]


@dataclass(frozen=True)
class Server:
    """Where it is, and what opens it. `ca`: a PEM file to trust instead of the system's."""

    url: str
    token: str = field(repr=False)
    ca: Path | None = None


class Connection:
    """Requests to one server. Raises what the application raises, ServerUnreachable."""

    def __init__(self, server: Server, transport: httpx.BaseTransport | None = None) -> None:
        _check(server.url)
        self._client = httpx.Client(
            base_url=server.url.rstrip("/") + PREFIX,
            headers={"Authorization": f"Bearer {server.token}", "Accept": "application/json"},
            timeout=_PATIENCE,
            verify=_trusted(server.ca),
            transport=transport,
        )

    def close(self) -> None:
        """Give the connections up."""
        self._client.close()

    def get(self, path: str, params: Params | None = None) -> Any:  # noqa: ANN401 - JSON
        """What a path answers."""
        return self._send("GET", path, params, None, None)

    def post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        params: Params | None = None,
        method: str = "POST",
    ) -> Any:  # noqa: ANN401 - JSON
        """Do something, once: a second try says that it is one. Raises AwaitingApproval."""
        return self._send(method, path, params, body, uuid.uuid4().hex)

    def post_once(
        self, path: str, body: Mapping[str, Any] | None = None, method: str = "POST"
    ) -> Any:  # noqa: ANN401 - JSON
        """Do what the server keeps no answer of, because it has secrets: it is not tried again."""
        with self._ours():
            response = self._client.request(method, path, json=body)
        return _answer(response)

    def upload(self, path: str, params: Params, content: bytes) -> Any:  # noqa: ANN401 - JSON
        """What a path answers to a file."""
        headers = {"Content-Type": "application/octet-stream"}
        with self._ours():
            response = self._client.request(
                "POST", path, params=_said(params), content=content, headers=headers
            )
        return _answer(response)

    def one(self, model: type[_View], path: str, params: Params | None = None) -> _View:
        """What a path answers, as a view."""
        return read(model, self.get(path, params))

    def all(
        self,
        model: type[_View],
        path: str,
        params: Params | None = None,
        limit: int | None = None,
    ) -> list[_View]:
        """A whole list, page by page, or its first `limit`."""
        found: list[_View] = []
        asked: dict[str, Any] = {**(params or {})}
        while limit is None or len(found) < limit:
            asked["limit"] = _PAGE if limit is None else min(_PAGE, limit - len(found))
            page = self.get(path, asked)
            found += [read(model, item) for item in page["items"]]
            asked["cursor"] = page.get("next")
            if asked["cursor"] is None:
                break
        return found

    def lines(self, path: str, params: Params | None = None) -> Iterator[str]:
        """A long answer, line by line; one that is cut off is an error."""
        with self._ours():
            request = self._client.build_request("GET", path, params=_said(params))
            response = self._client.send(request, stream=True)
        try:
            if response.status_code >= _ERRORS:
                response.read()
                raise error_of(response)
            rest = ""
            with self._ours():
                for text in response.iter_text():
                    # Only newlines end a line: other separators are part of what is told.
                    *whole, rest = (rest + text).split("\n")
                    yield from whole
            if rest:
                yield rest
        finally:
            response.close()

    def _send(
        self,
        method: str,
        path: str,
        params: Params | None,
        body: Mapping[str, Any] | None,
        key: str | None,
    ) -> Any:  # noqa: ANN401 - JSON
        headers = {} if key is None else {"Idempotency-Key": key}
        for left in reversed(range(_TRIES)):
            try:
                with self._ours():
                    response = self._client.request(
                        method, path, params=_said(params), json=body, headers=headers
                    )
                return _answer(response)
            except ConnectionLost:
                # Whether it was done, nobody knows: with its key it is not done twice.
                if not left:
                    raise
        raise AssertionError("unreachable")

    def _ours(self) -> _Ours:
        return _Ours(str(self._client.base_url.copy_with(raw_path=b"/")))


class ConnectionLost(ServerUnreachable):
    """It was there, and is gone: the request may have been done."""


class _Ours:
    """httpx's errors as ours."""

    def __init__(self, url: str) -> None:
        self._url = url

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, where: object) -> None:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
            raise ServerUnreachable(
                f"{self._url} cannot be reached ({error}): correct --server, or see whether"
                " `enforcer run` runs there"
            ) from error
        if isinstance(error, httpx.TransportError):
            raise ConnectionLost(
                f"{self._url} broke off ({error}): look whether it was done, or try again"
            ) from error
        if isinstance(error, httpx.InvalidURL):
            raise InvalidInput(f"--server: {error}") from error


def read(model: type[_View], answer: object) -> _View:
    """An answer as a view. Raises ServerUnreachable where it is another version's."""
    try:
        return model.model_validate(answer)
    except ValidationError as problem:
        raise ServerUnreachable(
            f"the server's {model.__name__} is of another version than this program:"
            f" {problem.error_count()} fields differ; install the same version here"
        ) from problem


def _answer(response: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    if response.status_code >= _ERRORS or not response.is_success:
        raise error_of(response)
    if not response.content:
        return None
    try:
        answer = response.json()
    except ValueError:
        raise error_of(response) from None
    if response.status_code == _AWAITING:
        raise awaiting(answer)
    return answer


def _said(params: Params | None) -> dict[str, Any]:
    return {name: value for name, value in (params or {}).items() if value not in (None, ())}


def _check(url: str) -> None:
    """A token is not sent where others can read it. Raises InvalidInput."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"--server {url}: {error}") from None
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidInput(f"--server {url}: write it like https://enforcer.example.net")
    if parsed.scheme == "http" and not _is_here(parsed.host):
        raise InvalidInput(
            f"--server {url}: without TLS everybody on the way can read the token: use https"
        )


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _trusted(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"--ca {ca}: {error}: give a PEM file of certificates") from None
