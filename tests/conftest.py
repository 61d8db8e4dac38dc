"""Third-party data, a private PostgreSQL server, and Spark; skipped where absent, never on CI.

And a company that has gone the whole way once, for whoever starts where it arrived. A session in
which any process reached beyond this machine, or logged something personal, fails at its end.
"""

import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from serving.life.logs import JsonLines
from tests.offline.sitecustomize import REACHED
from tests.unlogged import leaks

ROOT = Path(__file__).resolve().parents[1]
# Threads that wait for one another sleep. By default they spin, and take the core from the other
# workers: on a busy machine the same work then costs five times as much. Read when loaded, so here.
os.environ |= {"OMP_WAIT_POLICY": "passive", "OPENBLAS_NUM_THREADS": "1"}
# Processes that tests start keep what they have compiled: to compile it costs each a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# An application that a test asks in its own process listens nowhere, so it is open without a key.
os.environ["FOREWARN_LISTENS"] = "nowhere"
# Importing it has bound this process to this machine; so it binds the processes that tests start.
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, (str(ROOT / "tests" / "offline"), os.environ.get("PYTHONPATH")))
)


# The files that take longest, the longest first: they begin first, so that no core is idle while
# the last of them ends. The rest follows in its own order.
LONGEST = (
    "test_docs.py",
    "test_audit_catalogue.py",
    "test_third_party.py",
    "test_flow.py",
    "test_spark.py",
    "test_benchmarks.py",
    "test_recovers_truth.py",
    "test_killed.py",
    "test_notebooks.py",
    "test_dead_feeds.py",
    "test_run.py",
    "test_changes.py",
    "test_leakage.py",
    "test_gate.py",
    "test_audit.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first; what needs a company that went the whole way is one of them."""
    for item in items:
        if "arrived" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path.name, len(place)))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Write down who reaches out, and every log record as the service would write it."""
    base = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    if _leads(config):
        os.environ[REACHED] = str(base / "reached")
    records = logging.FileHandler(base / "records.log", delay=True)
    records.setFormatter(JsonLines())
    logging.getLogger().addHandler(records)
    config.add_cleanup(records.close)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail if anything was reached, or something personal stands in a log."""
    if not _leads(session.config):
        return
    reached = Path(os.environ[REACHED])
    found = reached.read_text().splitlines() if reached.exists() else []
    if found := [*found, *leaks(reached.parent)]:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        lines = "\n".join(found[:20])
        sys.stderr.write(f"\nreached or logged what must not be ({len(found)}):\n{lines}\n")


def _leads(config: pytest.Config) -> bool:
    """Whether this is no worker of pytest-xdist."""
    return not hasattr(config, "workerinput")


class ByFile(LoadFileScheduling):  # type: ignore[misc]
    """A worker takes whole files, and all that need Spark: it takes long to start and get warm."""

    def _split_scope(self, nodeid: str) -> str:
        file = super()._split_scope(nodeid)
        return "spark" if file.endswith("test_spark.py") else str(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """With `--dist loadfile`, the files as above."""
    return ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


def absent(what: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed on CI")
    pytest.skip(f"{what} is not here")


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """Keys and sessions are waited for however busy the machine is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.access.ring._PATIENCE_SECONDS", 60.0)
        patch.setattr("serving.access.ring._LAST_PATIENCE_SECONDS", 60.0)
        patch.setattr("serving.access.access._PATIENCE_SECONDS", 60.0)
        yield


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


FOREWARN = str(Path(sys.executable).with_name("forewarn"))
# Small forests: what is looked at here is the way, not how good the model is.
SETTINGS = "bootstrap: 100\nlightgbm: {n_estimators: 20, learning_rate: 0.15}\n"
COMPANY = ("--accounts", "500", "--seed", "0", "--events", "60000")


def forewarn_process(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The real command, in a process of its own."""
    return subprocess.run(
        [FOREWARN, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "error::UserWarning"},
    )


@pytest.fixture(scope="session")
def real_forewarn() -> Callable[..., subprocess.CompletedProcess[str]]:
    """`forewarn_process`, for tests in any folder."""
    return forewarn_process


@pytest.fixture(scope="session")
def arrived(tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """A folder with a `company`, `settings.yml` and a `workspace`, and what `forewarn run` said.

    Made once, however many workers ask; tests copy the workspace before they change it.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    root = root / "arrived"
    with (root.parent / "arrived.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (root / "said.json").exists():
            _run_once(root)
    return root, json.loads((root / "said.json").read_text())


def _run_once(root: Path) -> None:
    made = forewarn_process("synth", root / "company", *COMPANY)
    assert made.returncode == 0, made.stderr
    (root / "settings.yml").write_text(SETTINGS)
    place = ("--workspace", root / "workspace", "--config", root / "settings.yml")
    ran = forewarn_process("run", root / "company", *place, "--json")
    assert ran.returncode == 0, ran.stderr
    steps = [line.split(":")[0] for line in ran.stderr.splitlines()]
    assert steps == ["land", "train", "score", "plays"]
    (root / "said.json").write_text(ran.stdout)


class PostgresServer:
    """A throw-away server on a unix socket, whose superuser `forewarn` has a password.

    A test that stops it starts it again.
    """

    def __init__(self, binaries: Path) -> None:
        self.binaries = binaries
        # PostgreSQL refuses to run as root, and another user cannot enter pytest's own folders.
        self._user = "nobody" if os.geteuid() == 0 else None
        self.home = Path(tempfile.mkdtemp(prefix="forewarn-pg-"))
        self.url = f"postgresql://forewarn:s3cret-word@/postgres?host={self.home}"
        (self.home / "password").write_text("s3cret-word\n")
        if self._user is not None:
            for path in (self.home, self.home / "password"):
                shutil.chown(path, self._user)
        secret = ("-A", "scram-sha-256", f"--pwfile={self.home / 'password'}")
        self._run("initdb", "-U", "forewarn", *secret, "-E", "UTF8", "--locale=C", "-N")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("pg_ctl", "-w", "-o", f"-F -k {self.home} -c listen_addresses= -N 400", "start")

    def stop(self) -> None:
        """Stop it as a crash would: whoever is connected is cut off."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def _run(self, tool: str, *arguments: str) -> None:
        command = [str(self.binaries / tool), "-D", str(self.home / "data"), *arguments]
        with (self.home / "out").open("ab") as out:
            user, home = self._user, self.home
            subprocess.run(command, check=True, stdout=out, stderr=out, user=user, cwd=home)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of this test session's own."""
    if (binaries := _postgres_binaries()) is None:
        absent("a PostgreSQL server")
        return
    server = PostgresServer(binaries)
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home)


@pytest.fixture(scope="session")
def postgres_url(postgres_server) -> str:
    """The URL of the server's own database, with the password."""
    url: str = postgres_server.url
    return url


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
