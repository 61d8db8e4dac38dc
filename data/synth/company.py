"""A synthetic firm that sells software by subscription to businesses, and why its customers leave.

Everything runs forward in time, as in life:

1. *Population.* Customers differ from the start in size, contract, number of people, how much they
   use the product and how readily they answer. (`population`)
2. *Troubles* befall some of them at random: they fall silent, the one person who carried the
   relationship goes, usage dwindles, they stop vouching for us, they only keep exporting while they
   look around (zombies), money runs short, support fails them. A trouble grows over weeks and, left
   alone, passes after months. (`troubles`)
3. *Behaviour* changes with the trouble, and that is all the tables show: each trouble has its own
   table where it can be seen. (`people`, `usage`, `touches`, `billing`, `voice`, `quotes`, `texts`,
   `care`)
4. *Decisions.* Some weeks before a date at which a customer may leave, they decide by the weight of
   their present troubles, and by chance. Notice follows, or none; then paid service ends. Who does
   not pay is cut off by the firm; who is bought by another company merges. (`decisions`)

So trouble does not imply leaving, and a few leave without any. Others look troubled and are well:
happy customers with one contact, who never answer, who always pay late, who rest in summer, whose
main contact leaves and is replaced at once. The truth about each end is kept beside the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from data.errors import BadInputError
from data.files import atomic
from data.synth import billing, care, people, quotes, register, texts, touches, usage, voice
from data.synth.clock import Clock
from data.synth.troubles import KINDS
from data.synth.world import truth, unfold


@dataclass(frozen=True)
class Company:
    """All fifteen tables of the contract by name, and the truth about each end of paid service."""

    tables: dict[str, pd.DataFrame]
    truth: pd.DataFrame


def simulate(
    *,
    accounts: int = 600,
    seed: int = 0,
    years: float = 3.0,
    until: date = date(2026, 1, 1),
    events: int | None = None,
    only: str | None = None,
) -> Company:
    """The company's tables as extracted at the midnight that begins `until`.

    `accounts` counts all who are ever customers in the `years` before; about two thirds of them at
    a time. `events` is about the number of rows of `usage_events` (None: about a thousand per
    account). `only` names the one kind of trouble that befalls customers (None: all seven). The
    same arguments give the same company.

    Raises:
        BadInputError: fewer than 10 accounts, less than half a year, no events, or an unknown kind.
    """
    _check(accounts, years, events, only)
    rng, *streams = np.random.default_rng(seed).spawn(20)
    world = unfold(accounts, Clock.ending(until, years=years), rng, only=only)
    folk, terms = people.draw(world, streams[0]), billing.draw(world, streams[1])
    said = quotes.feedback(world, folk, streams[14])
    noted, opened = (texts.Texts.of(world, said, stream) for stream in streams[17:])
    tables = {
        "accounts": register.accounts(world, streams[2]),
        "account_changes": care.account_changes(world, streams[3]),
        "subscriptions": billing.subscriptions(world, terms, streams[4]),
        "contacts": people.contacts(world, folk, streams[5]),
        "usage_events": usage.usage_events(world, folk, streams[6], events=events),
        "interactions": touches.interactions(world, folk, noted, streams[7]),
        "tickets": voice.tickets(world, folk, opened, streams[8]),
        "surveys": voice.surveys(world, folk, streams[9]),
        "reference_requests": voice.reference_requests(world, folk, streams[10]),
        "invoices": billing.invoices(world, terms, streams[11]),
        "pulses": care.pulses(world, streams[12]),
        "goals": care.goals(world, streams[13]),
        "feedback": said,
        "external_signals": care.external_signals(world, streams[15]),
        "interventions": care.interventions(world, streams[16]),
    }
    return Company(tables=tables, truth=truth(world))


def _check(accounts: int, years: float, events: int | None, only: str | None) -> None:
    if only is not None and only not in KINDS:
        raise BadInputError(f"synth: expected a cause out of {', '.join(KINDS)}; got {only!r}")
    if accounts < 10 or years < 0.5 or (events is not None and events < 1):
        raise BadInputError(
            "synth: expected at least 10 accounts, half a year and 1 event; "
            f"got accounts={accounts}, years={years}, events={events}"
        )


def write(directory: Path, company: Company) -> None:
    """Each table as `directory/TABLE.parquet`, the truth as `directory/truth/truth.parquet`."""
    for name, rows in company.tables.items():
        _write(directory / f"{name}.parquet", rows)
    _write(directory / "truth" / "truth.parquet", company.truth)


def _write(path: Path, rows: pd.DataFrame) -> None:
    with atomic(path) as temporary:
        rows.to_parquet(temporary, index=False, compression="zstd")
