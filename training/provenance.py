"""Where a result comes from."""

from __future__ import annotations

import shutil
import subprocess


def git_revision() -> str | None:
    """The commit of the folder that the command runs in, `-dirty` if it was changed; else None."""
    git = shutil.which("git")
    if git is None:
        return None
    asked = [git, "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed command
            asked, capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
