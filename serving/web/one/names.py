"""Names in the sentences of an account's page, kept apart from what stands around them."""

from __future__ import annotations

from collections.abc import Iterable

from serving import events
from serving.apart import apart
from serving.language import Language
from serving.records import Evidence, Explanation
from serving.spoken import recalled


def named_apart(why: Explanation, days: int, language: Language) -> Explanation:
    """The same with each name in it kept apart; of a batch with a horizon of so many days."""

    def told(rows: Iterable[Evidence]) -> tuple[Evidence, ...]:
        return tuple(events.told(row, language, apart) for row in rows)

    change = why.change
    if change is not None:
        change = change.model_copy(update={"events": told(change.events)})
    return why.model_copy(
        update={
            "drivers": tuple(
                driver.model_copy(update={"evidence": told(driver.evidence)})
                for driver in why.drivers
            ),
            "change": change,
            "twins": tuple(recalled(twin, days, language, apart) for twin in why.twins),
        }
    )
