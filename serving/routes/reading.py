"""Reading published risk over HTTP: ranked, one account, its course, many accounts by id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import Response

from serving import asked
from serving.access.audited import audited
from serving.access.caller import needs
from serving.answering import answered, batch_at, reader
from serving.answers import (
    Account,
    AccountAnswer,
    AccountList,
    ExplanationAnswer,
    Found,
    JourneysAnswer,
    Lookup,
)
from serving.answers_course import Changes, History, Journey, Past
from serving.answers_why import Explanation
from serving.asked import AccountInPath
from serving.cursor import Cursor, CursorError
from serving.guard import documented
from serving.health.live import Healths
from serving.language import language
from serving.practice.record import UNKNOWN
from serving.provenance import Provenance
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.routes.shortcut import shortcut
from serving.spoken import spoken
from serving.store import Wanted


@dataclass(frozen=True)
class _Read:
    """What is read: the published batches, and the health of their accounts."""

    published: Published
    healths: Healths

    def account(self, row: AccountRisk, batch: Batch, *, live: bool) -> Account:
        """An account of a batch; `live` where that is the one that is served."""
        health = self.healths.brief(batch, [row.account_id], live=live)
        return Account.of(row, batch, health.get(row.account_id, UNKNOWN))

    def accounts(self, rows: Sequence[AccountRisk], batch: Batch, *, live: bool) -> list[Account]:
        """The same of many, in their order."""
        health = self.healths.brief(batch, [row.account_id for row in rows], live=live)
        return [Account.of(row, batch, health.get(row.account_id, UNKNOWN)) for row in rows]


def reading_routes(published: Published, healths: Healths) -> APIRouter:
    """The routes under `/v1` that read published batches; they need the scope `read`."""
    api = reader()
    read = _Read(published, healths)
    _account_routes(api, read)  # what is asked most is found first
    _course_routes(api, published)
    _list_routes(api, read)
    return api


def _list_routes(api: APIRouter, read: _Read) -> None:
    """Many accounts of one batch."""

    @api.get("/accounts", operation_id="list_accounts", response_model=AccountList)
    def list_accounts(page: Annotated[asked.Page, Query()]) -> Response:
        """Accounts of the published batch, the most urgent first; ties by account_id.

        A cursor goes on where the page before ended, in the same batch, whatever was published
        meanwhile.
        """
        return answered(_listed(read, page))

    @api.post(
        "/risk:lookup",
        operation_id="lookup_risk",
        response_model=Lookup,
        responses=documented(404),
    )
    def lookup_risk(wanted: asked.Asked) -> Response:
        """The published risk of up to 200 accounts, in the order asked.

        An account that the batch does not hold is found false, and the others are answered.
        """
        return answered(_looked_up(read, wanted))

    @api.get("/journeys", operation_id="list_journeys", response_model=JourneysAnswer)
    def list_journeys(_more: Annotated[asked.Nothing, Query()]) -> Response:
        """How accounts that left went, month by month, beside those that did well."""
        batch, found = read.published.journeys()
        return answered(JourneysAnswer(batch=Provenance.of(batch), journeys=Journey.every(found)))


def _account_routes(api: APIRouter, read: _Read) -> None:
    """One account in one batch."""

    def get_risk(account_id: AccountInPath, then: Annotated[asked.Then, Query()]) -> Response:
        """The published risk of one account, with its strongest reasons."""
        return _risk(read, account_id, then.as_of)

    api.add_api_route(
        "/accounts/{account_id:path}/risk",
        get_risk,
        operation_id="get_risk",
        response_model=AccountAnswer,
        responses=documented(404),
        route_class_override=shortcut(_at_hand(read)),
    )

    @api.get(
        "/accounts/{account_id:path}/explanation",
        operation_id="get_explanation",
        response_model=ExplanationAnswer,
        responses=documented(404),
        dependencies=[Depends(audited)],
    )
    def get_explanation(
        account_id: AccountInPath, told: Annotated[asked.Told, Query()]
    ) -> Response:
        """Where the risk of one account comes from: points that add up, and the rows behind.

        Each answer is written down in the audit, with the key that asked.
        """
        batch, row = _found(read.published, account_id, told)
        return answered(
            ExplanationAnswer(
                batch=Provenance.of(batch),
                account=read.account(row, batch, live=told.as_of is None),
                explanation=None if row.explanation is None else Explanation.of(row.explanation),
            )
        )


def _at_hand(read: _Read) -> Callable[[Request], Awaitable[Response | None]]:
    """The answer where one row of a file is all that is read.

    That costs less than the way to a thread and back, and no writer makes it wait. A server may be
    slow or gone, and must not stop everybody.
    """
    check = needs("read")

    async def answer(request: Request) -> Response | None:
        account_id = request.path_params["account_id"]
        if not read.published.at_hand or not 0 < len(account_id) <= asked.LONGEST_ID:
            return None
        await check(request)
        return _risk(read, account_id, None)

    return answer


def _course_routes(api: APIRouter, published: Published) -> None:
    """What became of one account over time."""

    @api.get(
        "/accounts/{account_id:path}/history",
        operation_id="get_history",
        response_model=History,
        responses=documented(404),
    )
    def get_history(account_id: AccountInPath, past: Annotated[asked.Past, Query()]) -> Response:
        """The risks that were published of one account, newest first, one for each moment."""
        found = published.history(account_id, limit=past.limit)
        if not found:
            raise HTTPException(404, "no batch holds such an account")
        history = [Past.of(row, batch) for batch, row in found]
        return answered(History(account_id=account_id, history=history))

    @api.get(
        "/accounts/{account_id:path}/changes",
        operation_id="get_changes",
        response_model=Changes,
        responses=documented(404),
        dependencies=[Depends(audited)],
    )
    def get_changes(account_id: AccountInPath, told: Annotated[asked.Told, Query()]) -> Response:
        """What moved the risk of one account since the batch before: parts that add up.

        Each answer is written down in the audit, with the key that asked.
        """
        batch, row = _found(published, account_id, told)
        return answered(Changes.of(row, batch))


def _risk(read: _Read, account_id: str, as_of: date | None) -> Response:
    published = read.published
    if as_of is None:
        batch, found = published.served(account_id)
    else:
        batch = batch_at(published, as_of)
        found = published.some(batch, [account_id]).get(account_id)
    row = _known(batch, found)
    if as_of is None:
        account = Account.of(row, batch, read.healths.served(batch, row))
    else:
        account = read.account(row, batch, live=False)
    return answered(AccountAnswer(batch=Provenance.of(batch), account=account))


def _looked_up(read: _Read, wanted: asked.Asked) -> Lookup:
    batch = batch_at(read.published, wanted.as_of)
    rows = list(read.published.some(batch, wanted.account_ids).values())
    told = read.accounts(rows, batch, live=wanted.as_of is None)
    found = {account.account_id: account for account in told}
    results = [
        Found(account_id=name, found=name in found, account=found.get(name))
        for name in wanted.account_ids
    ]
    return Lookup(batch=Provenance.of(batch), results=results)


def _listed(read: _Read, page: asked.Page) -> AccountList:
    published = read.published
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
    rows = published.listed(head, by=page.by, limit=page.limit + 1, offset=first, wanted=wanted)
    more = len(rows) > page.limit
    after = Cursor(head.batch_id, first + page.limit).word(question) if more else None
    accounts = read.accounts(rows[: page.limit], head, live=True)
    return AccountList(
        batch=Provenance.of(head), accounts=accounts, has_more=more, next_cursor=after
    )


def _found(published: Published, account_id: str, told: asked.Told) -> tuple[Batch, AccountRisk]:
    """An account with its explanation, in the language that is asked for."""
    batch = batch_at(published, told.as_of)
    row = _known(batch, published.account(batch, account_id))
    return batch, row if told.lang == "en" else spoken(row, batch, language(told.lang))


def _known(batch: Batch, row: AccountRisk | None) -> AccountRisk:
    if row is None:
        raise HTTPException(404, f"no such account in batch {batch.batch_id}")
    return row
