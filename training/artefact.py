"""A model on disk: a folder of text, sealed by checksums, tried out by a throw-away process.

LightGBM's own reader trusts its file: a cut or altered one ends the process, loops for ever, or
loads as a model without trees. So the bytes are checked before LightGBM sees them, and a folder
that is to come into use is first loaded and asked for known answers by a child process.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from data.errors import BadInputError, MissingError
from data.files import atomic, sha256

MODEL, DESCRIPTION = "model.txt", "model.json"
FORMAT = 1
TOLERANCE = 1e-9
MEMORY_BYTES = 4 << 30
_START_SECONDS = 60


def write(folder: Path, text: str, content: dict[str, Any]) -> None:
    """Save the model text and its description, sealed; the folder is whole or absent."""
    with atomic(folder) as temporary:
        temporary.mkdir(parents=True)
        (temporary / MODEL).write_text(text, encoding="utf-8")
        sealed = seal(text, content)
        lines = json.dumps(sealed, indent=1, sort_keys=True, allow_nan=False)
        (temporary / DESCRIPTION).write_text(lines + "\n", encoding="utf-8")


def seal(text: str, content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the checksum of every file and, as `seal`, a checksum of itself."""
    files = {MODEL: hashlib.sha256(text.encode()).hexdigest()}
    full = {**content, "format": FORMAT, "files": files}
    return {**full, "seal": _digest(full)}


def read(folder: Path) -> tuple[str, dict[str, Any]]:
    """The model text and its description, checked against the seal.

    Raises:
        MissingError: no model is there.
        BadInputError: something was cut, altered, or written by another format; says which file.
    """
    content = _description(folder)
    if content.get("format") != FORMAT:
        raise BadInputError(
            f"{folder / DESCRIPTION}: expected format {FORMAT}; got {content.get('format')!r}; "
            "train again with this version of forewarn"
        )
    unsealed = {name: value for name, value in content.items() if name != "seal"}
    if content.get("seal") != _digest(unsealed):
        raise _altered(folder / DESCRIPTION)
    for name, digest in content["files"].items():
        if not (folder / name).is_file() or sha256(folder / name) != digest:
            raise _altered(folder / name)
    return (folder / MODEL).read_text(encoding="utf-8"), content


def verify(folder: Path, *, seconds: int = 20) -> None:
    """Let a child process load the model and answer for its golden rows; return if it did.

    `seconds` of CPU time are allowed, and four gigabytes.

    Raises:
        BadInputError: the folder is altered, or the child died, hung or answered differently.
    """
    _, content = read(folder)
    task = {
        "path": str(folder / MODEL),
        "rows": content["golden"]["rows"],
        "seconds": seconds,
        "bytes": MEMORY_BYTES,
    }
    answer = _ask(folder, task, seconds)
    if answer["names"] != content["columns"]["names"]:
        raise BadInputError(f"{folder}: the model's features are not those of its description")
    expected = content["golden"]["margins"]
    pairs = zip(answer["margins"], expected, strict=True)
    if not all(abs(got - wanted) <= TOLERANCE for got, wanted in pairs):
        raise BadInputError(f"{folder}: golden predictions differ; train again")


def _ask(folder: Path, task: dict[str, Any], seconds: int) -> dict[str, Any]:
    try:
        child = subprocess.run(  # noqa: S603 - our own interpreter and our own text
            [sys.executable, "-I", "-c", _CHILD],
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=seconds + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadInputError(f"{folder}: the model hung while it was tried out") from None
    if child.returncode:
        raise BadInputError(
            f"{folder}: the process that tried out the model ended with {child.returncode}; "
            "train again or go back to the previous model"
        )
    answer: dict[str, Any] = json.loads(child.stdout.strip().splitlines()[-1])
    return answer


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise MissingError(f"{folder}: no model here; run `forewarn train`")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise _altered(path) from None
    if not isinstance(content, dict):
        raise _altered(path)
    return content


def _altered(path: Path) -> BadInputError:
    return BadInputError(
        f"{path}: altered or cut since it was written; train again or go back to the previous model"
    )


def _digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


_CHILD = """
import json, resource, sys
task = json.load(sys.stdin)
resource.setrlimit(resource.RLIMIT_AS, (task["bytes"], task["bytes"]))
resource.setrlimit(resource.RLIMIT_CPU, (task["seconds"], task["seconds"]))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
sys.modules["sklearn"] = None
import lightgbm, numpy
booster = lightgbm.Booster(model_file=task["path"])
rows = numpy.array(task["rows"], dtype=float)
margins = booster.predict(rows, raw_score=True, num_threads=1)
print(json.dumps({"names": booster.feature_name(), "margins": margins.tolist()}))
"""
