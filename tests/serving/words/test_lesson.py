"""What people corrected teaches how the next batch is sorted, and nothing of what was before."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from sqlalchemy import delete, insert, select

from data.errors import ForewarnError
from data.land import land
from data.workspace import Workspace
from serving.database import reading, transaction, writing
from serving.score import score as scored
from serving.tables_practice import PRACTICE
from serving.tables_words import CORRECTION
from serving.words.lesson import teach
from tests.corrected import lessons
from tests.serving.conftest import write_tables
from tests.serving.written.conftest import Client
from training.config import Config
from training.words.learn import Lesson, learn
from training.words.meanings import Meaning

DAY = "2025-07-01"
PAGE = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
BOT = "The invoice bot crashed twice at berth 900 on Friday."
CRANE = "We will cancel crane slot 900 on Friday."
FEED = "Tide feed 71 went red on Friday."
DEAR = "It is too expensive for us."
SAID = {"f1": BOT, "f2": CRANE, "f3": FEED, "f4": DEAR}


@pytest.fixture(scope="session")
def _spoken(tmp_path_factory) -> Workspace:
    root = tmp_path_factory.mktemp("spoken")
    rows = [f"{name},ant,2025-06-2{n},{text},c1" for n, (name, text) in enumerate(SAID.items())]
    source = write_tables(root / "company")
    head = "feedback_id,account_id,said_at,text,contact_id"
    (source / "feedback.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    land(str(source), Workspace(root / "workspace"))
    return Workspace(root / "workspace")


@pytest.fixture
def workspace(_spoken, tmp_path) -> Workspace:
    """One in which ant said four things, none of them published yet."""
    shutil.copytree(_spoken.root, tmp_path / "workspace")
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def score(forewarn, crown):
    """Publish a batch with what sorts now; its id."""
    crown()

    def scored() -> str:
        code, out, err = forewarn("score", "--as-of", DAY, "--json")
        assert code == 0, err
        return str(json.loads(out)["batch_id"])

    return scored


def correct(workspace: Workspace, taught: list[Lesson]) -> None:
    """As if people had corrected these sentences, and no others."""
    rows = [
        {
            "correction_id": f"co_{n}",
            "account_id": one.account_id,
            "feedback_id": f"q{n}",
            "contact_id": one.contact_id,
            "sentence": one.sentence,
            "category": one.category,
            "tone": one.tone,
            "created_at": "2025-07-01T00:00:00.000Z",
            "key_id": "lesson",
        }
        for n, one in enumerate(taught)
    ]
    with transaction(writing(workspace.store)) as connection:
        connection.execute(delete(CORRECTION).where(CORRECTION.c.key_id == "lesson"))
        connection.execute(insert(CORRECTION), rows)


def noise(taught: list[Lesson]) -> list[Lesson]:
    """The same sentences, which say of each other what they speak of, in no order."""
    order = [n * 37 % len(taught) for n in range(len(taught))]
    others = [taught[n] for n in order]
    return [
        replace(one, category=other.category, tone=other.tone)
        for one, other in zip(taught, others, strict=True)
    ]


def sorted_as(workspace: Workspace) -> dict[str, tuple[str, str, str]]:
    """What the API says that each quote speaks of, how, and what found it."""
    answer = Client(workspace).get("/v1/accounts/ant/words")
    assert answer.status_code == 200, answer.text
    return {
        one["feedback_id"]: (one["subject"], one["tone"], one["method"])
        for one in answer.json()["sentences"]
    }


BEFORE = {
    "f1": ("pricing_perception", "risk", "phrases"),
    "f2": ("renewal_likelihood", "risk", "phrases"),
    "f4": ("pricing_perception", "risk", "phrases"),
}
AFTER = {
    "f1": ("support_friction", "risk", "own"),
    "f3": ("support_friction", "risk", "own"),
    "f4": ("pricing_perception", "risk", "phrases"),
}


@pytest.fixture(autouse=True)
def by_phrases(monkeypatch) -> None:
    """As where the extra `text` is not installed."""
    monkeypatch.setattr("serving.words.sorter.installed", lambda: False)


def published(workspace: Workspace, batch_id: str) -> str:
    query = select(PRACTICE.c.words).where(
        PRACTICE.c.batch_id == batch_id, PRACTICE.c.account_id == "ant"
    )
    with transaction(reading(workspace.store)) as connection:
        return str(connection.execute(query).scalar())


@pytest.mark.parametrize("asked", [["words"], ["words", "learn"]])
def test_the_help_shows_an_example(forewarn, asked):
    assert "Example: forewarn words learn" in forewarn(*asked, "--help")[1]


def test_two_hundred_corrections_change_how_the_next_batch_is_sorted(workspace, forewarn, score):
    first = score()
    assert sorted_as(workspace) == BEFORE
    was = published(workspace, first)
    correct(workspace, lessons(200))

    code, out, err = forewarn("words", "learn")

    assert (code, out) == (0, "")
    [line] = err.splitlines()
    assert line.startswith(
        "words: learnt from 200 corrections of 20 accounts; held to accounts that it had not "
        "learnt from, 200 are told right, 40 without it; in use from the next batch on ("
    )
    assert sorted_as(workspace) == BEFORE  # of a batch that was made before

    second = score()

    assert second != first
    assert sorted_as(workspace) == AFTER
    assert published(workspace, first) == was
    page = Client(workspace).get("/accounts/ant", headers=PAGE).text
    assert page.count("Sorted by what corrections taught") == 2
    assert score() == second  # nothing was learnt since


def test_a_run_says_when_there_are_enough_corrections_until_something_was_learnt_of_them(
    workspace, forewarn, score
):
    score()
    hint = "Sort words as 200 corrections teach:  forewarn words learn\n"

    def shown() -> str:
        code, out, err = forewarn("score", "--as-of", DAY)
        assert code == 0, err
        return out

    for taught in (lessons(199), lessons(200, accounts=9)):
        correct(workspace, taught)
        assert "forewarn words" not in shown()
    correct(workspace, lessons(200))
    assert shown().endswith(hint)
    assert forewarn("words", "learn")[0] == 0
    assert "forewarn words" not in shown()


def test_no_feature_of_the_model_is_made_by_it(workspace, forewarn, score):
    score()
    correct(workspace, lessons(200))

    def features() -> pd.DataFrame:
        assert forewarn("features", "--as-of", DAY)[0] == 0
        return pd.read_parquet(workspace.features / f"{DAY}.parquet").set_index("account_id")

    before = features()
    assert forewarn("words", "learn")[0] == 0

    pd.testing.assert_frame_equal(features(), before)
    assert before.loc["ant", "leaving_words_180"] == 3


def test_what_a_person_said_of_that_very_sentence_goes_before_all_that_was_learnt(
    workspace, forewarn, score
):
    score()
    said = {"feedback_id": "f2", "sentence": CRANE, "subject": "upsell_readiness", "tone": "risk"}
    assert Client(workspace).post("/v1/accounts/ant/words", json=said).status_code == 201
    correct(workspace, lessons(200))
    assert forewarn("words", "learn")[0] == 0

    score()

    # Sentences like it are none of the six to the firm, and yet it is told.
    assert sorted_as(workspace)["f2"] == ("upsell_readiness", "risk", "phrases")
    assert sorted_as(workspace)["f1"] == AFTER["f1"]


def test_one_correction_too_few_is_told_in_one_line(workspace, forewarn, score):
    score()
    correct(workspace, lessons(199))

    code, out, err = forewarn("words", "learn")

    assert (code, out) == (3, "")
    assert err == "forewarn: not enough corrections to learn from: 199 of 200\n"
    assert not workspace.sorter.exists()


def test_corrections_that_contradict_each_other_are_not_taken_into_use(workspace, forewarn, score):
    score()
    correct(workspace, noise(lessons(200)))

    code, out, err = forewarn("words", "learn", "--json")

    assert code == 3
    assert err.startswith("forewarn: learnt from 200 corrections of 20 accounts; ")
    assert "that is not surely better (more in " in err or "of its own answers" in err
    assert err.endswith("; not in use\n")
    assert len(err.splitlines()) == 1
    told = json.loads(out)
    assert (told["used"], told["n"], told["accounts"]) == ("none", 200, 20)
    assert told["why_not"] in err
    assert not workspace.sorter.exists()


def test_a_damaged_file_is_told_once_and_everything_is_sorted_as_before(workspace, score, caplog):
    score()
    workspace.sorter.write_text('{"format": 2}')

    with caplog.at_level(logging.WARNING, "forewarn"):
        score()

    [told] = [record.getMessage() for record in caplog.records]
    assert "sorter.json: expected what `forewarn words learn` wrote" in told
    assert sorted_as(workspace) == BEFORE


def test_a_batch_and_a_lesson_tell_what_is_new_of_that_which_is_sorted_by_meaning(
    workspace, crown, monkeypatch
):
    said = "sorting by meaning, new sentences: "
    unsure = Meaning("none", "neutral", 0.9)
    monkeypatch.setattr("serving.words.sorter.installed", lambda: True)
    monkeypatch.setattr("training.words.by_meaning.version", lambda _: "0")
    monkeypatch.setattr("training.words.by_meaning.meanings", lambda texts: [unsure for _ in texts])
    crown()

    def told(run: Callable[[Callable[[str], None]], object]) -> list[str]:
        lines: list[str] = []
        run(lines.append)
        return [line.removeprefix(said) for line in lines if line.startswith(said)]

    def batch(day: int) -> list[str]:
        return told(lambda say: scored(workspace, Config(), as_of=date(2025, 7, day), say=say))

    # A quote after the other; what is known by then is told no more.
    assert batch(1) == ["1", "2", "3", "4"]
    assert batch(2) == []
    correct(workspace, lessons(200))
    assert told(lambda say: teach(workspace, say))[-1] == "200"


@pytest.fixture
def store(either) -> Workspace:
    """Either kind of store, of whose corrections nothing was learnt yet."""
    either.sorter.unlink(missing_ok=True)
    return either


def test_on_either_database_a_lesson_replaces_what_was_learnt_and_takes_out_what_is_bad(store):
    correct(store, lessons(200))
    assert teach(store).used == "new"
    first = store.sorter.read_bytes()
    correct(store, lessons(240))
    assert teach(store).used == "new"
    assert store.sorter.read_bytes() != first

    correct(store, noise(lessons(240)))
    learnt = teach(store)

    assert learnt.used == "none"
    assert not store.sorter.exists()


def test_what_was_learnt_before_stays_while_it_is_good_enough(store, monkeypatch):
    correct(store, lessons(200))
    teach(store)
    first = store.sorter.read_bytes()

    def worse(*given):
        own, figures = learn(*given)
        return own, replace(figures, won=0)

    monkeypatch.setattr("serving.words.lesson.learn", worse)
    learnt = teach(store)

    assert learnt.used == "earlier"
    assert learnt.sentence.endswith("is still good enough, and stays in use")
    assert store.sorter.read_bytes() == first


def test_a_lesson_waits_for_nobody_who_holds_the_workspace(store):
    correct(store, lessons(200))
    with store.locked(), pytest.raises(ForewarnError, match="is in use by"):
        teach(store)
    assert not store.sorter.exists()
