"""The classifier of meanings: what it is made of, and when it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import MissingError
from features.words.lexicon import CATEGORIES, TONES
from training.words import meanings
from training.words.meanings import NONE, PLACES, Head, beside, letters
from training.words.teach import LEFT_OUT, SHARED, Seed, fingerprint, seeds, teach


def test_the_weights_are_those_of_the_sentences_that_lie_beside_them():
    head = Head.load()

    assert head.seeds == fingerprint()
    assert set(head.labels) == {
        *((category, tone) for category in CATEGORIES for tone in TONES),
        (NONE, "neutral"),
    }


def test_no_sentence_is_taught_twice():
    sentences = [one.text for one in seeds()]

    assert len(sentences) == len(set(sentences))


def test_a_sentence_between_two_meanings_is_left_alone():
    head = Head(
        (("a", "risk"), ("b", "risk"), ("c", "risk")),
        np.eye(3),
        np.zeros(3),
        1.0,
        np.ones(0),
        "",
        "",
    )

    [sure, unsure] = head.meanings(np.array([[9.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))

    assert (sure.category, sure.sure) == ("a", True)
    assert not unsure.sure


def test_tones_add_up_to_their_category():
    labels = (("a", "risk"), ("a", "positive"), ("b", "risk"))
    head = Head(labels, np.eye(3), np.zeros(3), 1.0, np.ones(0), "")

    [found] = head.meanings(np.array([[1.0, 1.1, 1.6]]))

    assert (found.category, found.tone) == ("a", "positive")
    assert found.probability == pytest.approx(
        (np.e + np.exp(1.1)) / (np.e + np.exp(1.1) + np.exp(1.6)), abs=1e-4
    )


def test_letters_count_beside_the_embedding_and_never_more_than_they_may():
    counted = letters(["Too dear!", "Zu teuer", "Too dear, too dear"])
    inputs = beside(np.ones((3, 2)), counted, np.ones(PLACES))

    assert inputs.shape == (3, 2 + PLACES)
    assert np.linalg.norm(inputs[:, 2:], axis=1) == pytest.approx([0.4, 0.4, 0.4])
    assert inputs[0, 2:] @ inputs[2, 2:] > 4 * (inputs[0, 2:] @ inputs[1, 2:])


LABELS = (("price", "risk"), ("price", "positive"))


def test_an_author_who_says_the_opposite_makes_it_doubt():
    def taught(*, turned: bool) -> dict[str, object]:
        some, where = [], []
        for author in ("one", *LEFT_OUT, SHARED):
            for n in range(30):
                meant = n % 2 if not turned or author != LEFT_OUT[0] else (n + 1) % 2
                label = (NONE, "neutral") if author == SHARED else LABELS[meant]
                some.append(Seed(author, *label, ""))
                where.append(np.eye(3)[2 if author == SHARED else n % 2])
        noise = np.random.default_rng(0).normal(0, 0.05, (len(some), 3))
        return teach(some, np.array(where) + noise, np.zeros((len(some), PLACES)))

    plain, doubting = taught(turned=False), taught(turned=True)

    assert plain["labels"] == [[NONE, "neutral"], ["price", "positive"], ["price", "risk"]]
    assert np.argmax(np.array(plain["weights"]) @ np.eye(3), axis=0).tolist() == [2, 1, 0]
    assert plain["left_out"] == {"n": 120, "none": 30, "macro_f1": 1.0, "abstention": 0.0}
    assert doubting["temperature"] > plain["temperature"]  # type: ignore[operator]


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(meanings, "installed", lambda: False)

    with pytest.raises(MissingError, match="forewarn\\[text\\]"):
        meanings.meanings(["too dear"])
