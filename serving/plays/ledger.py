"""The plan of a day, kept in the store: suggestions, hold-outs, alerts, and who is told of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import Column, Connection, Engine, bindparam, func, insert, select, union, update

from serving import moments
from serving.database import take_turn, transaction
from serving.plays.alerts import Told, turn
from serving.plays.lapsed import GONE, lapses
from serving.plays.playbook import Playbook
from serving.plays.situation import Situation, situations
from serving.plays.suggest import LeftOut, Offer, Past, Rules, suggest
from serving.records import Batch
from serving.tables import BATCH, INTERVENTION
from serving.tables_plays import ALERT, ASSIGNMENT, DIGEST
from serving.written.assignments import FOREWARN, Alert, Assignment, Digest
from serving.written.ids import new_id
from serving.written.log import PREFIX, decide, log


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day's work for one plan: which batch, by which plays, when, and what chance says.

    `draw` gives an account's number for a word, from 0 to below 1, each as likely as any other; it
    is followed for `follow_up_days` what becomes of whom it decides about.
    """

    batch: Batch
    book: Playbook
    now: datetime
    draw: Callable[[str, str], float]
    follow_up_days: int

    @property
    def rules(self) -> Rules:
        """By what the plan is made."""

        def drawn(account_id: str) -> float:
            return self.draw(account_id, self.today.isoformat())

        return Rules(
            book=self.book,
            today=self.today,
            limits=self.limits,
            draw=drawn,
            follow_up_days=self.follow_up_days,
        )

    @property
    def today(self) -> date:
        """The day, in UTC."""
        return self.now.astimezone(UTC).date()

    @property
    def limits(self) -> dict[str, float]:
        """Where the bands of the batch begin; empty where it does not say."""
        known: dict[str, float] = self.batch.metadata.get("bands", {})
        return known


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What a plan changed: how many were newly suggested, held out, ended and alerted.

    `left_out` are the plays that are called for and were not suggested, each with why.
    """

    suggested: int
    held_out: int
    ended: int
    alerts: int
    digests: int
    left_out: tuple[LeftOut, ...]


def plan(reader: Engine, writer: Engine, day: Day) -> Planned:
    """Suggest what the batch calls for, alert, and put together a digest for each manager.

    Made again on the same day over the same batch, it changes nothing, and nobody gets a second
    digest that day.

    Raises:
        StoreError: the store is locked or away; nothing was written.
    """
    accounts = {one.account_id: one for one in situations(reader, day.batch)}
    with transaction(writer) as connection:
        take_turn(connection)
        ended = _lapse(connection, accounts, day)
        planned = suggest(accounts.values(), _past(connection, day.book), day.rules)
        _keep(connection, planned.offers, day)
        alerts = _alert(connection, accounts, day)
        digests = _tell(connection, accounts, day)
    held = sum(offer.held_out for offer in planned.offers)
    return Planned(
        suggested=len(planned.offers) - held,
        held_out=held,
        ended=ended,
        alerts=alerts,
        digests=digests,
        left_out=planned.left_out,
    )


def _lapse(connection: Connection, accounts: dict[str, Situation], day: Day) -> int:
    ended = 0
    for one in lapses(_past(connection, day.book), accounts, day.rules):
        told = {"decision": one.decision, "decided_by": FOREWARN, "why": one.why}
        ended += decide(connection, one.assignment_id, **told, decided_at=day.now)
    return ended


def _past(connection: Connection, book: Playbook) -> list[Past]:
    """All that was ever suggested, held out or begun."""
    of = INTERVENTION.c.assignment_id == ASSIGNMENT.c.assignment_id
    query = select(ASSIGNMENT, INTERVENTION.c.closed_at).select_from(
        ASSIGNMENT.outerjoin(INTERVENTION, of)
    )
    found = [_of_log(dict(row), book) for row in connection.execute(query).mappings()]
    before_the_log = select(INTERVENTION).where(INTERVENTION.c.assignment_id.is_(None))
    rows = connection.execute(before_the_log).mappings()
    return [*found, *(_of_intervention(dict(row), book) for row in rows)]


def _of_log(row: dict[str, Any], book: Playbook) -> Past:
    taken = row["decision"] == "taken"
    over = row["closed_at"] if taken else row["decided_at"]
    return Past(
        account_id=row["account_id"],
        play_id=row["play_id"] or book.id_of(row["play"]),
        csm=row["csm"],
        assigned_on=_day(row["assigned_at"]),
        started_on=_day(row["decided_at"]) if taken else None,
        over_on=None if over is None else _day(over),
        held=bool(row["held_out"]) and not taken,
        gone=row["why"] == GONE,
        eligible=bool(row["eligible"]),
        episode=row["episode"],
        assignment_id=row["assignment_id"],
    )


def _of_intervention(row: dict[str, Any], book: Playbook) -> Past:
    assigned, closed = _day(row["assigned_at"]), row["closed_at"]
    return Past(
        account_id=row["account_id"],
        play_id=book.id_of(row["play"]),
        csm=row["owner"],
        assigned_on=assigned,
        started_on=None if row["held_out"] else assigned,
        over_on=None if closed is None else _day(closed),
        held=bool(row["held_out"]),
    )


def _keep(connection: Connection, offers: tuple[Offer, ...], day: Day) -> None:
    episodes: dict[str, str] = {}
    for offer in offers:
        account, play = offer.account, day.book.plays[offer.play_id]
        name = new_id(PREFIX, day.now)
        episode = offer.episode or episodes.setdefault(account.account_id, name)
        log(
            connection,
            Assignment(
                assignment_id=name,
                episode=episode,
                account_id=account.account_id,
                play_id=offer.play_id,
                play=play.name,
                reason=offer.reason,
                assigned_at=day.now,
                assigned_by=FOREWARN,
                csm=account.csm,
                owner=account.csm if play.owner == "csm" else None,
                due_at=datetime.combine(offer.due_on, time(), UTC),
                batch_id=day.batch.batch_id,
                risk=account.risk,
                health=account.health,
                arr_at_risk=account.arr_at_risk,
                eligible=offer.eligible,
                held_out=offer.held_out,
            ),
        )


def _alert(connection: Connection, accounts: dict[str, Situation], day: Day) -> int:
    rules = day.book.work.alerts
    told = [
        Told(
            alert_id=row.alert_id,
            account_id=row.account_id,
            kind=row.kind,
            about=row.about,
            cleared=row.cleared_at is not None,
        )
        for row in connection.execute(select(ALERT))
    ]
    found = turn(
        accounts.values(),
        told,
        rules,
        edge=day.rules.edge(rules.above),
        since_days=_since_days(connection, day.batch),
    )
    for alert_id in found.cleared:
        its = ALERT.c.alert_id == alert_id
        at = moments.text(day.now)
        connection.execute(update(ALERT).where(its).values(cleared_at=at))
    rows = [
        Alert(
            alert_id=new_id("al", day.now),
            account_id=one.account.account_id,
            kind=one.kind,
            about=one.about,
            csm=one.account.csm,
            batch_id=day.batch.batch_id,
            risk=one.account.risk,
            raised_at=day.now,
        ).model_dump()
        for one in found.raised
    ]
    if rows:
        connection.execute(insert(ALERT), rows)
    return len(rows)


def _since_days(connection: Connection, batch: Batch) -> int:
    """How long ago the last batch is about of which anything came here; 0 where there is none."""
    looked_at = union(*(select(table.c.batch_id) for table in (ALERT, ASSIGNMENT, DIGEST)))
    earlier = select(func.max(BATCH.c.as_of)).where(
        BATCH.c.as_of < batch.as_of.isoformat(), BATCH.c.batch_id.in_(looked_at)
    )
    before = connection.execute(earlier).scalar()
    return 0 if before is None else (batch.as_of - _day(before)).days


def _tell(connection: Connection, accounts: dict[str, Situation], day: Day) -> int:
    """A digest for each manager who was not told all, unless they had one today."""
    had = select(DIGEST.c.csm).where(DIGEST.c.day == day.today.isoformat())
    told = set(connection.execute(had).scalars())
    untold = _untold(connection, accounts)
    new = sorted(set(untold) - told)
    for csm in new:
        digest = Digest(
            digest_id=new_id("dg", day.now),
            csm=csm,
            day=day.today,
            batch_id=day.batch.batch_id,
            created_at=day.now,
        )
        connection.execute(insert(DIGEST).values(digest.model_dump(mode="json")))
        for its, ids in untold[csm].items():
            change = update(its.table).where(its == bindparam("its_id"))
            told_by = change.values(digest_id=digest.digest_id)
            connection.execute(told_by, [{"its_id": one} for one in ids])
    return len(new)


def _untold(
    connection: Connection, accounts: dict[str, Situation]
) -> dict[str, dict[Column[str], list[str]]]:
    """What nobody was told yet, by whose account it is today: they are to act on it.

    An account that is in no batch just now, or under notice, is told of once that is over.
    """
    found: dict[str, dict[Column[str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for its, holds in (
        (ALERT.c.alert_id, ALERT.c.cleared_at.is_(None)),
        (
            ASSIGNMENT.c.assignment_id,
            ASSIGNMENT.c.decision.is_(None) & (ASSIGNMENT.c.held_out == 0),
        ),
    ):
        table = its.table
        query = select(its, table.c.account_id).where(table.c.digest_id.is_(None), holds)
        for name, account_id in connection.execute(query.order_by(its)):
            account = accounts.get(account_id)
            if account is not None and not account.leaving:
                found[account.csm or ""][its].append(name)
    return found


def _day(moment: str) -> date:
    return date.fromisoformat(moment[:10])
