"""Reading published risk over HTTP: ranked, one account, its course, many accounts by id."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Query
from pydantic import BaseModel, ConfigDict, Field

from serving.access.audited import audited
from serving.access.caller import needs
from serving.answers import (
    Account,
    AccountAnswer,
    AccountList,
    ExplanationAnswer,
    Found,
    JourneysAnswer,
    Lookup,
    Provenance,
)
from serving.answers_course import Changes, History, Journey, Past
from serving.answers_why import Explanation
from serving.cursor import Cursor, CursorError
from serving.guard import documented
from serving.language import language
from serving.published import Published
from serving.records import AccountRisk, Band, Batch
from serving.spoken import spoken
from serving.store import Order, Wanted

Lang = Literal["en", "el", "lv", "fa", "zh-Hans", "zh-Hant"]
MAX_LOOKUP = 200
AccountId = Annotated[str, Field(min_length=1, max_length=500)]
AsOf = Annotated[date | None, Query(description="The newest batch of that day or before.")]


class Asked(BaseModel):
    """Accounts to look up, by the firm's own ids."""

    model_config = ConfigDict(extra="forbid")

    account_ids: Annotated[list[AccountId], Field(min_length=1, max_length=MAX_LOOKUP)]
    as_of: date | None = None


def reading_routes(published: Published) -> APIRouter:
    """The routes under `/v1` that read published batches; they need the scope `read`."""
    api = APIRouter(
        prefix="/v1",
        responses=documented(401, 403, 404, 422, 429, 503),
        dependencies=[Depends(needs("read"))],
    )

    @api.get("/accounts", operation_id="list_accounts", response_model_exclude_none=True)
    def list_accounts(
        page: Annotated[Page, Query()],
    ) -> AccountList:
        """Accounts of the published batch, the most urgent first; ties by account_id.

        A cursor goes on where the page before ended, in the same batch, whatever was published
        meanwhile.
        """
        return _listed(published, page)

    @api.post("/risk:lookup", operation_id="lookup_risk", response_model_exclude_none=True)
    def lookup_risk(asked: Asked) -> Lookup:
        """The published risk of up to 200 accounts, in the order asked."""
        batch = _batch(published, asked.as_of)
        rows = published.some(batch, asked.account_ids)
        found = {name: Account.of(row, batch) for name, row in rows.items()}
        results = [
            Found(account_id=name, found=name in found, account=found.get(name))
            for name in asked.account_ids
        ]
        return Lookup(batch=Provenance.of(batch), results=results)

    @api.get("/journeys", operation_id="list_journeys", response_model_exclude_none=True)
    def list_journeys() -> JourneysAnswer:
        """How accounts that left went, month by month, beside those that did well."""
        batch, found = published.journeys()
        return JourneysAnswer(batch=Provenance.of(batch), journeys=Journey.every(found))

    _account_routes(api, published)
    _course_routes(api, published)
    return api


def _account_routes(api: APIRouter, published: Published) -> None:
    """One account in one batch."""

    @api.get(
        "/accounts/{account_id:path}/risk",
        operation_id="get_risk",
        response_model_exclude_none=True,
    )
    def get_risk(account_id: str, as_of: AsOf = None) -> AccountAnswer:
        """The published risk of one account, with its strongest reasons."""
        batch, row = _told(published, account_id, as_of)
        return AccountAnswer(batch=Provenance.of(batch), account=Account.of(row, batch))

    @api.get(
        "/accounts/{account_id:path}/explanation",
        operation_id="get_explanation",
        response_model_exclude_none=True,
        dependencies=[Depends(audited)],
    )
    def get_explanation(
        account_id: str, as_of: AsOf = None, lang: Annotated[Lang, Query()] = "en"
    ) -> ExplanationAnswer:
        """Where the risk of one account comes from: points that add up, and the rows behind."""
        batch, row = _found(published, account_id, as_of)
        row = _in(row, batch, lang)
        return ExplanationAnswer(
            batch=Provenance.of(batch),
            account=Account.of(row, batch),
            explanation=None if row.explanation is None else Explanation.of(row.explanation),
        )


def _course_routes(api: APIRouter, published: Published) -> None:
    """What became of one account over time."""

    @api.get(
        "/accounts/{account_id:path}/history",
        operation_id="get_history",
        response_model_exclude_none=True,
    )
    def get_history(account_id: str, limit: Annotated[int, Query(ge=1, le=1000)] = 104) -> History:
        """The risks that were published of one account, newest first, one for each moment."""
        found = published.history(account_id, limit=limit)
        if not found:
            raise HTTPException(404, "no batch holds such an account")
        past = [Past.of(row, batch) for batch, row in found]
        return History(account_id=account_id, history=past)

    @api.get(
        "/accounts/{account_id:path}/changes",
        operation_id="get_changes",
        response_model_exclude_none=True,
        dependencies=[Depends(audited)],
    )
    def get_changes(
        account_id: str, as_of: AsOf = None, lang: Annotated[Lang, Query()] = "en"
    ) -> Changes:
        """What moved the risk of one account since the batch before: parts that add up."""
        batch, row = _found(published, account_id, as_of)
        return Changes.of(_in(row, batch, lang), batch)


class Page(BaseModel):
    """Which accounts of the list are asked for, in which order, and from where on."""

    model_config = ConfigDict(extra="forbid")

    by: Order = "arr_at_risk"
    band: Band | None = None
    segment: str | None = None
    csm: str | None = None
    driver: str | None = None
    renewal_within_days: Annotated[int | None, Field(ge=0, le=3650)] = None
    movers: Literal["up", "down"] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    cursor: Annotated[str | None, Field(max_length=400)] = None


def _listed(published: Published, page: Page) -> AccountList:
    question = page.model_dump(exclude={"limit", "cursor"})
    try:
        at = None if page.cursor is None else Cursor.of(page.cursor, question)
    except CursorError as error:
        raise HTTPException(422, f"cursor: {error}") from None
    head = published.batch() if at is None else published.find(at.batch_id)
    if head is None:
        raise HTTPException(422, "cursor: its batch is no longer kept; begin again without it")
    days = page.renewal_within_days
    wanted = Wanted(
        **page.model_dump(include={"band", "segment", "csm", "driver", "movers"}),
        renewal_until=None if days is None else head.as_of + timedelta(days=days),
    )
    first = 0 if at is None else at.place
    rows = published.ranked(head, by=page.by, limit=page.limit + 1, offset=first, wanted=wanted)
    more = len(rows) > page.limit
    after = Cursor(head.batch_id, first + page.limit).word(question) if more else None
    accounts = [Account.of(row, head) for row in rows[: page.limit]]
    return AccountList(
        batch=Provenance.of(head), accounts=accounts, has_more=more, next_cursor=after
    )


def _batch(published: Published, as_of: date | None) -> Batch:
    if (batch := published.at(as_of)) is None:
        raise HTTPException(404, f"no batch of {as_of} or before")
    return batch


def _found(published: Published, account_id: str, as_of: date | None) -> tuple[Batch, AccountRisk]:
    """An account with its explanation."""
    batch = _batch(published, as_of)
    return batch, _known(batch, published.account(batch, account_id))


def _told(published: Published, account_id: str, as_of: date | None) -> tuple[Batch, AccountRisk]:
    """An account without its explanation."""
    if as_of is None:
        batch, row = published.served(account_id)
    else:
        batch = _batch(published, as_of)
        row = published.some(batch, [account_id]).get(account_id)
    return batch, _known(batch, row)


def _known(batch: Batch, row: AccountRisk | None) -> AccountRisk:
    if row is None:
        raise HTTPException(404, f"no such account in batch {batch.batch_id}")
    return row


def _in(row: AccountRisk, batch: Batch, lang: str) -> AccountRisk:
    return row if lang == "en" else spoken(row, batch, language(lang))
