"""The classifier of meanings: what it is made of, and when it says nothing."""

from __future__ import annotations

import numpy as np
import pytest

from data.errors import MissingError
from features.words.lexicon import CATEGORIES, TONES
from training.words import meanings
from training.words.meanings import NONE, Head
from training.words.teach import fingerprint, seeds, teach


def test_the_weights_are_those_of_the_sentences_that_lie_beside_them():
    head = Head.load()

    assert head.seeds == fingerprint()
    assert set(head.labels) == {
        *((category, tone) for category in CATEGORIES for tone in TONES),
        (NONE, "neutral"),
    }


def test_no_sentence_is_taught_twice():
    sentences = [sentence for _, _, sentence in seeds()]

    assert len(sentences) == len(set(sentences))


def test_a_sentence_between_two_meanings_is_left_alone():
    head = Head((("a", "risk"), ("b", "risk"), ("c", "risk")), np.eye(3), np.zeros(3), 1.0, "")

    [sure, unsure] = head.meanings(np.array([[9.0, 0.0, 0.0], [1.0, 1.0, 1.0]]))

    assert (sure.category, sure.sure) == ("a", True)
    assert not unsure.sure


def test_tones_add_up_to_their_category():
    labels = (("a", "risk"), ("a", "positive"), ("b", "risk"))
    head = Head(labels, np.eye(3), np.zeros(3), 1.0, "")

    [found] = head.meanings(np.array([[1.0, 1.1, 1.6]]))

    assert (found.category, found.tone) == ("a", "positive")
    assert found.probability == pytest.approx(
        (np.e + np.exp(1.1)) / (np.e + np.exp(1.1) + np.exp(1.6))
    )


def test_teaching_finds_what_parts_the_embeddings():
    rng = np.random.default_rng(0)
    labels = [("price", "risk"), ("price", "positive"), ("none", "neutral")] * 20
    embeddings = np.array([np.eye(3)[n % 3] + rng.normal(0, 0.05, 3) for n in range(60)])

    told = teach([(*label, "") for label in labels], embeddings)

    assert told["labels"] == [["none", "neutral"], ["price", "positive"], ["price", "risk"]]
    assert np.argmax(np.array(told["weights"]) @ np.eye(3), axis=0).tolist() == [2, 1, 0]


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(meanings, "installed", lambda: False)

    with pytest.raises(MissingError, match="forewarn\\[text\\]"):
        meanings.meanings(["too dear"])
