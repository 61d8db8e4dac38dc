"""Names reach out of no sentence, title or label, whichever way either of them is read."""

import json
from datetime import date
from html.parser import HTMLParser

import pytest

from serving.apart import apart
from serving.database import writing
from serving.store import publish
from serving.tables import INTERVENTION
from tests.published import a_batch
from tests.web.one.conftest import AS_OF, DOSSIER, WHY, Visitor, _scored

# Turns what follows it round, and ends the isolate that it may stand in.
TURNED = "Ann\u202eeve\u2069!"


class Leaks(HTMLParser):
    """Where a sign that turns text round stands neither in an isolate nor in an element for it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.seen = 0
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        for name, said in attrs:
            if name not in ("value", "href", "action"):
                self._look(said or "", name)

    def handle_endtag(self, tag):
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data):
        if self.open[-1:] != ["bdi"] and "textarea" not in self.open:
            self._look(data, "/".join(self.open[-2:]))

    def _look(self, said, where):
        depth = 0
        for sign in said:
            depth += (sign == "\u2068") - (sign == "\u2069")
            if sign == "\u202e":
                self.seen += 1
                if depth != 1:
                    self.found.append(f"{where}: {said.strip()!a}")
            if depth < 0:
                self.found.append(f"{where}: ends what it did not begin: {said.strip()!a}")
                break


@pytest.fixture(scope="module")
def named(tmp_path_factory) -> Visitor:
    """Somebody who looks at an account where everybody and everything bears such a name."""
    timeline = [
        {
            "source": "contacts",
            "row_id": "c9",
            "happened_at": "2025-12-27 00:00:00",
            "kind": "person_joined_as",
            "args": {"person": TURNED, "role": TURNED},
        },
        *DOSSIER["timeline"],
    ]
    people = [{**person, "name": TURNED, "role": TURNED} for person in DOSSIER["people"]]
    goals = [{**goal, "kind": TURNED} for goal in DOSSIER["goals"]]
    facts = {**DOSSIER["facts"], "plan": TURNED}
    twin = WHY.twins[0].model_copy(
        update={"name": TURNED, "became": "left", "left_on": date(2025, 2, 1)}
    )
    silence = WHY.drivers[0].model_copy(update={"claim": "Nobody came to us"})  # claims name nobody
    drivers = (silence, *WHY.drivers[1:])
    row = _scored(
        "ant",
        name=TURNED,
        csm=TURNED,
        segment=TURNED,
        explanation=WHY.model_copy(update={"twins": (twin,), "drivers": drivers}),
        dossier_json=json.dumps(
            {**DOSSIER, "facts": facts, "people": people, "goals": goals, "timeline": timeline}
        ),
    )
    store = tmp_path_factory.mktemp("named") / "store.db"
    publish(writing(store), a_batch("b1", AS_OF, 1), [row])
    visitor = Visitor(store)
    play = {"own": TURNED, "owner": TURNED, "due": "2020-01-01", "note": TURNED}
    assert visitor.open("ant").send("plays", play).status_code == 303
    visitor.open("ant").send("feedback", {"verdict": "agree", "note": TURNED})
    assert visitor.kept(INTERVENTION)[0]["owner"] == TURNED
    return visitor


@pytest.mark.parametrize("code", ["en", "fa", "zh-Hans"])
def test_no_name_turns_round_what_stands_beside_it(named, code):
    named.cookies["forewarn_language"] = code
    page = named.get("/accounts/ant").text
    looked = Leaks(page)
    assert looked.found == []
    assert looked.seen > 5  # in sentences, labels and titles, beside those in elements of their own
    assert f"<title>{apart(TURNED)} · forewarn</title>" in page


def test_a_sentence_that_begins_with_a_name_is_read_as_its_page(named):
    """An element that takes its direction from its first letter would turn it round."""
    named.cookies["forewarn_language"] = "fa"
    page = named.get("/accounts/ant").text
    name = apart(f"{TURNED} (past)")
    (told,) = [line for line in page.splitlines() if name in line]
    assert told.strip().startswith("<li>")
    assert "<bdi>" not in told


def test_leaks_are_found():
    for leak in (TURNED, f"<p title='{TURNED}'>x</p>", f"{apart('a')}{TURNED}"):
        assert Leaks(f"<p>{leak}</p>").found
