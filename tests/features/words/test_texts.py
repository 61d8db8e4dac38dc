"""What tickets and notes say is no feature: with and without it, every feature is the same."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.churn import ChurnRule
from features.audit.replay import keep, rewritten
from features.build import build, moment

AS_OF = [pd.Timestamp(d) for d in ("2024-03-01", "2024-07-01")]
RULE = ChurnRule(kind="silence", of="interactions", days=60)
SAID = "It is too expensive. We have decided not to renew."
ENGINES = ["duckdb", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture(name="lakes")
def three_lakes(make_lake, company):
    """One with words, one without, and one as it was written before there were any."""
    plain = company(1)
    told = plain | {
        "tickets": plain["tickets"].assign(subject=SAID, body=SAID),
        "interactions": plain["interactions"].assign(note=SAID),
    }
    with_words, without, old = make_lake(told), make_lake(plain), make_lake(plain)
    for table, columns in (("tickets", ["subject", "body"]), ("interactions", ["note"])):
        path = old.lake / f"{table}.parquet"
        pd.read_parquet(path).drop(columns=columns).to_parquet(path, index=False)
    path = old.lake / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 3}))
    return with_words, without, old


@pytest.mark.parametrize("engine", ENGINES)
def test_features_are_the_same_with_words_without_and_in_a_lake_of_before(lakes, engine, request):
    with_words, *others = lakes
    if engine == "spark":
        request.getfixturevalue("spark")
        others = others[-1:]  # a build takes it twenty seconds, and neither has words
    first = build(with_words, AS_OF, rule=RULE, engine=engine)
    assert len(first) > 4
    for other in others:
        assert_frame_equal(build(other, AS_OF, rule=RULE, engine=engine), first)


def test_words_are_seen_from_when_the_row_was_known(lakes):
    with_words, _, old = lakes
    query = "SELECT count(*), count(body), min(age) FROM seen_tickets"
    with moment(with_words, AS_OF[:1], rule=RULE) as sql:
        [(rows, bodies, youngest)] = sql.run(query)
        late = sql.run("SELECT 1 FROM seen_tickets WHERE known_at >= as_of OR opened_at >= as_of")
    assert rows == bodies > 0
    assert youngest >= 1
    assert late == []
    with moment(old, AS_OF[:1], rule=RULE) as sql:
        assert sql.run(query) == [(rows, 0, youngest)]


def test_words_that_are_landed_later_do_not_rewrite_the_past(lakes):
    with_words, without, _ = lakes
    for lake, print_ in ((with_words, "new"), (without, "old")):
        path = lake.lake / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | {"fingerprint": print_}))
    keep(without, build(without, AS_OF, rule=RULE))
    with_words.features.mkdir(exist_ok=True)
    (without.features / "replay").rename(with_words.features / "replay")
    assert rewritten(with_words) == ({}, "")
