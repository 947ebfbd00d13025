# SPDX-License-Identifier: GPL-2.0-or-later
"""The OpenAPI document and the service keep to each other: requests that are made up from the
document never end in an error of the server, nor in an answer that the document does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis.checks import CHECKS, CheckFunction
from schemathesis.generation import GenerationMode
from schemathesis.schemas import BaseSchema
from structlog.testing import capture_logs

from enforcer import bootstrap, composition
from enforcer.api import health, metrics
from enforcer.api.app import create_app
from enforcer.api.examples import EXAMPLES
from enforcer.api.one_call import PREFIX
from enforcer.application.account_views import CreateToken, CreateUser
from enforcer.core.access import Role
from enforcer.intake import http as intake_http
from enforcer.intake import lapi, openc2
from enforcer.notify.measures import STANDING_BY, Measures
from enforcer.service_settings import IntakeSettings
from enforcer.signing import create_key
from tests.fakes.services import fake_services
from tests.integration.api.served import SHELL, Installed

EXAMPLES_OF_EACH = 4
"""Requests for each route, and so many again that break its rules."""
ENDLESS = {f"{PREFIX}/events"}
OPENC2 = "/.well-known/openc2"
"""Says 501 of what it has not, which is no error; and nothing where nothing was asked for."""
NO_ERROR = range(500)
WITHOUT_RULES = {"/healthz", "/readyz"}
"""Take nothing, so that nothing can be wrong."""
CHECKED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
INTAKE = IntakeSettings(
    adapters={"generic": {"graylog": {"target": "$.source", "type": "$.type"}}}, open_reports=True
)


def whole_document() -> dict[str, Any]:
    """Of all routes that `enforcer.composition` serves to programs, with nothing behind them."""
    inbox, world = Nothing(), Nothing()
    routers = intake_http.routers(inbox, INTAKE)  # type: ignore[arg-type]  # nothing is asked of it
    routers += [lapi.router(world), openc2.router(INTAKE)]  # type: ignore[arg-type]  # likewise
    return create_app(fake_services(), [*routers, health.router, metrics.router]).openapi()


class Nothing:
    """Behind routes that are only described."""

    clock: Any = None
    database: Any = None


DOCUMENT = whole_document()


@dataclass(frozen=True)
class Served:
    """The service's document, and what opens its routes."""

    schema: BaseSchema
    everything: str
    detector: str

    def headers(self, path: str) -> dict[str, str]:
        """What a client of `path` sends: a detector, a bouncer, or who may do everything."""
        if path.startswith("/v1/"):
            return {"X-Api-Key": self.everything}
        is_detectors = path.startswith((f"{PREFIX}/in/", "/.well-known/"))
        secret = self.detector if is_detectors else self.everything
        return {"Authorization": f"Bearer {secret}"}


OPERATIONS = sorted(
    f"{method.upper()} {path}"
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if path not in ENDLESS
)
"""Known before the service is made; a test compares them with the whole one."""


def standing_by() -> Measures:
    """Of a process whose controller waits: it is ready."""
    measures = Measures()
    measures.become(STANDING_BY)
    return measures


@schemathesis.serializer("message/rfc822", "application/x-ndjson")
def as_it_is(ctx: Any, value: Any) -> bytes:
    """Text as a body, whatever it is called; other values as one line of JSON."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Everything, on a database of its own and an inventory without devices; a token for all."""
    installed = Installed(tmp_path_factory.mktemp("openapi"))
    installed.create()
    inventory = installed.folder / "inventory.yaml"
    inventory.write_text("settings: {documentation_space: true}\ndevices: {}\n", encoding="utf-8")
    key = installed.folder / "signing.key"
    create_key(key)
    plain = installed.settings
    accounts = bootstrap.accounts(plain)
    roles = tuple(str(role) for role in Role if role is not Role.DETECTOR)
    accounts.create_user(SHELL, CreateUser(name="everything", roles=roles))
    command = CreateToken(source="api", roles=roles, owner="everything")
    secret = accounts.create_token(SHELL, command).secret
    service = plain.service.model_copy(update={"intake": INTAKE})
    changes = {"signing_key": key, "log_level": "error", "service": service}
    settings = plain.model_copy(update=changes)
    with (
        capture_logs(),
        composition.composed(
            lambda: bootstrap.world(settings), service, measures=standing_by()
        ) as app,
    ):
        schema = schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", app)
        yield Served(schema, secret, installed.secrets[Role.DETECTOR])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_made_up_requests_are_answered_as_documented(operation: str, served: Served) -> None:
    schema = served.schema
    method, path = operation.split(" ", 1)
    headers = served.headers(path)
    known = [name for name in CHECKED if path != OPENC2 or name != "not_a_server_error"]
    checks = cast("list[CheckFunction]", CHECKS.get_by_names(known))
    modes = [*GenerationMode] if path not in WITHOUT_RULES else [GenerationMode.POSITIVE]
    for mode in modes:

        @settings(
            max_examples=EXAMPLES_OF_EACH,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=schema[path][method].as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case[Any]) -> None:
            response = case.call(headers=headers)
            if path == OPENC2 and not response.content:
                assert response.status_code in (*NO_ERROR, 501), "no response was asked for"
                return
            case.validate_response(response, checks=checks)
            assert response.status_code in NO_ERROR or (path, response.status_code) == (OPENC2, 501)

        ask()


def test_nothing_that_is_documented_is_left_out(served: Served) -> None:
    document = served.schema.raw_schema
    found = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    assert {one for one in found if one.split(" ", 1)[1] not in ENDLESS} == set(OPERATIONS)


def test_the_document_is_valid_and_its_examples_fit_it() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    schemas = DOCUMENT["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/([A-Za-z0-9_.-]+)", json.dumps(DOCUMENT)))
    assert used <= set(schemas)
    for name, examples in EXAMPLES.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        for example in examples.values():
            Draft202012Validator(whole).validate(example)
