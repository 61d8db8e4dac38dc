import signal
import subprocess
import sys

import pytest

from data.files import atomic, sha256, sweep, write_json


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def break_off(path):
    path.write_text("new")
    raise RuntimeError("half")


def test_file_takes_its_name_only_when_whole(tmp_path):
    path = tmp_path / "new" / "x.txt"
    with atomic(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert names(path.parent) == ["x.txt"]


def test_after_an_error_the_earlier_file_stays(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="half"), atomic(path) as temporary:
        break_off(temporary)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["x.txt"]


def test_folder_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "lake"
    for number in ("1", "2"):
        with atomic(path) as temporary:
            temporary.mkdir()
            (temporary / number).touch()
    assert names(path) == ["2"]
    assert names(tmp_path) == ["lake"]


def dead_process():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    child.wait()
    return child.pid


def test_sweep_clears_what_dead_runs_left_and_leaves_the_living_alone(tmp_path):
    left = tmp_path / f"x.{dead_process()}.tmp"
    left.write_text("half")
    folder = tmp_path / "deep" / f"y.{dead_process()}.tmp"
    folder.mkdir(parents=True)
    (folder / "inner").touch()
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    other = tmp_path / f"z.{living.pid}.tmp"
    other.touch()
    try:
        assert sweep(tmp_path) == 2
        assert sorted(p.name for p in tmp_path.iterdir()) == ["deep", other.name]
    finally:
        living.communicate(b"\n")


def test_sweep_puts_back_a_folder_whose_successor_never_came(tmp_path):
    aside = tmp_path / f"lake.old.{dead_process()}.tmp"
    aside.mkdir()
    (aside / "table").touch()
    sweep(tmp_path)
    assert names(tmp_path / "lake") == ["table"]


def test_sweep_does_not_put_back_what_was_replaced(tmp_path):
    (tmp_path / "lake").mkdir()
    (tmp_path / f"lake.old.{dead_process()}.tmp").mkdir()
    sweep(tmp_path)
    assert names(tmp_path) == ["lake"]
    assert names(tmp_path / "lake") == []


def test_killed_writer_leaves_nothing_under_the_final_name(tmp_path):
    code = (
        "import os, pathlib, signal, sys\n"
        "from data.files import atomic\n"
        "with atomic(pathlib.Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "x"], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [p.name.startswith("x.") for p in tmp_path.iterdir()] == [True]
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())


def test_json_refuses_what_json_cannot_hold(tmp_path):
    path = tmp_path / "x.json"
    write_json(path, {"b": 1, "a": "é"})
    assert path.read_text() == '{\n "a": "\\u00e9",\n "b": 1\n}\n'
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert "é" not in path.read_text()


def test_sha256_is_that_of_the_bytes(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
