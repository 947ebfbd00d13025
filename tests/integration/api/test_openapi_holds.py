# SPDX-License-Identifier: GPL-2.0-or-later
"""The OpenAPI document and the service keep to each other: requests that are made up from the
document never end in an error of the server, nor in an answer that the document does not know."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
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
from enforcer.api.app import create_app
from enforcer.api.examples import EXAMPLES
from enforcer.api.one_call import PREFIX
from enforcer.application.account_views import CreateToken, CreateUser
from enforcer.core.access import Role
from enforcer.signing import create_key
from tests.fakes.services import fake_services
from tests.integration.api.served import SHELL, Installed

EXAMPLES_OF_EACH = 6
"""Requests for each route, and so many again that break its rules."""
ENDLESS = {f"{PREFIX}/events"}
CHECKED = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]
DOCUMENT = create_app(fake_services()).openapi()
Served = tuple[BaseSchema, str]
OPERATIONS = sorted(
    f"{method.upper()} {path}"
    for path, operations in DOCUMENT["paths"].items()
    for method in operations
    if path not in ENDLESS
)
"""Known before the service is made; a test compares them with the whole one."""


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
    settings = plain.model_copy(update={"signing_key": key, "log_level": "error"})
    with (
        capture_logs(),
        composition.composed(lambda: bootstrap.world(settings), settings.service) as app,
    ):
        yield schemathesis.openapi.from_asgi(f"{PREFIX}/openapi.json", app), secret


@pytest.mark.parametrize("operation", OPERATIONS)
def test_made_up_requests_are_answered_as_documented(operation: str, served: Served) -> None:
    schema, secret = served
    method, path = operation.split(" ", 1)
    headers = {"Authorization": f"Bearer {secret}"}
    checks = cast("list[CheckFunction]", CHECKS.get_by_names(CHECKED))
    for mode in GenerationMode:

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
            case.validate_response(case.call(headers=headers), checks=checks)

        ask()


def test_nothing_that_is_documented_is_left_out(served: Served) -> None:
    schema, _ = served
    document = schema.raw_schema
    found = {
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    }
    ours = {one for one in found if f" {PREFIX}/" in one and f" {PREFIX}/in/" not in one}
    assert {one for one in ours if "/events" not in one} == set(OPERATIONS)


def test_the_document_is_valid_and_its_examples_fit_it() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    schemas = DOCUMENT["components"]["schemas"]
    used = set(re.findall(r"#/components/schemas/([A-Za-z0-9_.-]+)", json.dumps(DOCUMENT)))
    assert used <= set(schemas)
    for name, examples in EXAMPLES.items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        for example in examples.values():
            Draft202012Validator(whole).validate(example)
