import subprocess
import sys

import pytest

from data.errors import ForewarnError, MissingError
from data.files import write_json
from data.workspace import Workspace, quiet


def test_asking_creates_nothing(tmp_path):
    workspace = Workspace(tmp_path / "w")
    paths = [workspace.lake, workspace.quarantine, workspace.spill, workspace.tracking]
    assert all(path.parent == workspace.root for path in paths)
    assert workspace.store == workspace.root / "store.db"
    assert not workspace.root.exists()


def test_without_a_landing_the_manifest_says_what_to_do(tmp_path):
    with pytest.raises(MissingError, match="run `forewarn land"):
        Workspace(tmp_path).manifest()


@pytest.mark.parametrize("version", [3, 4])
def test_manifest_is_what_was_written(tmp_path, version):
    workspace = Workspace(tmp_path)
    write_json(workspace.lake / "manifest.json", {"version": version})
    assert workspace.manifest() == {"version": version}


def test_lock_names_the_process_that_holds_it_and_ends_with_it(tmp_path):
    code = (
        "import pathlib, sys\n"
        "from data.workspace import Workspace\n"
        "with Workspace(pathlib.Path(sys.argv[1])).locked():\n"
        "    print('held', flush=True); input()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    workspace = Workspace(tmp_path)
    with (
        pytest.raises(ForewarnError, match=f"in use by process {holder.pid}"),
        workspace.locked(),
    ):
        pass
    holder.kill()
    holder.communicate()
    with workspace.locked():
        assert (tmp_path / "lock").exists()


def test_taking_the_lock_sweeps(tmp_path):
    (tmp_path / "x.tmp").touch()
    with Workspace(tmp_path).locked():
        assert not (tmp_path / "x.tmp").exists()


def test_quiet_says_nothing(capsys):
    quiet("hello")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("wrong", [2, 5])
def test_a_lake_of_another_version_is_to_be_landed_again(tmp_path, wrong):
    workspace = Workspace(tmp_path)
    workspace.lake.mkdir()
    write_json(workspace.lake / "manifest.json", {"version": wrong})
    with pytest.raises(MissingError, match="run `forewarn land` again"):
        workspace.manifest()
