from __future__ import annotations

import shutil
import subprocess

from training.provenance import git_revision


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_revision_names_the_commit_and_says_what_was_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git(tmp_path, "init")
    (tmp_path / "file").write_text("a")
    git(tmp_path, "add", "file")
    git(tmp_path, "commit", "-m", "a")
    clean = git_revision()
    assert clean is not None
    assert len(clean) == 12
    (tmp_path / "file").write_text("b")
    assert git_revision() == f"{clean}-dirty"


def test_outside_of_a_repository_or_without_git_there_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_revision() is None
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert git_revision() is None
