"""The HTTP side: published batches for a CRM as JSON, and the page for people."""

from __future__ import annotations

import logging
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException as StarletteHTTPException

from data.errors import ForewarnError
from serving.guard import PROBLEM_TYPE, Guard, Problem, problem
from serving.language import language
from serving.pages import mount_pages
from serving.published import Published
from serving.records import AccountRisk, Band, Batch, Explanation, Status
from serving.spoken import spoken
from serving.store import Order

MAX_BODY_BYTES = 1_000_000
Lang = Literal["en", "el", "lv", "fa", "zh-Hans", "zh-Hant"]
RETRY_AFTER_SECONDS = 30
REASONS = 3
_LOG = logging.getLogger("forewarn")


class Provenance(BaseModel):
    """Which run the figures come from: what moment, which model, data until when."""

    batch_id: str
    as_of: date
    horizon_days: int
    model_version: str
    method: str
    data_until: date


class Account(BaseModel):
    """An account in the batch: the fields of `AccountRisk`, and its reasons as sentences."""

    account_id: str
    name: str | None
    status: Status
    risk: float | None
    risk_low: float | None
    risk_high: float | None
    risks: dict[int, float]
    causes: dict[str, float]
    method: str | None
    band: Band | None
    arr: float | None
    arr_at_risk: float | None
    renewal_at: date | None
    segment: str | None
    csm: str | None
    coverage: float
    summary: str
    reasons: list[str]


class AccountList(BaseModel):
    """A page of the ranked accounts."""

    batch: Provenance
    accounts: list[Account]


class AccountAnswer(BaseModel):
    """One account, and the run it was scored in."""

    batch: Provenance
    account: Account


class Month(BaseModel):
    """The mean of a signal over the accounts of a cohort in a month, with its 95 % interval."""

    cohort: str
    month: int
    accounts: int
    mean: float
    low: float
    high: float


class Journey(BaseModel):
    """The course of a signal in both cohorts; `apart` is the first month in which they differ."""

    feature: str
    family: str
    definition: str
    unit: str
    apart: int | None
    points: list[Month]


class JourneysAnswer(BaseModel):
    """Journeys by clock: months from the `start` of an account, or before its `renewal`."""

    batch: Provenance
    journeys: dict[str, list[Journey]]


class ExplanationAnswer(AccountAnswer):
    """Why; no explanation for an account without a risk, whose summary then says why not."""

    explanation: Explanation | None


def create_app(store: Path) -> FastAPI:
    """The application over the store at `store`, which need not exist yet."""
    app = FastAPI(
        title="forewarn",
        version=version("forewarn"),
        docs_url=None,
        redoc_url=None,
        max_body_size=MAX_BODY_BYTES,
    )
    published = Published(store)
    app.include_router(_routes(published))
    mount_pages(app, published)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(ForewarnError, _unavailable)
    app.add_exception_handler(Exception, _failed)
    app.add_middleware(Guard)
    return app


def _routes(published: Published) -> APIRouter:
    api = APIRouter(prefix="/v1", responses=_documented(404, 422, 503))

    @api.get("/accounts", operation_id="list_accounts")
    def list_accounts(
        by: Annotated[Order, Query()] = "arr_at_risk",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    ) -> AccountList:
        """Accounts of the published batch, the most urgent first; ties by account_id."""
        batch, rows = published.accounts(by=by, limit=limit, offset=offset)
        return AccountList(batch=_provenance(batch), accounts=[_account(row) for row in rows])

    @api.get("/accounts/{account_id:path}/risk", operation_id="get_risk")
    def get_risk(account_id: str) -> AccountAnswer:
        """The published risk of one account, with its strongest reasons."""
        batch, row = _found(published, account_id)
        return AccountAnswer(batch=_provenance(batch), account=_account(row))

    @api.get("/accounts/{account_id:path}/explanation", operation_id="get_explanation")
    def get_explanation(
        account_id: str, lang: Annotated[Lang, Query()] = "en"
    ) -> ExplanationAnswer:
        """Where the risk of one account comes from: points that add up, and the rows behind."""
        batch, row = _found(published, account_id)
        if lang != "en":
            row = spoken(row, batch, language(lang))
        return ExplanationAnswer(
            batch=_provenance(batch), account=_account(row), explanation=row.explanation
        )

    @api.get("/journeys", operation_id="list_journeys")
    def list_journeys() -> JourneysAnswer:
        """How accounts that left went, month by month, beside those that did well."""
        batch, found = published.journeys()
        told = {clock: [Journey(**one) for one in some] for clock, some in found.items()}
        return JourneysAnswer(batch=_provenance(batch), journeys=told)

    return api


def _found(published: Published, account_id: str) -> tuple[Batch, AccountRisk]:
    batch, row = published.account(account_id)
    if row is None:
        raise HTTPException(404, f"no such account in batch {batch.batch_id}")
    return batch, row


def _provenance(batch: Batch) -> Provenance:
    return Provenance(
        **batch.model_dump(include=set(Provenance.model_fields)),
        data_until=batch.metadata["data_until"],
    )


def _account(row: AccountRisk) -> Account:
    reasons = row.explanation.reasons(REASONS) if row.explanation else ()
    values = row.model_dump(exclude={"explanation"})
    return Account(**values, reasons=[driver.sentence for driver in reasons])


def _documented(*codes: int) -> dict[int | str, dict[str, Any]]:
    schema = Problem.model_json_schema()
    return {code: {"content": {PROBLEM_TYPE: {"schema": schema}}} for code in codes}


# The handlers never repeat what was sent: an error may be logged, and an id is personal enough.


def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    found = [{"loc": list(e["loc"]), "msg": e["msg"], "type": e["type"]} for e in error.errors()]
    return problem(422, errors=found[:20])


def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, StarletteHTTPException)  # noqa: S101 - registered for it
    return problem(error.status_code, detail=error.detail, headers=dict(error.headers or {}))


def _unavailable(_request: Request, error: Exception) -> Response:
    _LOG.error("%s", error)  # names the file, which is for the operator alone
    retry = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return problem(503, detail="no published batch can be read just now", headers=retry)


def _failed(_request: Request, _error: Exception) -> Response:
    return problem(500)
