"""One line of the list for each account, with all that it says put into words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from serving.language import Language
from serving.measures import likely, money, percent, whole
from serving.portfolio import Course
from serving.practice.record import UNKNOWN, Brief
from serving.published import Published
from serving.records import AccountRisk, Batch
from serving.spoken import reason, spoken
from serving.web.judgement import Judgement, judgement
from serving.web.listing.book import Book
from serving.web.listing.spark import Spark, spark
from serving.written.contents import Pulse


@dataclass(frozen=True, kw_only=True)
class Line:
    """An account in the list; what is empty or None is unknown, or does not apply."""

    row: AccountRisk
    href: str
    risk: str
    likely: str
    arr_at_risk: str
    arr: str
    renewal: str
    due: str
    spark: Spark | None
    course: str
    change: int | None
    why: str
    heard: str
    ago: str
    coverage: str
    judgement: Judgement | None
    health: str

    @property
    def beside(self) -> tuple[str, ...]:
        """What stands below the title: the id where that is a name, the segment, the manager."""
        known = self.row.name and self.row.account_id, self.row.segment, self.row.csm
        return tuple(said for said in known if said)

    @property
    def alone(self) -> bool:
        """Whether one person alone is heard there."""
        return self.row.engaged_people == 1


class Told:
    """Tells the accounts of a batch in a language."""

    def __init__(self, published: Published, batch: Batch, book: Book, language: Language) -> None:
        self._published, self._batch, self._book = published, batch, book
        self._language = language

    def lines(
        self,
        rows: Collection[AccountRisk],
        pulses: Mapping[str, Pulse],
        healths: Mapping[str, Brief],
    ) -> Iterator[Line]:
        """The lines of some accounts."""
        whys = self.whys(rows)
        for row in rows:
            account_id = row.account_id
            health = self._health(healths.get(account_id, UNKNOWN))
            yield self._line(row, whys[account_id], judgement(row, pulses.get(account_id)), health)

    def whys(self, rows: Collection[AccountRisk]) -> dict[str, str]:
        """Why each is at risk, or why it has no risk, by account_id; empty without a reason."""
        unscored = {row.account_id: row for row in rows if row.risk is None}
        if self._language.code == "en":  # as it was published, which needs no explanation
            told = {row.account_id: next(iter(row.told), "") for row in rows}
        else:
            found = self._published.strongest(self._batch, [row.account_id for row in rows])
            told = dict.fromkeys((row.account_id for row in rows), "")
            told |= {name: reason(driver, self._language) for name, driver in found.items()}
        return told | {
            name: spoken(row, self._batch, self._language).summary for name, row in unscored.items()
        }

    def moved(self, row: AccountRisk) -> float | None:
        """By how much the risk of an account rose in a week; None where that is not known."""
        return self._book.moved(row.account_id)

    def _health(self, known: Brief) -> str:
        score, _, band = known
        if score is None or band is None:
            return ""
        say = self._language.say
        told = self._language.tenths(score)
        return say("health.in_list", score=told, band=say(f"health.band_{band}"))

    def _line(self, row: AccountRisk, why: str, judged: Judgement | None, health: str) -> Line:
        language, as_of = self._language, self._batch.as_of
        course, moved = self._book.course(row.account_id), self.moved(row)
        renewal, heard = row.renewal_at, row.last_inbound_at
        low, high = row.risk_low, row.risk_high
        return Line(
            row=row,
            href=f"/accounts/{quote(row.account_id, safe='')}",
            risk="" if row.risk is None else percent(row.risk, language),
            likely="" if low is None or high is None else likely(low, high, language),
            arr_at_risk="" if row.arr_at_risk is None else money(row.arr_at_risk, language),
            arr=money(row.arr, language),
            renewal="" if renewal is None else language.day(renewal),
            due="" if renewal is None else _due((renewal - as_of).days, language),
            spark=spark(course, as_of),
            course=_course(course, language),
            change=_points(row.risk, moved),
            why=why,
            heard=_heard(row, language),
            ago="" if heard is None else language.say("list.ago", (as_of - heard).days),
            coverage=percent(row.coverage, language),
            judgement=judged,
            health=health,
        )


def _points(risk: float | None, moved: float | None) -> int | None:
    """The difference of the percentages that are shown, as the account's page has it."""
    return None if risk is None or moved is None else whole(risk) - whole(risk - moved)


def _heard(row: AccountRisk, language: Language) -> str:
    if row.last_inbound_at is not None:
        return language.day(row.last_inbound_at)
    return language.say("phrases.unknown" if row.engaged_people is None else "list.never")


def _due(days: int, language: Language) -> str:
    return language.say("list.ago", -days) if days < 0 else language.say("list.in_days", days)


def _course(course: Course, language: Language) -> str:
    if len(course) < 2:
        return ""
    first, last = (percent(course[at][1], language) for at in (0, -1))
    return language.say("list.course", first=first, last=last)
