"""What managers of many accounts think of them now."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Engine, select, text

from serving.question import Question
from serving.tables import PULSE
from serving.written.contents import Pulse

_EVERY = select(PULSE).order_by(PULSE.c.recorded_at, PULSE.c.pulse_id)
# Ids as one JSON text, so that the words of the question stay the same.
_OF = Question(
    _EVERY.where(PULSE.c.account_id.in_(text("SELECT value FROM json_each(:ids)"))),
    postgresql=_EVERY.where(
        PULSE.c.account_id.in_(text("SELECT json_array_elements_text(CAST(:ids AS json))"))
    ),
)


def newest_pulses(engine: Engine, account_ids: Sequence[str]) -> dict[str, Pulse]:
    """The pulse that was recorded last of each account, by account_id, even if it has expired.

    Accounts of which none was ever written are left out.
    """
    ids = json.dumps([name for name in account_ids if "\0" not in name])
    columns = PULSE.c.keys()
    newest = {
        row["account_id"]: row
        for row in (dict(zip(columns, row, strict=True)) for row in _OF.rows(engine, ids=ids))
    }
    return {account_id: Pulse.model_validate(row) for account_id, row in newest.items()}
