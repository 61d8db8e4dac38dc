"""Chance decides once, for the share that was asked for, and so that nobody can foresee it."""

import stat

import numpy as np
import pytest

from data.errors import BadInputError
from data.workspace import Workspace
from serving.plays.chance import FILE, drawn, secret_of

ACCOUNTS = [f"A{n:05}" for n in range(20_000)]


def test_repeating_a_run_decides_nothing_anew(tmp_path):
    first = [drawn(secret_of(Workspace(tmp_path)), name, "e1") for name in ACCOUNTS[:50]]
    assert [drawn(secret_of(Workspace(tmp_path)), name, "e1") for name in ACCOUNTS[:50]] == first


def test_the_draw_is_that_of_hmac_sha256():
    # printf '\0\0\0\2A1\0\0\0\2e1' | openssl dgst -sha256 -hmac secret
    assert drawn(b"secret", "A1", "e1") == (0x3366B5D71DCFFAAB >> 11) / 2**53


def test_all_values_are_as_likely_and_those_of_one_account_tell_nothing_of_another_day():
    values = np.array([[drawn(b"s", name, f"e{n}") for name in ACCOUNTS] for n in range(2)])
    tenths = np.histogram(values, bins=10, range=(0, 1))[0]
    assert abs(tenths - 4000).max() < 5 * np.sqrt(4000 * 0.9)
    assert abs(np.corrcoef(values)[0, 1]) < 5 / np.sqrt(len(ACCOUNTS))


def test_the_bounds_of_words_matter():
    assert drawn(b"s", "a", "bc") != drawn(b"s", "ab", "c")


def test_each_workspace_has_a_secret_of_its_own_that_others_cannot_read(tmp_path):
    one, two = Workspace(tmp_path / "one"), Workspace(tmp_path / "two")
    assert secret_of(one) != secret_of(two)
    assert stat.S_IMODE((one.root / FILE).stat().st_mode) == 0o600


def test_a_damaged_secret_is_not_used(tmp_path):
    (tmp_path / FILE).write_text("abc")
    with pytest.raises(BadInputError, match="64 hexadecimal digits"):
        secret_of(Workspace(tmp_path))
