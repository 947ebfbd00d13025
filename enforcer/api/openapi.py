# SPDX-License-Identifier: GPL-2.0-or-later
"""The OpenAPI 3.1 document: what the routes say, with rights, problems and examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from enforcer.api.examples import EXAMPLES
from enforcer.api.guard import SECURE_COOKIE
from enforcer.api.keyed import KEYED, KeyedRoute
from enforcer.api.problems import MEDIA_TYPE, Problem

DESCRIPTION = """Orders become device state, stay true, end on time and are recorded.

Everything that the command line can do. Send `Authorization: Bearer TOKEN`. Errors are problem
details (RFC 9457) whose `code` is stable; after an error nothing was changed. `Idempotency-Key`
makes a POST or PATCH that names it safe to send again. Lists come in pages: `next` is the
`cursor` of the next one; `Accept: text/csv` or `?format=csv` gives them as CSV. Instants are ISO
8601 with a zone; durations are seconds, or text such as `2h`."""

_PROBLEMS = {
    "400": "The request is no valid HTTP of this API.",
    "401": "Nobody is logged in, or the token does not hold.",
    "403": "Known, but not allowed to do this.",
    "404": "There is no such thing.",
    "406": "There is no such form of the answer.",
    "409": "Something else is under way: see `code`.",
    "413": "The request is too large.",
    "422": "Not understood, or refused by a guardrail: see `code`.",
    "429": "Too many attempts.",
    "500": "An error.",
    "502": "A device failed.",
    "503": "The database, or the server, cannot do it now.",
    "504": "A device does not answer.",
}
_PROBLEM: Mapping[str, Any] = {"schema": {"$ref": "#/components/schemas/Problem"}}
_GENERIC = re.compile(r"#/components/schemas/([A-Za-z0-9_.-]+)")
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Chosen by the client, new for each thing to be done: a request that is sent"
    " again with the same key is done once.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "pattern": "^[!-~]+( [!-~]+)*$",
    },
}


BOUNCER_KEY = "bouncer"
"""How a token comes in ``X-Api-Key``: what CrowdSec's bouncers send."""
_USUAL: tuple[dict[str, list[str]], ...] = ({"token": []}, {"session": []})


def add_document(app: FastAPI) -> None:
    """Let `app` serve this document."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _made(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI documents it


def routes_of(app: FastAPI) -> Iterator[RouteContext]:
    """Every route of `app` that a function answers, with those of its routers."""
    return (one for one in iter_route_contexts(app.routes) if one.path_format and one.methods)


def actions_of(route: RouteContext) -> list[str]:
    """The actions that the guards of `route` ask for; none: it has no guard."""
    dependant: Dependant | None = getattr(route, "dependant", None)
    if dependant is None:
        return []
    return [str(action) for action in _actions(dependant) if action is not None]


def _security_of(route: RouteContext) -> str | None:
    """Another way in than the usual ones, where a guard of `route` has one."""
    guards = _guards(getattr(route, "dependant", None))
    return next((found for one in guards if (found := getattr(one, "security", None))), None)


def _guards(dependant: Dependant | None) -> Iterator[Any]:
    if dependant is not None:
        yield dependant.call
        for inner in dependant.dependencies:
            yield from _guards(inner)


def _actions(dependant: Dependant) -> Iterator[Any]:
    yield getattr(dependant.call, "action", None)
    for inner in dependant.dependencies:
        yield from _actions(inner)


def _made(app: FastAPI) -> dict[str, Any]:
    routes = [route for route in routes_of(app) if _is_documented(route)]
    made = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION,
        routes=routes,
        license_info={"name": "GPL-2.0-or-later", "identifier": "GPL-2.0-or-later"},
        servers=[{"url": "/"}],
    )
    components = made.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs", {}))
    schemas["Problem"] = problem
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": SECURE_COOKIE,
            "description": "A login at the desk. What changes something also needs its"
            " `X-CSRF-Token`. Without HTTPS the name has no `__Host-`.",
        },
        BOUNCER_KEY: {
            "type": "apiKey",
            "in": "header",
            "name": "X-Api-Key",
            "description": "An API token, as CrowdSec's bouncers send it.",
        },
    }
    components["responses"] = {code: _problem(said) for code, said in _PROBLEMS.items()}
    for route in routes:
        path = str(route.path_format)
        for method in route.methods or ():
            _complete(made["paths"][path][method.lower()], route, method, path)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return _renamed(made)


def _is_documented(route: RouteContext) -> bool:
    is_api = isinstance(route.original_route, APIRoute)
    return is_api and bool(route.include_in_schema)


def _complete(operation: dict[str, Any], route: RouteContext, method: str, path: str) -> None:
    operation["operationId"] = f"{route.name}_{method.lower()}_{_words(path)}"
    for action in actions_of(route):
        other = _security_of(route)
        operation["security"] = [*_USUAL] if other is None else [{other: []}]
        operation["x-action"] = action
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    for code in _PROBLEMS:
        told = responses.setdefault(code, {"$ref": f"#/components/responses/{code}"})
        if "content" in told:
            told["content"].setdefault(MEDIA_TYPE, _PROBLEM)
    for code, response in responses.items():
        if code.startswith("2"):
            _tell_forms(response)
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    told = any(one["name"].lower() == "idempotency-key" for one in parameters)
    if isinstance(route.original_route, KeyedRoute) and method in KEYED and not told:
        parameters.append(_KEY)
    if not parameters:
        operation.pop("parameters")
    _give_example(operation)


def _tell_forms(response: dict[str, Any]) -> None:
    """A page of a list may be had as CSV too."""
    content = response.get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "Page_" in json.dumps(schema) and "PlaceResult" not in json.dumps(schema):
        content["text/csv"] = {"schema": {"type": "string"}}
        response["headers"] = {
            "Link": {
                "description": "Of CSV: the next page (RFC 8288).",
                "schema": {"type": "string"},
            }
        }


def _give_example(operation: dict[str, Any]) -> None:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is None:
        return
    name = str(body["schema"].get("$ref", "")).rpartition("/")[2]
    if name in EXAMPLES:
        body["examples"] = {key: {"value": value} for key, value in sorted(EXAMPLES[name].items())}


def _problem(said: str) -> dict[str, Any]:
    return {"description": said, "content": {MEDIA_TYPE: _PROBLEM}}


def _words(path: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", path.removeprefix("/api/v1").lower()).strip("_")


def _renamed(made: dict[str, Any]) -> dict[str, Any]:
    """Components by the names that readers expect: of shapes, and of pages."""
    schemas: Mapping[str, Any] = made["components"]["schemas"]
    names = {name: _name(name) for name in schemas}
    made["components"]["schemas"] = {names[name]: schema for name, schema in schemas.items()}
    text = _GENERIC.sub(
        lambda found: f"#/components/schemas/{names.get(found[1], found[1])}", json.dumps(made)
    )
    renamed: dict[str, Any] = json.loads(text)
    return renamed


def _name(name: str) -> str:
    if name.startswith("Page_"):
        return name.removeprefix("Page_").removesuffix("_").removesuffix("View") + "Page"
    return name.removeprefix("_").removesuffix("Shape")
