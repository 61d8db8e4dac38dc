"""What `bentoml build` packs serves the same, where forewarn is not installed."""

import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from data import version

ROOT = Path(__file__).parents[3]
# The packed files alone: the working copy that is installed here must not step in.
ANSWER = f"""
import asyncio, json, sys
from pathlib import Path
sys.path = [place for place in sys.path if Path(place or ".").resolve() != Path({str(ROOT)!r})]
sys.meta_path = [one for one in sys.meta_path if "editable" not in repr(one).lower()]
sys.path.insert(0, ".")
import bentoml, httpx
from serving.service import Forewarn
application = Forewarn.to_asgi()
async def run():
    transport = httpx.ASGITransport(application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        risk = await client.get("/v1/accounts/acct-1/risk")
        ready = await client.get("/readyz")
    import serving
    return {{"from": serving.__file__, "risk": risk.json(), "ready": ready.status_code}}
print(json.dumps(asyncio.run(run())))
"""


@pytest.mark.slow
def test_a_bento_holds_the_packages_and_its_service_answers(served, tmp_path):
    home = tmp_path / "bentoml"
    home.mkdir()
    settings = {
        "BENTOML_HOME": str(home),
        "BENTOML_DO_NOT_TRACK": "true",
        "FOREWARN_WORKSPACE": str(served.root),
        "FOREWARN_LISTENS": "loopback",
    }
    build = [sys.executable, "-m", "bentoml", "build", "--output", "tag", str(ROOT)]
    done = _run(build, settings)
    name, tag = done.strip().removeprefix("__tag__:").split(":")
    bento = home / "bentos" / name / tag
    source = bento / "src"
    packed = {path.name for path in source.iterdir()}
    assert packed - {"bentofile.yaml"} == {
        *("data", "features", "training", "serving", "pyproject.toml", "requirements.txt"),
    }
    pins = (ROOT / "requirements.txt").read_text().splitlines()
    assert set(pins[2:]) <= set((bento / "env/python/requirements.txt").read_text().splitlines())
    told = json.loads(_run([sys.executable, "-c", ANSWER], settings, source).splitlines()[-1])
    assert Path(told["from"]).resolve().is_relative_to(source.resolve())
    assert told["ready"] == 200
    assert told["risk"]["account"]["risk"] == 0.5


def _run(command: list[str], settings: dict[str, str], place: Path | None = None) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
        env={**os.environ, **settings},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_version_is_known_where_nothing_is_installed(monkeypatch):
    installed = version.forewarn_version()

    def absent(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", absent)
    assert version.forewarn_version.__wrapped__() == installed
