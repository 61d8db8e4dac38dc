"""The contract of the API, for tools that make a client of it."""

from __future__ import annotations

import json
from functools import cache

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import Response

from serving.contract.document import document
from serving.contract.schemas import Schema
from serving.contract.swagger import swagger


def contract_routes() -> APIRouter:
    """The documents at fixed paths. Any key will do: they hold nothing of any account."""
    api = APIRouter(prefix="/openapi", include_in_schema=False)

    @cache
    def documents(app: FastAPI) -> tuple[str, str]:
        contract = document(app)
        return _text(contract), _text(swagger(contract))

    @api.get("/v3.json")
    def openapi(request: Request) -> Response:
        """OpenAPI 3.0.3, as Salesforce External Services import it."""
        return Response(documents(request.app)[0], media_type="application/json")

    @api.get("/v2.json")
    def older(request: Request) -> Response:
        """Swagger 2.0, as Power Platform imports it."""
        return Response(documents(request.app)[1], media_type="application/json")

    return api


def _text(content: Schema) -> str:
    return json.dumps(content, ensure_ascii=False)
