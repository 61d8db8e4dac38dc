"""Third-party data, a private PostgreSQL server, and Spark; skipped where absent, never on CI."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Threads that wait for one another sleep. By default they spin, and take the core from the other
# workers: on a busy machine the same work then costs five times as much. Read when loaded, so here.
os.environ |= {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, so that no core is idle while the last of them ends."""
    items.sort(key=lambda item: not any(map(item.get_closest_marker, ("spark", "slow"))))


def absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed on CI")
    pytest.skip(f"{what} is not here")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    folder = Path(os.environ.get("FOREWARN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        absent("the folder of third-party data")
    return folder


@pytest.fixture(scope="session")
def against_the_floor(shared_data: Path) -> Callable[[Path], dict[str, dict[str, float]]]:
    """Judge the test rows of a training beside a naive model on the same rows."""

    def judged(workspace: Path) -> dict[str, dict[str, float]]:
        command = [sys.executable, str(shared_data.parent / "baseline.py"), str(workspace)]
        quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=quiet)
        told: dict[str, dict[str, float]] = json.loads(done.stdout)
        return told

    return judged


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A throw-away server on a unix socket, whose superuser `forewarn` has a password."""
    if (binaries := _postgres_binaries()) is None:
        absent("a PostgreSQL server")
        return
    # PostgreSQL refuses to run as root, and another user cannot enter pytest's own folders.
    user = "nobody" if os.geteuid() == 0 else None
    home = Path(tempfile.mkdtemp(prefix="forewarn-pg-"))
    (home / "password").write_text("s3cret-word\n")
    if user is not None:
        for path in (home, home / "password"):
            shutil.chown(path, user)

    def run(tool: str, *arguments: str) -> None:
        command = [str(binaries / tool), "-D", str(home / "data"), *arguments]
        with (home / "out").open("ab") as out:
            subprocess.run(command, check=True, stdout=out, stderr=out, user=user, cwd=home)

    secret = f"--pwfile={home / 'password'}"
    run("initdb", "-U", "forewarn", "-A", "scram-sha-256", secret, "-E", "UTF8", "--locale=C", "-N")
    run("pg_ctl", "-w", "-o", f"-F -k {home} -c listen_addresses=", "start")
    try:
        yield f"postgresql://forewarn:s3cret-word@/postgres?host={home}"
    finally:
        run("pg_ctl", "-m", "immediate", "stop")
        shutil.rmtree(home)


# Small and quick to start. The interpreter gives what compiled code gives, without compiling it.
SPARK = """
spark.master local[2]
spark.driver.memory 1g
spark.sql.shuffle.partitions 2
spark.sql.adaptive.enabled false
spark.sql.codegen.wholeStage false
spark.sql.codegen.factoryMode NO_CODEGEN
spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1 -XX:+UseSerialGC
"""


@pytest.fixture(scope="session")
def spark(tmp_path_factory) -> None:
    """Let Spark start, once and small, by the settings that a user of it would write."""
    if shutil.which("java") is None:
        absent("Java")
    folder = tmp_path_factory.mktemp("spark")
    (folder / "spark-defaults.conf").write_text(SPARK)
    os.environ["SPARK_CONF_DIR"] = str(folder)


def _postgres_binaries() -> Path | None:
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return versions[-1].parent if versions else None
