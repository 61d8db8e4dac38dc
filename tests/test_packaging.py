"""What is installed is what is declared, and what is built holds everything."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parent.parent
PINS = dict(
    line.split("==")
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if line and not line.startswith("#")
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_installed_versions_are_the_pinned_ones():
    assert {n: version(n) for n in PINS} == PINS


def test_every_declared_dependency_is_pinned():
    extras = PROJECT["optional-dependencies"].values()
    declared = [*PROJECT["dependencies"], *(d for extra in extras for d in extra)]
    names = {_normal(re.split(r"[\[<>=!~ ;]", d)[0]) for d in declared}
    assert names <= {_normal(n) for n in PINS}


def test_the_wheel_holds_the_four_packages_with_their_sql_and_pages(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    wheel = next(tmp_path.glob("forewarn-*.whl"))
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files", "data", "features", "training", "serving"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert len(tracked) > 40
    assert set(tracked) <= inside


def test_the_top_level_is_the_agreed_one():
    folders = {p.name for p in ROOT.iterdir() if p.is_dir() and not p.name.startswith(".")}
    assert folders - {"dist", "build"} == {
        *("data", "features", "training", "serving"),
        *("notebooks", "tests", "benchmarks", "docs"),
    }
