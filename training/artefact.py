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
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data.errors import BadInputError, MissingError
from data.files import atomic

DESCRIPTION, FORETOLD = "model.json", "foretold.csv"
# Where rows were taken out of a model since: the seal it was made with, which gave it its version.
FIRST_SEAL = "first_seal"
PEERS, TWINS, JOURNEYS, REPORT = "peers.csv", "twins.csv", "journeys.json", "report.json"
FORMAT = 4
TOLERANCE = 1e-9
MEMORY_BYTES = 4 << 30
_START_SECONDS = 60


def forest_file(number: int) -> str:
    """The name of the file that holds a model's forest of that number, from 0."""
    return f"forest_{number}.txt"


def write(folder: Path, texts: Mapping[str, str], content: dict[str, Any]) -> None:
    """Save texts by file name and their description, sealed; the folder is whole or absent."""
    with atomic(folder) as temporary:
        temporary.mkdir(parents=True)
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8", newline="")
        lines = json.dumps(seal(texts, content), indent=1, sort_keys=True, allow_nan=False)
        (temporary / DESCRIPTION).write_text(lines + "\n", encoding="utf-8")


def seal(texts: Mapping[str, str], content: dict[str, Any]) -> dict[str, Any]:
    """`content` with the checksum of every file and, as `seal`, a checksum of itself."""
    files = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    full = {**content, "format": FORMAT, "files": files}
    return {**full, "seal": _digest(full)}


def read(folder: Path) -> tuple[dict[str, str], dict[str, Any]]:
    """The texts by file name and their description, checked against the seal.

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
    if not _sealed(content):
        raise _altered(folder / DESCRIPTION)
    texts = {}
    for name, digest in content["files"].items():
        raw = _raw(folder / name)
        if hashlib.sha256(raw).hexdigest() != digest:
            raise _altered(folder / name)
        texts[name] = raw.decode("utf-8")
    return texts, content


def intact(folder: Path, names: Iterable[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """Some texts and the description as far as they are as they were written, for looking only.

    A text that was cut or altered since, or that the model was made without, is left out; the
    description is empty where it was, and then there are no texts either.
    """
    try:
        content = _description(folder)
    except (BadInputError, MissingError, OSError):
        return {}, {}
    if not _sealed(content):
        return {}, {}
    found = {}
    for name in {*names} & {*content.get("files", ())}:
        raw = _raw(folder / name)
        if hashlib.sha256(raw).hexdigest() == content["files"][name]:
            found[name] = raw.decode("utf-8")
    return found, content


def verify(folder: Path, *, seconds: int = 20) -> None:
    """Let a child process load the model and answer for its golden rows; return if it did.

    `seconds` of CPU time are allowed, and four gigabytes.

    Raises:
        BadInputError: the folder is altered, or the child died, hung or answered differently.
    """
    _, content = read(folder)
    forests = content["forests"]
    if not forests:
        return
    task = {
        "forests": [{"path": str(folder / f["file"]), "rows": f["rows"]} for f in forests],
        "seconds": seconds,
        "bytes": MEMORY_BYTES,
    }
    for answer, wanted in zip(_ask(folder, task, seconds), forests, strict=True):
        if answer["names"] != wanted["names"]:
            raise BadInputError(f"{folder}: the model's features are not those of its description")
        pairs = zip(answer["margins"], wanted["margins"], strict=True)
        if not all(abs(got - expected) <= TOLERANCE for got, expected in pairs):
            raise BadInputError(f"{folder}: golden predictions differ; train again")


def _ask(folder: Path, task: dict[str, Any], seconds: int) -> list[dict[str, Any]]:
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
    answer: list[dict[str, Any]] = json.loads(child.stdout.strip().splitlines()[-1])
    return answer


def _description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise MissingError(f"{folder}: no model here; run `forewarn train`")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise _altered(path) from None
    if not isinstance(content, dict):
        raise _altered(path)
    return content


def _sealed(content: Mapping[str, Any]) -> bool:
    unsealed = {name: value for name, value in content.items() if name != "seal"}
    return bool(content.get("seal") == _digest(unsealed))


def _raw(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""


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
answers = []
for forest in task["forests"]:
    booster = lightgbm.Booster(model_file=forest["path"])
    rows = numpy.array(forest["rows"], dtype=float)
    margins = booster.predict(rows, raw_score=True, num_threads=1).tolist()
    answers.append({"names": booster.feature_name(), "margins": margins})
print(json.dumps(answers))
"""
