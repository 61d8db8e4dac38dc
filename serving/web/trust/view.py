"""What the model page shows, put together from a batch, its model's papers, and the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from markupsafe import Markup

from serving.apart import apart
from serving.language import Language, entries
from serving.measures import percent
from serving.records import Batch
from serving.spoken import stopped
from serving.web.trust import plots
from serving.web.trust.misses import Misses
from serving.web.trust.papers import Papers
from training.capacity import RANDOM
from training.decisions import FILE, Decisions
from training.plain import BY_RISK, BY_WORTH
from training.spec import ChurnSpec

Report = Mapping[str, Any]
_RULES, _CHANCE = "rules", 0.5
_LINES_NAMED = 20
_WORTHS = ("accounts", "arr")


class Ranked(NamedTuple):
    """How well one way of ranking did; `difference` is ours less theirs, None for our own."""

    name: str
    figures: Report
    difference: Report | None


class Held(NamedTuple):
    """A table behind the batch: live, landed, stale, absent or missing; None is not noted."""

    name: str
    state: str
    newest: str | None
    rows: int | None
    quarantined: int | None
    odd: int | None


class Gave(NamedTuple):
    """A reason for leaving, how many accounts gave it, and their share of all that left."""

    name: str
    accounts: int
    share: float


class Due(NamedTuple):
    """A list, and the day from which on it can be judged; None where it does not say."""

    batch: Batch
    on: date | None
    open: bool


class Reach(NamedTuple):
    """What calls reach in one order: shares, and the class of its line."""

    name: str
    kind: str
    accounts: float | None
    arr: float | None


@dataclass(frozen=True, kw_only=True)
class View:
    """The model page in a language; `asked` is the clock of the courses, if one was."""

    language: Language
    batch: Batch
    papers: Papers
    lists: Sequence[Batch]
    decisions: Decisions
    misses: Misses | None
    asked: str = ""

    @property
    def report(self) -> Report:
        """What the training found, as far as it is known."""
        return self.papers.report

    @property
    def verdict(self) -> str:
        """usable, no_usable_signal, not_enough_data; empty where nobody knows."""
        return str(self.report.get("verdict", ""))

    @property
    def ruled(self) -> bool:
        """Whether expert rules rank, and nothing that was learnt."""
        return self.batch.method.startswith(_RULES)

    @cached_property
    def opening(self) -> list[str]:
        """The verdict as sentences: what was found, and what it means for the work."""
        if self.papers.state == "gone":
            return []
        if self.verdict == "not_enough_data":
            return [self._say("too_early"), *([self._say("rules_serve")] if self.ruled else [])]
        found = list(self._found())
        return [*found, self._say("do_not")] if self.verdict == "no_usable_signal" else found

    @property
    def method(self) -> str:
        """How the batch came to its risks, in words."""
        key = f"model.method_{self.batch.method.replace(' ', '_')}"
        return self.language.say(key) if key in entries() else self.batch.method

    @property
    def auc(self) -> Report | None:
        """ROC-AUC in the test with its interval; None where there was none."""
        return self._known(self.report.get("metrics", {}).get("roc_auc"))

    @property
    def ratio(self) -> Report | None:
        """Churn predicted per churn observed; None where there was no test."""
        return self._known(self.report.get("reliability", {}).get("ratio"))

    @property
    def learnt_from(self) -> int | None:
        """How many accounts that left there were to learn from; None where that is unknown."""
        return self.report.get("rung", {}).get("events")

    @cached_property
    def ranked(self) -> list[Ranked]:
        """Ways of ranking on the same rows, ours first; empty without a test."""
        if self.auc is None:
            return []
        ours = Ranked(self._say("ours"), self.report["metrics"], None)
        theirs = self.report.get("baselines", {})
        return [ours, *(Ranked(self._rival(n), t, t.get("difference")) for n, t in theirs.items())]

    @property
    def random_split(self) -> Report | None:
        """What a random split would have claimed; None where that is unknown."""
        return self._known(self.report.get("random_split", {}).get("roc_auc"))

    @property
    def unseen(self) -> Report | None:
        """ROC-AUC on accounts that the model had never seen; None where that is unknown."""
        return self._known(self.report.get("new_accounts", {}).get("roc_auc"))

    @cached_property
    def calibration(self) -> Markup | None:
        """The plot of predicted and observed churn; None where no groups were kept."""
        groups = self.report.get("reliability_groups")
        return plots.calibration(groups, self.language) if groups else None

    @cached_property
    def reach_plots(self) -> list[Markup]:
        """What so many calls reach, of accounts and of revenue; what is unknown is left out."""
        found = self.report.get("capacity")
        drawn = [plots.reach(found, worth, self.language) for worth in _WORTHS] if found else []
        return [plot for plot in drawn if plot is not None]

    @cached_property
    def reach(self) -> list[Reach]:
        """What the calls of one list reach, by the order of the calls."""
        at = self.report.get("capacity", {}).get("at_capacity", {})
        return [
            Reach(
                name=self.language.say(plots.order_key(name)),
                kind=plots.order_class(name),
                accounts=at[name]["accounts"],
                arr=at[name]["arr"],
            )
            for name in plots.ORDERS
            if name in at
        ]

    def reached(self, worth: str) -> tuple[float, float] | None:
        """The share of what leaves that calls reach in the best order, and by lot."""
        at = self.report.get("capacity", {}).get("at_capacity", {})
        best = at.get(BY_RISK if worth == "accounts" else BY_WORTH, {}).get(worth)
        return None if best is None else (best, at[RANDOM][worth])

    @cached_property
    def reasons(self) -> list[Gave]:
        """Why accounts left, as they said; empty where none was asked, or none said."""
        told = self.report.get("reasons", {})
        lost = sum(told.values())
        return [Gave(self._reason(name), count, count / lost) for name, count in told.items()]

    @property
    def clocks(self) -> list[str]:
        """By which clocks it is known how both cohorts went; up to the renewal tells more."""
        return [clock for clock in ("renewal", "start") if self.papers.journeys.get(clock)]

    @property
    def clock(self) -> str:
        """The one to be shown."""
        return self.asked if self.asked in self.clocks else self.clocks[0]

    @cached_property
    def courses(self) -> list[plots.Course]:
        """How both cohorts went by the clock that is shown; empty where none is known."""
        told = self.papers.journeys[self.clock] if self.clocks else ()
        return [plots.course(signal, self.language) for signal in told]

    @cached_property
    def tables(self) -> list[Held]:
        """The tables behind the batch, and those that the model reads and that are not there."""
        dead = {feed["table"]: feed for feed in self.batch.metadata.get("dead_feeds", ())}
        told = {table["table"]: table for table in self.batch.metadata.get("tables", ())}
        return [
            Held(
                name=self._table(name),
                state=_state(told.get(name, {}), dead.get(name)),
                newest=told.get(name, {}).get("newest") or dead.get(name, {}).get("since"),
                **{
                    count: told.get(name, {}).get(count) for count in ("rows", "quarantined", "odd")
                },
            )
            for name in sorted({*told, *dead})
        ]

    @cached_property
    def calendar(self) -> list[Due]:
        """From when on the lists can be judged, the newest first."""
        until = self.batch.metadata.get("data_until", "")
        return [Due(one, on := _judged_on(one), not on or until < f"{on}") for one in self.lists]

    @property
    def closes_after(self) -> int | None:
        """How many days after a list its outcome is known; None where it does not say."""
        on = _judged_on(self.batch)
        return None if on is None else (on - self.batch.as_of).days

    @property
    def damaged(self) -> str:
        """The files of the model that were damaged, by name."""
        return self.language.listed([apart(name) for name in self.papers.damaged])

    @property
    def unread(self) -> str:
        """That there are decisions that cannot be read, and where."""
        lines = self.decisions.unread
        named = self.language.listed([self.language.number(line) for line in lines[:_LINES_NAMED]])
        return self.language.say("model.unread", len(lines), lines=named, file=apart(FILE))

    @cached_property
    def limits(self) -> list[str]:
        """What the model cannot see, and what nobody should make of it."""
        return list(self._limits())

    def _found(self) -> Iterator[str]:
        auc = self.auc
        if auc is None:
            yield self._say("no_test")
            return
        low, high = (percent(auc[end], self.language) for end in ("low", "high"))
        half = percent(_CHANCE, self.language)
        yield self._say("put_first", share=self._share(auc), low=low, high=high, chance=half)
        rules = self._known(self.report.get("baselines", {}).get(_RULES, {}).get("roc_auc"))
        if rules is not None:
            yield self._say("rules_get", share=self._share(rules))
        if (reached := self.reached("accounts")) is not None:
            best, lot = (percent(share, self.language) for share in reached)
            calls = self.language.number(self.report["capacity"]["capacity"])
            yield self._say("team_reaches", calls=calls, share=best, lot=lot)

    def _limits(self) -> Iterator[str]:
        yield self._say("limit_recorded")
        yield self._say("limit_cause")
        if learnt := self.batch.metadata.get("learnt_until"):
            yield self._say("limit_future", date=self.language.day(date.fromisoformat(learnt)))
        yield self._say("limit_interval")
        yield self._say("limit_feedback")
        yield self._say("limit_people")
        segments = self.report.get("segments", ())
        few = [
            apart(row["segment"]) or self.language.say("phrases.unknown")
            for row in segments
            if not row["enough"]
        ]
        if few:
            yield self._say("limit_segments", names=self.language.listed(few))
        if dropped := len(self.report.get("dropped", ())):
            yield self.language.say("model.limit_dropped", dropped)
        for feed in self.batch.metadata.get("dead_feeds", ()):
            said = stopped(feed, self.language)
            yield self._say("limit_feed", feed=said[:1].upper() + said[1:])

    def _rival(self, name: str) -> str:
        key = f"model.rival_{name.replace(' ', '_')}"
        return self.language.say(key) if key in entries() else name

    def _reason(self, name: str) -> str:
        key = f"model.reason_{name.replace(' ', '_')}"
        return self.language.say(key) if key in entries() else name.replace("_", " ")

    def _table(self, name: str) -> str:
        key = f"tables.{name}"
        return self.language.say(key) if key in entries() else name

    def _share(self, figure: Report) -> str:
        return percent(figure["value"], self.language)

    def _say(self, name: str, **values: str) -> str:
        return self.language.say(f"model.{name}", **values)

    @staticmethod
    def _known(figure: Report | None) -> Report | None:
        """A figure if it has a value and an interval."""
        if figure is None or any(figure.get(end) is None for end in ("value", "low", "high")):
            return None
        return figure


def _state(told: Report, dead: Report | None) -> str:
    if dead is not None:
        return str(dead["state"])
    return "live" if told.get("newest") else "landed"


def _judged_on(batch: Batch) -> date | None:
    told = batch.metadata.get("spec")
    if not told:
        return None
    return batch.as_of + timedelta(days=ChurnSpec.from_dict(told).closes_after_days)
