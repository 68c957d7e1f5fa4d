"""OpenAPI 3.1 of the API, made from the same table of routes that serves it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel, RootModel

from assistant.web.doors import Call
from assistant.web.route import PUBLIC, ApiRoute

PATH = "/api/v1/openapi.json"
_PART = re.compile(r"{(\w+)}")


class Description(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""


def described(routes: Sequence[ApiRoute]) -> tuple[ApiRoute, ...]:
    """The routes and the one that describes them; the description is made when it is first asked for."""

    @cache
    def made() -> Description:
        return Description(document(every))

    async def describe(_call: Call) -> Description:
        return made()

    every = (*routes, ApiRoute("GET", PATH, PUBLIC, describe, "这份说明", Description))
    return every


def document(routes: Sequence[ApiRoute]) -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {"Error": ERROR}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Laoyou API", "version": "1", "description": "Money in fen, points whole, instants ISO 8601 in UTC."},
        "servers": [{"url": "/"}],
        "security": [{"operator": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"operator": {"type": "http", "scheme": "bearer"}}},
    }


ERROR: Mapping[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}


def _operation(route: ApiRoute, schemas: dict[str, Any]) -> dict[str, Any]:
    failure = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    operation: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path.removeprefix('/api/v1')}").strip("_"),
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {"description": "OK", "content": {"application/json": {"schema": _reference(route.answer, schemas)}}},
            "4XX": {"description": "The request cannot be done: malformed, not allowed, or a rule says no", **failure},
            "5XX": {"description": "Ours to look at; 503 with Retry-After may work later", **failure},
        },
        "x-permission": route.needs,
    }
    if route.needs == PUBLIC:
        operation["security"] = []
    if route.raw:
        operation["requestBody"] = {"required": True, "content": {"application/x-ndjson": {"schema": {"type": "string"}}}}
    elif route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _reference(route.body, schemas)}}}
    return operation


def _parameters(route: ApiRoute) -> list[dict[str, Any]]:
    found = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _PART.findall(route.path)]
    found += [{"name": name, "in": "query", "required": False, "schema": {"type": "string"}} for name in route.query]
    if route.method != "GET":
        said = "The same key never does the same thing twice; without one every request is new"
        schema = {"type": "string", "maxLength": 120}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "description": said, "schema": schema})
    return found


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}
