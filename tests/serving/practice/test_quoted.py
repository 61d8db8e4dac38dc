"""What is published of what an account said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast

import pytest

from data.engine import Sql
from features.words.lexicon import lexicon
from features.words.sentences import digest
from features.words.sort import Hit, Sentence
from features.words.sorter import Sorter, by_phrases
from serving.erase.whom import Whom
from serving.erase.words import Neutral
from serving.practice.quoted import MOST, read, rewritten, stored, without


class Quotes:
    """An engine that has these rows with words, and nothing else; `ticket:1` is ticket 1."""

    def __init__(
        self,
        *rows: tuple[str, str, str | None, int, str],
        language: str | None = None,
        late_days: int = 0,
    ) -> None:
        self._rows, self._language = rows, language
        self._late = timedelta(days=late_days)

    def run(self, _sql: str) -> list[tuple[object, ...]]:
        day = datetime(2025, 1, 1)  # noqa: DTZ001 - times are UTC and bear no zone
        return [
            (
                account,
                source,
                row,
                person,
                day.replace(day=31 - age % 30),
                age,
                text,
                self._language,
                day.replace(day=31 - age % 30) + self._late,
            )
            for account, name, person, age, text in self._rows
            for source, _, row in [name.rpartition(":")]
            for source in [source or "quote"]
        ]


def _read(*rows, language=None):
    quotes = cast("Sql", Quotes(*rows, language=language))
    found = stored(quotes, ["a"], by_phrases(lexicon()))
    return read(found.get("a"))


def test_the_words_that_show_it_stand_in_the_middle_of_their_sentence():
    [one] = _read(("a", "f1", "p1", 3, "We met on Monday. Frankly, it is too expensive for us."))

    assert (one.category, one.tone) == ("pricing_perception", "risk")
    assert one.before + one.found + one.after == "Frankly, it is too expensive for us."
    assert one.found == "too expensive"


def test_a_warning_that_comes_back_is_more_urgent_and_escalates():
    once = _read(("a", "f1", None, 3, "It is too expensive."))
    twice = _read(
        ("a", "f1", None, 3, "It is too expensive."),
        ("a", "f2", None, 20, "Your prices are too high."),
    )

    assert [one.level for one in once] == ["review"]
    assert [(one.level, one.escalated, one.conversations) for one in twice] == [
        ("meeting", True, 2),
        ("meeting", True, 2),
    ]


def test_it_is_told_whether_phrases_or_the_meaning_found_it():
    text = "We met on Monday. They took three logos to the board."
    meant = Hit("renewal_likelihood", "risk", 18, len(text), by="meaning")
    sorter = Sorter("x", lambda *_: [Sentence(18, len(text), "en", (meant,))])

    [found] = read(stored(cast("Sql", Quotes(("a", "f1", None, 3, text))), ["a"], sorter)["a"])
    [shown] = _read(("a", "f1", None, 3, "It is too expensive."))

    assert (found.method, found.found) == ("meaning", "They took three logos to the board.")
    assert (shown.method, shown.found) == ("phrases", "too expensive")


def test_two_sentences_of_one_conversation_do_not_escalate():
    found = _read(("a", "f1", None, 3, "It is too expensive. Far too expensive!"))

    assert len(found) == 2
    assert not any(one.escalated for one in found)


def test_the_most_urgent_comes_first_and_only_so_many_are_kept():
    rows = [("a", f"f{n}", None, 3, "The team loves it.") for n in range(MOST + 5)]

    found = _read(*rows, ("a", "g", None, 300, "We have decided not to renew."))

    assert len(found) == MOST
    assert found[0].category == "renewal_likelihood"


def test_others_accounts_and_small_talk_leave_nothing():
    rows = (("b", "f1", None, 3, "Too expensive!"), ("a", "f2", None, 3, "See you soon."))

    assert _read(*rows) == []


def test_what_an_erased_person_said_goes():
    rows = (("a", "f1", "p1", 3, "Too expensive!"), ("a", "f2", "p2", 3, "We love it."))
    text = stored(cast("Sql", Quotes(*rows)), ["a"], by_phrases(lexicon()))["a"]

    left = without(text, "p1")

    assert left is not None
    assert [one.contact_id for one in read(left)] == ["p2"]
    assert without(left, "p2") is None
    assert without(text, "nobody") == text


def test_a_name_goes_from_what_was_said_and_never_from_what_is_told_of_it():
    [text] = stored(
        cast("Sql", Quotes(("a", "f1", "p1", 3, "Positive says it is too expensive."))),
        ["a"],
        by_phrases(lexicon()),
    ).values()
    neutral = Neutral(
        Whom(kind="contact", id="p9", names=frozenset({"Positive", "risk", "review"}))
    )

    [before], [after] = read(text), read(rewritten(text, neutral.text))

    assert after == before.model_copy(update={"before": "[erased] says it is "})


def test_words_that_cannot_be_read_are_none():
    assert read('[{"tone":"[erased]"}]') == []


def test_a_quote_is_sorted_in_the_language_that_it_was_landed_with():
    quote = ("a", "f1", None, 3, "Nav labi, too expensive.")
    assert _read(quote) == _read(quote, language="lv") == _read(quote, language="fr") == []
    assert [one.found for one in _read(quote, language="en")] == ["too expensive"]


def test_what_is_new_in_the_week_is_kept_however_urgent_the_year_was():
    year = [("a", f"f{n}", None, 30 + n, f"It is too expensive, {n} times.") for n in range(20)]
    week = [
        ("a", "g1", None, 7, "Support is slow."),
        ("a", "g2", None, 2, "We love it."),
        ("a", "g3", None, 1, "We love it."),
        ("a", "h1", None, 8, "The manual is confusing."),
    ]
    found = _read(*year, *week)

    assert len(found) == MOST
    assert [one.urgency for one in found] == sorted((one.urgency for one in found), reverse=True)
    ids = [one.feedback_id for one in found]
    # Twice the same words are told once, and a week is seven days.
    assert {"g1", "g3"} == {name for name in ids if name[0] in "gh"}
    assert [one.conversations for one in found if one.feedback_id == "f0"] == [20]


@pytest.mark.parametrize(("late_days", "kept"), [(0, []), (12, []), (13, ["g1"])])
def test_what_became_known_in_the_week_is_as_new_as_what_was_said_in_it(late_days, kept):
    year = [("a", f"f{n}", None, 60 + n, f"It is too expensive, {n} times.") for n in range(20)]
    rows = [*year, ("a", "g1", None, 20, "Support is slow.")]
    quotes = cast("Sql", Quotes(*rows, late_days=late_days))
    found = read(stored(quotes, ["a"], by_phrases(lexicon()))["a"])
    slow = [one for one in found if one.feedback_id == "g1"]
    assert [one.feedback_id for one in slow] == kept
    assert [(one.new_on - one.said_on).days for one in slow] == [late_days] * len(slow)


def test_a_warning_that_came_before_escalates_the_one_of_the_week():
    found = _read(
        ("a", "f1", None, 60, "Support is slow."), ("a", "g1", None, 2, "Support is slow.")
    )
    assert {(one.feedback_id, one.escalated) for one in found} == {("g1", True), ("f1", True)}


def test_a_ticket_and_a_note_are_conversations_like_a_quote_even_of_the_same_id():
    found = _read(
        ("a", "1", "p1", 3, "It is too expensive."),
        ("a", "ticket:1", "p1", 5, "Invoice\nYour prices are too high."),
        ("a", "note:1", None, 9, "They say that it is too expensive."),
    )

    assert {(one.source, one.feedback_id, one.conversations) for one in found} == {
        ("quote", "1", 3),
        ("ticket", "1", 3),
        ("note", "1", 3),
    }
    [ticket] = [one for one in found if one.source == "ticket"]
    assert ticket.sentence == "Your prices are too high."


def test_of_a_long_sentence_a_part_is_kept_and_a_digest_of_all_of_it():
    long = "and so on, " * 30 + "it is too expensive, " + "as we said, " * 8 + "is it not?"
    meant = Hit("pricing_perception", "risk", 0, len(long), by="meaning")
    sorter = Sorter("x", lambda *_: [Sentence(0, len(long), "en", (meant,))])

    [shown] = _read(("a", "f1", None, 3, long))
    [whole] = read(stored(cast("Sql", Quotes(("a", "f1", None, 3, long))), ["a"], sorter)["a"])

    assert len(long) > 400
    assert (len(shown.before), whole.sentence) == (300, long)
    assert shown.whole is not None
    assert whole.whole is None
    assert shown.digest == whole.digest == digest(long)
    [short] = _read(("a", "f1", None, 3, "It is too expensive."))
    assert (short.whole, short.digest) == (None, digest("It is too expensive."))
