"""Turns templates into pages, in the language of whoever looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, select_autoescape
from markupsafe import Markup

from serving.apart import apart
from serving.language import LANGUAGES, Language
from serving.measures import likely, money, percent
from serving.web.look import Look
from serving.web.notices import notices

HERE = Path(__file__).parents[1]
STATIC = HERE / "static"


class Screen:
    """Shows templates; in each language an environment of its own, made when it is first asked for.

    In a template `say` gives sentences of `locale/sentences.yml`, `look` tells for whom it is made,
    and the filters money, percent, number, fixed, signed and day write as the language does; apart
    is for names inside its sentences, and where no markup can stand.
    """

    def __init__(self) -> None:
        self._environments: dict[str, Environment] = {}

    def show(self, name: str, look: Look, *, status: int = 200, **content: Any) -> HTMLResponse:  # noqa: ANN401
        """A page made of a template and its content."""
        page = self.template(name, look.language).render(look=look, viewer=look.viewer, **content)
        return HTMLResponse(page, status, headers={"Content-Language": look.language.code})

    def macro(self, name: str, macro: str, language: Language) -> Callable[..., Markup]:
        """A macro of a template, which makes a part of a page of what it is given."""
        made: Callable[..., Markup] = getattr(self.template(name, language).module, macro)
        return made

    def template(self, name: str, language: Language) -> Template:
        """A template in a language."""
        if language.code not in self._environments:
            self._environments[language.code] = _environment(language, self.static)
        return self._environments[language.code].get_template(name)

    def static(self, name: str) -> str:
        """Where a file of `static/` is served: its address changes with what it holds."""
        return f"/static/{name}?{self._digests[name]}"

    def holds(self, name: str, digest: str) -> bool:
        """Whether that is the digest of what a file of `static/` holds."""
        return self._digests.get(name) == digest

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {
            path.name: sha256(path.read_bytes()).hexdigest()[:12]
            for path in STATIC.iterdir()
            if path.is_file()
        }


def _environment(language: Language, static: Callable[[str], str]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "money": partial(money, language=language),
        "percent": partial(percent, language=language),
        "number": language.number,
        "fixed": language.fixed,
        "signed": partial(language.number, signed=True),
        "day": partial(_day, language),
        "apart": apart,
    }
    environment.globals |= {
        "say": language.say,
        "translated": language.translated,
        "likely": partial(likely, language=language),
        "notices": partial(notices, language=language),
        "static": static,
        "languages": LANGUAGES,
    }
    return environment


def _day(language: Language, day: date | str) -> str:
    """A date, also where it stands as text."""
    return language.day(date.fromisoformat(day) if isinstance(day, str) else day)
