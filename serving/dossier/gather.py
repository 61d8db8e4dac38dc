"""The dossiers of some accounts at a moment, from the landed rows that could be known then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import pandas as pd

from data.engine import Sql
from features.feeds import feeds
from serving.records import Standing

LISTED = 30
HAPPENED = 40
DAYS = 365
QUOTED = 300
_Told = dict[str, tuple[int, str]]


@dataclass(frozen=True)
class Dossiers:
    """What is known of some accounts beside their risk.

    `brief` has, by account_id, the fields of an `AccountRisk` that lists show. `people`, `goals`
    and `timeline` are JSON with how many there are, None where no source tells of any.
    """

    brief: Mapping[str, Mapping[str, Any]]
    standing: Mapping[str, Mapping[str, Any]]
    people: _Told | None
    goals: _Told | None
    timeline: _Told

    def of(self, account_id: str, *, customer_since: pd.Timestamp | None) -> str:
        """All that is known of one of the accounts: a `Dossier` as JSON, as it is stored.

        NaT and None are days that are not known.
        """
        since = None if pd.isna(customer_since) else customer_since.date()
        facts = Standing(customer_since=since, **self.standing[account_id])
        parts = [f'"facts":{facts.model_dump_json(exclude_defaults=True)}']
        parts += [f'"timeline":{self.timeline.get(account_id, _NONE)[1]}']
        for name, told in (("people", self.people), ("goals", self.goals)):
            if told is not None:
                count, listed = told.get(account_id, _NONE)
                parts += [f'"{name}":{listed}', f'"more_{name}":{max(0, count - LISTED)}']
        return f"{{{','.join(parts)}}}"


def dossiers(
    engine: Sql, landed: Mapping[str, Any], accounts: Sequence[str], as_of: pd.Timestamp
) -> Dossiers:
    """What is known of some customers at `as_of`, the engine's moment, from the landed tables."""
    wanted = pd.DataFrame({"account_id": pd.Series(list(accounts), dtype="str")})
    engine.table("asked", wanted)
    ours = "SELECT * FROM spine SEMI JOIN asked USING (account_id)"
    engine.run(f"CREATE OR REPLACE TABLE wanted AS {ours}")
    brief, standing = _facts(engine, landed)
    met = "contacts" in landed or _provides(landed, "interactions", "contact_id")
    year = as_of - pd.Timedelta(days=DAYS)
    return Dossiers(
        brief=brief,
        standing=standing,
        people=_told(engine, "people", listed=LISTED) if met else None,
        goals=_told(engine, "goals", listed=LISTED) if "goals" in landed else None,
        timeline=_told(engine, "timeline", listed=HAPPENED, since=year, quoted=QUOTED),
    )


_NONE = (0, "[]")
_JUDGED = ("pulse", "pulse_at")
_HEARD = ("last_inbound_at", "engaged_people")
_Fields = dict[str, dict[str, Any]]


def _facts(engine: Sql, landed: Mapping[str, Any]) -> tuple[_Fields, _Fields]:
    """What lists show of each account, and how it stands."""
    table = engine.frame(_sql("facts"))
    dates = table.select_dtypes("datetime").columns
    table = table.assign(**{name: table[name].dt.date for name in dates}).astype(object)
    rows: list[dict[str, Any]] = table.where(table.notna(), None).to_dict("records")  # type: ignore[assignment]
    hidden = _not_heard(engine, landed)
    brief: _Fields = {}
    standing: _Fields = {}
    for row in rows:
        account = row.pop("account_id")
        heard = {name: row.pop(name) for name in _HEARD} | dict.fromkeys(hidden)
        brief[account] = {**heard, **{name: row[name] for name in _JUDGED}}
        standing[account] = row
    return brief, standing


def _not_heard(engine: Sql, landed: Mapping[str, Any]) -> set[str]:
    """Which of the fields are unknown because touches do not arrive, or do not say with whom."""
    states = feeds(engine, [name for name in landed if name == "interactions"])
    if not (states["state"] == "live").any():
        return set(_HEARD)
    return set() if _provides(landed, "interactions", "contact_id") else {"engaged_people"}


def _provides(landed: Mapping[str, Any], table: str, column: str) -> bool:
    return column in landed.get(table, {"provided": ()})["provided"]


def _told(engine: Sql, name: str, **bounds: object) -> _Told:
    return {account: (n, told) for account, n, told in engine.run(_sql(name).format(**bounds))}


def _sql(name: str) -> str:
    return (files("serving.dossier") / f"{name}.sql").read_text(encoding="utf-8")
