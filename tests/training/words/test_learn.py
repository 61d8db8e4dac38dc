"""What a firm's corrections teach, what it is worth, and when it is not taken into use."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from data.errors import RefusedError
from features.words.fold import fold
from tests.corrected import learnt, lessons, phrases
from training.words import learn as module
from training.words.learn import Figures, Lesson, Tones, again, judged, learn
from training.words.own import Opinion, Own

SUPPORT = Opinion("support_friction", "risk")
PRICE: Tones = {"pricing_perception": "risk"}


def _shuffled(taught: list[Lesson]) -> list[Lesson]:
    """The same sentences, each said to speak of what another one does."""
    order = np.random.default_rng(0).permutation(len(taught))
    return [
        replace(one, category=taught[i].category, tone=taught[i].tone)
        for one, i in zip(taught, order, strict=True)
    ]


def test_what_the_firm_says_again_and_again_is_learnt():
    own, figures = learnt()

    assert (figures.n, figures.accounts) == (200, 20)
    # Phrases are right about a fifth: the price book that was down.
    assert figures.before == 40
    assert figures.lost == 0
    assert figures.right > 180
    assert figures.precision > 0.95
    assert figures.why_not is None
    assert own.opinion("The invoice bot crashed twice at berth 900 on Friday.") == SUPPORT
    assert own.opinion("We will cancel crane slot 900 on Friday.") == Opinion("none", "neutral")


@pytest.mark.parametrize(
    "other",
    ["It is too expensive for us.", "The training was a mess.", "", "?!", "价格太贵了", "Žēl"],
)
def test_of_sentences_of_another_kind_or_language_nothing_is_said(other):
    assert learnt()[0].opinion(other) is None


@pytest.mark.parametrize(("greek", "known"), [(19, {"en"}), (20, {"en", "el"})])
def test_a_language_is_known_from_twenty_corrections_on(greek, known):
    text = "Η γέφυρα {} δεν άνοιξε ούτε σήμερα"
    theirs = [
        replace(one, sentence=text.format(n), category="support_friction", tone="risk")
        for n, one in enumerate(lessons(greek))
    ]

    own, _ = learn([*lessons(200), *theirs], phrases)

    assert set(own.familiar) == known
    assert (own.opinion(text.format(7)) == SUPPORT) == ("el" in known)


def test_a_language_that_one_account_alone_speaks_is_not_known():
    text = "Η γέφυρα {} δεν άνοιξε ούτε σήμερα"
    theirs = [
        replace(one, account_id="a0", sentence=text.format(n), category="support_friction")
        for n, one in enumerate(lessons(60))
    ]

    own, _ = learn([*lessons(200), *theirs], phrases)

    assert set(own.familiar) == {"en"}
    assert own.opinion(text.format(7)) is None


def test_what_it_says_nothing_of_makes_it_no_less_sure_of_the_rest():
    own, taught = learnt()[0], lessons(40)
    right = [own.read(one.sentence) for one in taught]
    strange = [replace(one, language="lv", categories=-one.categories) for one in right[:19]]

    alone = module._tempered(own, taught, right)
    beside = module._tempered(own, [*taught, *taught[:19]], [*right, *strange])
    none = module._tempered(own, taught[:19], strange)

    assert beside.category.temperature == alone.category.temperature < 1
    assert beside.familiar.keys() == alone.familiar.keys() == {"en"}
    assert (none.familiar, none.category.temperature, none.tone.temperature) == ({}, 1, 1)


def test_labels_that_are_noise_are_not_taken_into_use():
    taught = _shuffled(lessons(200))

    _, figures = learn(taught, phrases)

    assert figures.why_not is not None


@pytest.mark.parametrize(
    ("taught", "why"),
    [
        (lessons(199), "not enough corrections to learn from: 199 of 200"),
        (lessons(200, accounts=9), "not enough accounts with corrections to learn from: 9 of 10"),
        (
            [replace(one, category="none", tone="neutral") for one in lessons(200)],
            "not enough subjects among the corrections to learn from: 1 of 2",
        ),
    ],
)
def test_too_little_is_told_in_one_line(taught, why):
    with pytest.raises(RefusedError, match=f"^{why}$"):
        learn(taught, phrases)


def test_no_account_is_judged_by_what_was_learnt_of_it(monkeypatch):
    taught = lessons(200)
    owner = {one.sentence: one.account_id for one in taught}
    made: list[tuple[Own, set[str]]] = []
    asked: list[tuple[str, set[str]]] = []
    fitted, reading = module._fitted, Own.read

    def noted(some, names):
        own = fitted(some, names)
        made.append((own, {one.account_id for one in some}))
        return own

    def read(self, sentence):
        asked.extend((owner[sentence], known) for own, known in made if own is self)
        return reading(self, sentence)

    monkeypatch.setattr(module, "_fitted", noted)
    monkeypatch.setattr(Own, "read", read)

    learn(taught, phrases)

    assert len(asked) == 200
    assert not any(account in known for account, known in asked)
    # Five times without a fifth of them, then of all.
    assert [len(known) for _, known in made] == [16, 16, 16, 16, 16, 20]


def test_a_sentence_counts_as_right_only_with_subject_and_tone():
    def said(category, tone="risk"):
        return Lesson("a", None, "x", category, tone)

    told = [
        (said("support_friction"), SUPPORT, PRICE),  # won, and right itself
        (said("support_friction"), None, {**PRICE, "support_friction": "risk"}),  # both
        (said("pricing_perception"), SUPPORT, PRICE),  # lost
        (said("support_friction", "positive"), SUPPORT, PRICE),  # neither: the other tone
        (said("none", "neutral"), Opinion("none", "neutral"), PRICE),  # won, and right itself
        (said("none", "neutral"), None, {}),  # both: nothing to say, and nothing said
        (said("support_friction"), None, {}),  # neither: saying nothing is no answer
    ]

    # Sentences are told apart by their number.
    taught = [replace(one, sentence=str(n)) for n, (one, _, _) in enumerate(told)]

    figures = judged(taught, [opinion for _, opinion, _ in told], lambda n: told[int(n)][2])

    assert figures == Figures(
        n=7,
        accounts=1,
        right=4,
        before=3,
        won=2,
        lost=1,
        better=1,
        worse=0,
        answered=4,
        held=2,
        precision=0.5,
    )


UNSURE = "that is not surely better (more in {}: p = {}, expected below 0.05)"


@pytest.mark.parametrize(
    ("better", "worse", "precision", "why"),
    [
        (6, 0, 0.7, None),  # p = 2 / 2**6 = .03125
        (5, 0, 0.7, UNSURE.format("5 accounts, fewer in 0", "0.062")),
        (0, 6, 0.7, UNSURE.format("0 accounts, fewer in 6", "0.031")),
        (6, 0, 0.69, "of its own answers in an account 69% are right on average, expected 70%"),
    ],
)
def test_it_must_be_better_by_more_than_chance_and_mostly_right(better, worse, precision, why):
    figures = Figures(
        n=200,
        accounts=20,
        right=100,
        before=90,
        won=10,
        lost=0,
        better=better,
        worse=worse,
        answered=100,
        held=70,
        precision=precision,
    )

    assert figures.why_not == why
    # However many accounts side with it: fewer right in all is not better.
    assert replace(figures, won=9, lost=9).why_not is not None


WON = Lesson("", None, "", "support_friction", "risk")
LOST = Lesson("", None, "", "pricing_perception", "risk")
NEITHER = Lesson("", None, "", "upsell_readiness", "risk")


def _votes(*told: tuple[str, str, Lesson]) -> Figures:
    """Of (account, sentence, what is right), where one says support and phrases say the price."""
    taught = [replace(one, account_id=name, sentence=sentence) for name, sentence, one in told]
    return judged(taught, [SUPPORT] * len(taught), lambda _: PRICE)


def test_one_account_that_talks_much_does_not_carry_the_decision_and_many_accounts_do():
    chatty = [("loud", f"again {n}", WON) for n in range(60)]
    quiet = [(f"a{n}", f"once {n}", WON if n % 2 else LOST) for n in range(12)]
    every = [(f"a{n}", f"once {n}", WON) for n in range(12)]

    alone, together = _votes(*chatty, *quiet), _votes(*every)

    assert (alone.won, alone.lost, alone.better, alone.worse) == (66, 6, 7, 6)
    assert alone.why_not == UNSURE.format("7 accounts, fewer in 6", "1")
    assert (together.won, together.better, together.why_not) == (12, 12, None)


def test_one_account_that_talks_much_does_not_make_up_for_what_is_wrong_in_all_others():
    loud = [("loud", f"again {n}", WON) for n in range(60)]
    others = [
        (f"a{n}", f"{what} {n}", one)
        for n in range(6)
        for what, one in (("won", WON), ("neither", NEITHER), ("neither, too", NEITHER))
    ]

    figures = _votes(*loud, *others)

    assert (figures.better, figures.worse) == (7, 0)
    assert (figures.answered, figures.held) == (78, 66)
    assert figures.precision == pytest.approx((1 + 6 / 3) / 7)
    assert figures.why_not == (
        "of its own answers in an account 43% are right on average, expected 70%"
    )


def test_the_same_sentence_in_many_accounts_counts_once():
    same = [(f"a{n}", "The BOT was down.", WON) for n in range(9)]
    again = [(f"a{n}", "the bot was down.", WON) for n in range(9)]

    assert (_votes(*same, *again).won, _votes(*same, *again).better) == (18, 1)


def test_an_account_with_as_much_won_as_lost_sides_with_nobody():
    figures = _votes(("a", "1", WON), ("a", "2", LOST), ("b", "3", LOST))

    assert (figures.better, figures.worse) == (0, 1)


def test_an_earlier_one_is_judged_by_what_it_said_before_it_had_learnt():
    taught = lessons(200)
    own, figures = learnt()
    wrong = replace(own, answers=dict.fromkeys(own.answers, Opinion("upsell_readiness", "risk")))

    assert again(own, taught, phrases) == figures
    assert again(wrong, taught, phrases).right == 0
    # What it has not learnt from it is asked.
    new = [replace(one, account_id=f"new-{one.account_id}") for one in taught]
    assert again(wrong, new, phrases).right >= figures.right


def test_it_says_what_scikit_learn_says():
    taught = lessons(200)
    own, _ = learnt()
    texts = [fold(one.sentence).text for one in taught]
    letters = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, 5),
        max_features=5000,
        sublinear_tf=True,
        lowercase=False,
        min_df=2,
    ).fit(texts)
    speaking = [i for i, one in enumerate(taught) if one.category != "none"]
    asked = ["The invoice bot crashed, crashed and crashed.", "Tide feed 7", "无", *texts[:9]]
    vectors = letters.transform([fold(one).text for one in asked])
    for head, rows, labels, scores in (
        (own.category, range(len(taught)), [o.category for o in taught], "categories"),
        (own.tone, speaking, [taught[i].tone for i in speaking], "tones"),
    ):
        model = LogisticRegression(C=10.0, solver="newton-cg")
        model.fit(letters.transform([texts[i] for i in rows]), labels)
        found = np.array([getattr(own.read(one), scores) for one in asked])
        odds = np.exp(found - found.max(axis=1, keepdims=True))

        assert list(head.labels) == list(model.classes_)
        np.testing.assert_allclose(
            odds / odds.sum(axis=1, keepdims=True), model.predict_proba(vectors), atol=1e-9
        )
