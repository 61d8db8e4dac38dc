"""Features of a few accounts from rows in hand: the same SQL as ever, in memory and at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from data.churn import ChurnRule
from data.contract import BY_NAME, TABLES
from data.quality import repairs
from data.sqlite import SqliteEngine, Value
from features.build import derive, ordered, without_sources
from features.catalog import CATALOG, FAMILIES
from features.feeds import unknown_at
from features.handful import READ, Handful, Uses
from features.window import cut
from features.words import signals
from features.words.lexicon import Lexicon, lexicon

NUMBERS = tuple(feature.name for feature in CATALOG if feature.kind == "number")
WORDS = tuple(feature.name for feature in CATALOG if feature.kind == "category")
PLACES = {name: place for place, name in enumerate(NUMBERS)}
_NUMBERS = pd.Index(NUMBERS)
_SAID = "VALUES (?1, ?2, ?3, ?4, ?5)"
USAGE = "usage_events"
# Rows of contract tables, by the name of the table: values in the order of its columns, moments as
# microseconds since 1970.
Rows = Mapping[str, Sequence[Sequence[Value]]]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Sight:
    """What the landed data can speak about at some moments.

    `provided` has the columns that were landed, by table; whatever else is in a row is not read, as
    the model never was told of it. `unknown` says of which features nothing is known: moments x
    (numbers, then words).
    """

    moments: tuple[pd.Timestamp, ...]
    provided: Mapping[str, frozenset[str]]
    unknown: Flags

    @classmethod
    def of(
        cls,
        moments: Sequence[pd.Timestamp],
        landed: Mapping[str, Any],
        states: pd.DataFrame,
        *,
        withheld: Collection[str] = (),
    ) -> Sight:
        """That of the tables of a manifest with these states of their feeds.

        The tables that are `withheld` are as if they had not been landed.
        """
        seen = {name: told for name, told in landed.items() if name not in withheld}
        dead, missing = unknown_at(states, CATALOG), set(without_sources(seen))
        unknown = [
            [name in missing or moment in dead.get(name, ()) for name in (*NUMBERS, *WORDS)]
            for moment in moments
        ]
        provided = {name: frozenset(told["provided"]) for name, told in seen.items()}
        return cls(tuple(moments), provided, np.array(unknown))


@dataclass(frozen=True)
class Laid:
    """Feature rows, sorted by account and moment, of which what cannot be spoken about is unknown.

    `numbers` has a column for each of `NUMBERS`, NaN where unknown, and `words` a list for each of
    `WORDS`, None where unknown. Only what is wanted as a table need become one, which takes longer
    than all else here.
    """

    account_ids: tuple[str, ...]
    as_of: npt.NDArray[np.datetime64]
    numbers: npt.NDArray[np.float64]
    words: Mapping[str, list[str | None]]

    @property
    def coverage(self) -> npt.NDArray[np.float64]:
        """The share of the numbers that is known, per row."""
        return np.asarray((~np.isnan(self.numbers)).mean(axis=1), dtype=np.float64)

    def where(self, which: Flags) -> Laid:
        """Only these rows."""
        return Laid(
            tuple(compress(self.account_ids, which)),
            self.as_of[which],
            self.numbers[which],
            {name: list(compress(words, which)) for name, words in self.words.items()},
        )

    @cached_property
    def frame(self) -> pd.DataFrame:
        """What `features.build.build` gives for these rows."""
        # Put together at once: column by column takes four times as long.
        parts = (
            pd.DataFrame(
                {"account_id": pd.array(self.account_ids, dtype="str"), "as_of": self.as_of}
            ),
            pd.DataFrame(self.numbers, columns=_NUMBERS),
            pd.DataFrame(
                {
                    **{name: pd.array(words, dtype="str") for name, words in self.words.items()},
                    "coverage": self.coverage,
                }
            ),
        )
        return pd.concat(parts, axis=1)


class Workbench:
    """Feature rows at fixed moments, made anew of the rows of each request.

    One thread at a time may use it. Nothing of a request is left when it is done, but what texts
    came to, without the texts.
    """

    def __init__(
        self,
        moments: Sequence[pd.Timestamp],
        rule: ChurnRule,
        phrases: Lexicon | None = None,
    ) -> None:
        self._rule, self._sorter = rule, signals.Sorter(phrases or lexicon())
        self._sql = SqliteEngine()
        for table in TABLES:
            self._sql.empty(table.name, table.names)
        self._sql.empty(signals.TABLE, signals.COLUMNS)
        cut(self._sql, moments)
        self._usage = Handful(self._sql)
        self._families = [
            ([feature.name for feature in family.features], ordered(family)) for family in FAMILIES
        ]
        derive(self._sql, rule)

    def table(
        self, rows: Rows, sight: Sight, *queries: str
    ) -> tuple[Laid, list[list[tuple[Any, ...]]]]:
        """The features of these rows as `features.build.build` has them, and of further queries.

        A table without rows is one in which nothing happened, if it was landed; else its features
        are unknown. The moments of `sight` are those of the workbench.
        """
        with self._sql.passing():
            for name, some in rows.items():
                if name in sight.provided and self._reads(name):
                    self._sql.insert(name, _landed(name, sight.provided[name]), some)
            texts = self._sql.run(signals.DISTINCT)
            self._sql.insert(signals.TABLE, _SAID, self._sorter.rows(texts))
            accounts = [str(row[0]) for row in rows.get("accounts", ())]
            self._usage.filled(accounts, _uses(rows, sight))
            derive(self._sql, self._rule)
            keys = self._sql.run("SELECT account_id, as_of, snapshot FROM spine ORDER BY 1, 2")
            columns: dict[str, Sequence[Any]] = {}
            for names, query in self._families:
                if found := self._sql.run(query):
                    columns |= zip(names, zip(*found, strict=True), strict=True)
            return _laid(keys, columns, sight), [self._sql.run(query) for query in queries]

    def close(self) -> None:
        """Give back the memory."""
        self._sql.close()

    def _reads(self, name: str) -> bool:
        """Whether rows of a table are read as they are; of usage commonly only its cells are."""
        return name != USAGE or (self._rule.kind == "silence" and self._rule.of == USAGE)


def _uses(rows: Rows, sight: Sight) -> Uses:
    """What is read of usage, as far as it was landed."""
    if USAGE not in sight.provided or not rows.get(USAGE):
        return ()
    columns = dict(zip(BY_NAME[USAGE].names, zip(*rows[USAGE], strict=True), strict=True))
    nothing, provided = (None,) * len(rows[USAGE]), sight.provided[USAGE]
    read = [columns[name] if name in provided else nothing for name in READ]
    return zip(*read, strict=True)


@cache
def _landed(name: str, provided: frozenset[str]) -> str:
    """SQL: what becomes of a row when it is landed from a source that gives these columns."""
    table = BY_NAME[name]
    names = table.names
    given = ", ".join(f"?{place} AS {name}" for place, name in enumerate(names, start=1))
    read = {name: name if name in provided else "NULL" for name in names}
    if "known_at" in read:
        read["known_at"] = f"coalesce({read['known_at']}, {table.time})"
    kept = ", ".join(f"{value} AS {name}" for name, value in read.items())
    mended = {**{name: name for name in names}, **repairs(table)}
    return f"SELECT {', '.join(mended.values())} FROM (SELECT {kept} FROM (SELECT {given}) g) k"


def _laid(
    keys: Sequence[tuple[str, int, int]], columns: Mapping[str, Sequence[Any]], sight: Sight
) -> Laid:
    """The rows, of which only what the landed data can speak about is kept."""
    ids, times, snapshots = zip(*keys, strict=True) if keys else ((), (), ())
    unknown = sight.unknown[list(snapshots)]
    nothing = [None] * len(keys)
    numbers = np.array([columns.get(name, nothing) for name in NUMBERS], dtype=np.float64).T
    numbers[unknown[:, : len(NUMBERS)]] = np.nan
    words = {
        name: [
            None if hidden else word
            for word, hidden in zip(columns.get(name, nothing), unknown[:, place], strict=True)
        ]
        for place, name in enumerate(WORDS, start=len(NUMBERS))
    }
    as_of = np.array(times, dtype=np.int64).astype("datetime64[us]")
    return Laid(ids, as_of, numbers, words)
