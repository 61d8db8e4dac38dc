"""The line for cron in docs/operate.md does what the page says of it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "operate.md"
VENV = Path(sys.executable).parents[1]

pytestmark = pytest.mark.slow


def test_cron_is_silent_after_a_good_run_and_mails_what_went_wrong(arrived, tmp_path):
    root, first = arrived
    [line] = re.findall(r"^15 6 \* \* \*  (.*)$", PAGE.read_text(), re.MULTILINE)
    place = tmp_path / "forewarn"
    place.mkdir()
    (place / ".venv").symlink_to(VENV)
    (place / "exports").symlink_to(root / "company")
    shutil.copytree(root / "workspace", place / ".forewarn")
    (place / "mlflow.yml").write_text((root / "settings.yml").read_text())
    command = line.replace("/srv/forewarn", str(place))
    assert command != line

    def mailed() -> str:
        return subprocess.run(
            ["sh", "-c", command], capture_output=True, text=True, check=True
        ).stdout

    assert mailed() == ""
    assert first["score"]["batch_id"] in (place / "run.err").read_text()
    (place / "exports").unlink()
    assert mailed().endswith("got nothing there; check the path\n")
