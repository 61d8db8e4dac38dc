"""What corrections taught goes with whoever it was learnt from."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from serving.erase.erasure import erase
from tests.corrected import learnt
from tests.serving.erase.conftest import GONE, OTHER, PERSON
from training.words.own import digest, load, save

FILES = {"files that `forewarn words learn` makes again": 1}


def taught_by(workspace, *whose: tuple[str, str]) -> None:
    own, _ = learnt()
    save(replace(own, whose=frozenset(digest(*one) for one in whose)), workspace.sorter)


@pytest.mark.parametrize(
    ("kind", "name", "taught"),
    [
        ("account", GONE, ("account", GONE)),
        ("contact", PERSON, ("contact", PERSON)),
        # Whoever else was learnt from at her firm may have named her.
        ("contact", PERSON, ("account", OTHER)),
    ],
)
def test_it_goes_with_whom_it_was_learnt_from_and_the_receipt_says_so(
    workspace, kind, name, taught
):
    taught_by(workspace, ("account", "elk"), taught)

    assert erase(workspace, kind, name, dry=True).places()["sorter"] == FILES
    assert workspace.sorter.exists()

    done = erase(workspace, kind, name)

    assert done.places()["sorter"] == FILES
    assert not workspace.sorter.exists()
    assert "sorter" not in erase(workspace, kind, name).places()
    assert name not in json.dumps(done.to_dict())


def test_it_stays_where_nothing_of_them_was_learnt(workspace):
    taught_by(workspace, ("account", "elk"), ("contact", GONE), ("account", PERSON))

    assert "sorter" not in erase(workspace, "account", GONE).places()
    assert "sorter" not in erase(workspace, "contact", PERSON).places()
    assert load(workspace.sorter) is not None


def test_a_file_of_which_nobody_can_tell_whose_words_it_holds_goes(workspace):
    workspace.sorter.write_text('{"format": 99}')

    assert erase(workspace, "account", GONE).places()["sorter"] == FILES
    assert not workspace.sorter.exists()
