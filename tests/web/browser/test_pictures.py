"""The pictures of the README can be taken anew, and stand there with words for who sees none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).parents[3]
README = (ROOT / "README.md").read_text()
SHOWN = re.findall(r'(?:srcset|src)="([^"]+\.png)"', README)


def test_the_readme_shows_every_picture_and_says_what_is_in_it():
    assert len(SHOWN) == 7
    assert len(re.findall(r'<img src="[^"]+"[^>]* alt="[^"]{50,}">', README)) == 4
    for picture in SHOWN:
        assert (ROOT / picture).stat().st_size < 250_000
        with Image.open(ROOT / picture) as taken:
            assert taken.width == (780 if "phone" in picture else 1440)


@pytest.mark.slow
def test_the_pictures_are_taken_by_a_script(arrived, tmp_path):
    root, _ = arrived
    script = [sys.executable, str(ROOT / "docs" / "screenshots.py")]
    place = ("--workspace", str(root / "workspace"), "--to", str(tmp_path))
    subprocess.run([*script, *place], check=True, capture_output=True)
    taken = {path.name for path in tmp_path.iterdir()}
    assert taken == {Path(picture).name for picture in SHOWN}
