"""Tickets and notes of the synthetic company say what goes on, and nothing else hangs on them."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from data.synth import texts
from data.synth.company import Company, simulate
from data.synth.quotes import BROKEN, LANGUAGES, QUOTES
from features.words.lexicon import lexicon
from features.words.sort import sort

CAUSES = ("support", "zombie")
WORDS = {"tickets": ["subject", "body"], "interactions": ["note"]}
ANGRY = {said for language in LANGUAGES for said in QUOTES[language][BROKEN]}


@pytest.fixture(scope="module")
def company() -> Company:
    return simulate(accounts=400, seed=5, years=1.5)


def test_all_else_is_the_same_without_a_word(company, monkeypatch):
    monkeypatch.setattr(texts, "TICKETS_SHARE", 0.0)
    monkeypatch.setattr(texts, "NOTES_SHARE", 0.0)
    mute = simulate(accounts=400, seed=5, years=1.5)
    for name, rows in company.tables.items():
        told = WORDS.get(name, [])
        assert mute.tables[name][told].isna().all(axis=None)
        assert_frame_equal(rows.drop(columns=told), mute.tables[name].drop(columns=told))
    assert_frame_equal(company.truth, mute.truth)


def test_some_are_written_in_each_language_and_an_account_speaks_one(company):
    tickets, touches = company.tables["tickets"], company.tables["interactions"]
    spoken = company.tables["feedback"].groupby("account_id")["language"].first()
    for rows, column, known in (
        (tickets, "subject", texts.SUBJECTS),
        (touches, "note", {k: [s for said in v for s in said] for k, v in texts.NOTES.items()}),
    ):
        told = rows.dropna(subset=[column])
        of = {said: language for language in LANGUAGES for said in known[language]}
        languages = told[column].map(of)
        assert set(languages) == set(LANGUAGES)
        assert (languages == told["account_id"].map(spoken).fillna("en")).all()
    assert 0.6 < tickets["subject"].notna().mean() < 0.8
    assert 0.02 < touches["note"].notna().mean() < 0.1


def test_only_what_was_said_is_noted(company):
    touches = company.tables["interactions"].dropna(subset=["note"])
    assert set(touches["channel"]) == {"call", "meeting"}
    assert touches.loc[touches["direction"] == "outbound", "answered_at"].notna().mean() > 0.95


def test_anger_is_written_where_support_fails_and_worry_noted_where_there_is_trouble():
    tables = {cause: simulate(accounts=150, seed=2, only=cause).tables for cause in CAUSES}
    angry = {
        cause: made["tickets"]["body"].dropna().isin(ANGRY).mean() for cause, made in tables.items()
    }
    assert angry["support"] > 3 * angry["zombie"] > 0
    phrases = lexicon()

    def worries(notes: pd.Series) -> float:
        return sum(
            "risk" in part.tones.values() for note in notes for part in sort(note, phrases)
        ) / len(notes)

    noted = tables["zombie"]["interactions"]["note"].dropna()
    calm = [said for language in LANGUAGES for told in texts.NOTES[language][:2] for said in told]
    assert worries(noted) > 0.02
    assert worries(pd.Series(calm)) == 0
