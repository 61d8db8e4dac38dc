"""All that the page of one account shows, put together once, in the language of its reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlencode

from serving.apart import apart
from serving.dossier.told import told
from serving.language import Language, entries
from serving.measures import inside, percent
from serving.plays.catalogue import play_told, plays
from serving.plays.playbook import Playbook
from serving.records import AccountRisk, Batch, Dossier, Driver, Explanation, Move
from serving.spoken import spoken
from serving.web.advice import Advice, advice
from serving.web.judgement import Judgement, judgement
from serving.web.one.course import Course, Event, course
from serving.web.one.found import Found
from serving.web.one.names import named_apart
from serving.web.one.people import People, people
from serving.web.one.timeline import Timeline, timeline
from serving.web.one.waterfall import Bar, waterfall
from serving.web.one.written import Written

_METHODS = {
    "rules": "rules",
    "rules and base rates": "rules_and_base_rates",
    "blend": "blend",
    "hazard": "learnt",
    "classifier": "learnt",
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of an account somebody wants to see, as the address says; what is unknown is nothing."""

    horizon: str = ""
    source: str = ""
    driver: str = ""

    def but(self, **different: str | int) -> str:
        """The query of the same with something else; empty where nothing is left."""
        kept = {"horizon": self.horizon, "source": self.source, "driver": self.driver, **different}
        said = {name: value for name, value in kept.items() if value != ""}
        return f"?{urlencode(said)}" if said else ""


@dataclass(frozen=True, kw_only=True)
class Horizon:
    """The risk within so many days; `of_batch` is the horizon that all the rest speaks of."""

    days: int
    risk: float
    chosen: bool
    of_batch: bool


@dataclass(frozen=True)
class Plays:
    """Every play that is known, and what is suggested for the account or held out."""

    book: Playbook
    waiting: tuple[Advice, ...] = ()


@dataclass(frozen=True, kw_only=True)
class View:
    """What the templates of `account/` show; `found` and what is asked of it lie behind it all."""

    found: Found
    row: AccountRisk
    dossier: Dossier | None
    written: Written
    asked: Asked
    language: Language
    plays: Plays

    @property
    def batch(self) -> Batch:
        """The batch that all this is of."""
        return self.found.batch

    @property
    def why(self) -> Explanation | None:
        """The explanation, where there is one."""
        return self.row.explanation

    @property
    def judgement(self) -> Judgement | None:
        """What its manager thinks of it, as the list has it."""
        return judgement(self.row, self.written.pulse)

    @cached_property
    def horizons(self) -> tuple[Horizon, ...]:
        """Every horizon that the model speaks of, with the chosen one: the batch's by default."""
        row, own = self.row, self.batch.horizon_days
        if row.risk is None:
            return ()
        risks = {own: row.risk, **row.risks}
        chosen = next((days for days in risks if str(days) == self.asked.horizon), own)
        return tuple(
            Horizon(days=days, risk=risk, chosen=days == chosen, of_batch=days == own)
            for days, risk in sorted(risks.items())
        )

    @property
    def horizon(self) -> Horizon | None:
        """The one that is looked at."""
        return next((horizon for horizon in self.horizons if horizon.chosen), None)

    @cached_property
    def moving(self) -> tuple[Driver, ...]:
        """The drivers that move the risk by a point or more, the strongest first."""
        return tuple(driver for driver in self.why.drivers if driver.shown) if self.why else ()

    @cached_property
    def idle(self) -> str:
        """The drivers that move it by less, by name; empty without any."""
        names = [inside(d.label) for d in self.why.drivers if not d.shown] if self.why else []
        return self.language.listed(names)

    @cached_property
    def falls(self) -> tuple[Bar, ...]:
        """The waterfall: where every account starts, each driver that moves, the rest, the risk."""
        if self.why is None:
            return ()
        steps = [driver.shown for driver in self.moving]
        return self._waterfall(self.why.base_shown, [*steps, 0] if self.idle else steps)

    @cached_property
    def moves(self) -> tuple[Move, ...]:
        """What moved the risk by a point or more since the batch before."""
        change = self.why.change if self.why else None
        return () if change is None else tuple(move for move in change.moves if move.shown)

    @property
    def steps(self) -> tuple[tuple[str, int], ...]:
        """What else moved it: the data, or the model."""
        change = self.why.change if self.why else None
        if change is None:
            return ()
        parts = (("data", change.data_shown), ("model", change.model_shown))
        return tuple((name, shown) for name, shown in parts if shown)

    @cached_property
    def changes(self) -> tuple[Bar, ...]:
        """The waterfall of what changed: the risk before, what moved it, the risk now."""
        change = self.why.change if self.why else None
        if change is None:
            return ()
        steps = [*(move.shown for move in self.moves), *(shown for _, shown in self.steps)]
        return self._waterfall(change.before_shown, steps)

    @cached_property
    def timeline(self) -> Timeline:
        """What happened, each row with the drivers that rest on it."""
        return timeline(
            self.dossier, self.drivers, source=self.asked.source, family=self.asked.driver
        )

    @cached_property
    def drivers(self) -> tuple[Driver, ...]:
        """Those of them that rows may stand behind: a kind of account has none."""
        return tuple(driver for driver in self.moving if not driver.context)

    @cached_property
    def people(self) -> People | None:
        """Who is known there."""
        return people(self.dossier, self.row.engaged_people, self.batch.as_of)

    @cached_property
    def course(self) -> Course:
        """How the risk went."""
        limits = self.batch.metadata.get("bands", {})
        return course(self.found.earlier, limits, self.dossier, self.written)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """What each family of features is called."""
        return {name: self.language.say(f"families.{name}") for name in plays()} | {
            driver.family: driver.label for driver in (self.why.drivers if self.why else ())
        }

    @cached_property
    def rows_behind(self) -> Mapping[str, int]:
        """How many rows of the timeline stand behind each driver."""
        return dict(self.timeline.families)

    def rows_at(self, family: str) -> str:
        """Where the rows behind a driver begin: on this page, unless it shows only some rows."""
        part = self.timeline.source or self.timeline.family
        return f"{self.found.place if part else ''}#rows-{family}"

    @property
    def method(self) -> str:
        """How the model came to know, in words if there are any."""
        method = self.row.method or self.batch.method
        words = _METHODS.get(method)
        return method if words is None else self.language.say(f"account.method_{words}")

    def word(self, said: str) -> str:
        """A word of the data as people say it; one that is unknown as it came."""
        key = f"vocabulary.{said}"
        return self.language.say(key) if key in entries() else said.replace("_", " ")

    def marked(self, event: Event) -> str:
        """What a mark on the chart stands for."""
        if event.kind in ("contract", "pulse"):
            return event.what  # a row of the timeline, which has its words
        what = apart(play_told(event.what, self.language))
        if event.kind == "judged":
            what = self.language.number(float(event.what))
        return self.language.say(f"account.mark_{event.kind}", what=what)

    def mirrored(self, x: float, width: float) -> float:
        """Where a part of a bar begins, which grows from where the reader begins."""
        return round(100 - x - width, 2) if self.language.right_to_left else x

    @property
    def batches(self) -> Iterator[tuple[str, str, str, str]]:
        """Each batch in words, the newest first: its day, the risk, the band or why none, model."""
        say = self.language.say
        for each in self.found.earlier:
            yield (
                self.language.day(each.as_of),
                "" if each.risk is None else percent(each.risk, self.language),
                say(f"screen.band_{each.band}" if each.band else f"screen.status_{each.status}"),
                each.model_version,
            )

    @property
    def suggested(self) -> str | None:
        """The play that is suggested first, as it is kept, else the one for the strongest reason.

        Nothing is for an account that has said that it goes.
        """
        if self.plays.waiting:
            return self.plays.waiting[0].kept
        found = self._for_driver
        return None if found is None else self.plays.book.plays[found].name

    @property
    def advice(self) -> Advice | None:
        """How the play for the strongest reason goes, where none was suggested or held out."""
        if self.plays.waiting or self._for_driver is None:
            return None
        return advice(self._for_driver, self.plays.book, self.language)

    @property
    def _for_driver(self) -> str | None:
        if self.row.notice_at is not None:
            return None
        return self.plays.book.for_families.get(self.row.driver or "")

    @property
    def renewal_days(self) -> int | None:
        """How many days were left at the moment of the batch; below zero when it was over."""
        at = self.row.renewal_at
        return None if at is None else (at - self.batch.as_of).days

    @property
    def tenure_months(self) -> int | None:
        """For how many months it has been a customer."""
        since = self.dossier.facts.customer_since if self.dossier else None
        return None if since is None else round((self.batch.as_of - since).days / 30.4)

    def _waterfall(self, first: int, steps: list[int]) -> tuple[Bar, ...]:
        return waterfall(first, steps, mirrored=self.language.right_to_left)


def view(found: Found, written: Written, asked: Asked, language: Language, *, plays: Plays) -> View:
    """The view of an account that was found."""
    row, dossier = found.row, found.row.dossier
    if language.code != "en":  # as published it is in English
        row = spoken(row, found.batch, language)
    if row.explanation is not None:
        why = named_apart(row.explanation, found.batch.horizon_days, language)
        row = row.model_copy(update={"explanation": why})
    return View(
        found=found,
        row=row,
        dossier=None if dossier is None else told(dossier, language, apart),
        written=written,
        asked=asked,
        language=language,
        plays=plays,
    )
