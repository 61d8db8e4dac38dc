"""One question asked on its own: at one moment, and at a fraction of what a transaction costs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Select

from serving.database import plain_errors


class Question:
    """A query that is put into words once for each kind of database, and then asked as it is.

    A single statement sees the store as it was at one moment, without a transaction around it.
    """

    def __init__(self, query: Select[Any], *, postgresql: Select[Any] | None = None) -> None:
        self._queries = {"sqlite": query, "postgresql": query if postgresql is None else postgresql}
        self._words: dict[str, tuple[str, list[str] | None]] = {}

    def rows(self, engine: Engine, **asked: str) -> list[tuple[Any, ...]]:
        """All rows of the answer, with `asked` for the parameters of that name.

        Raises:
            BadInputError: the file is damaged.
            StoreError: the store cannot be read just now.
        """
        words, places = self._words.get(engine.dialect.name) or self._put(engine)
        given = asked if places is None else [asked[name] for name in places]
        with plain_errors(engine):
            kept = engine.raw_connection()
            try:
                cursor = kept.cursor()
                cursor.execute(words, given)
                return list(cursor.fetchall())
            finally:
                kept.close()

    def row(self, engine: Engine, **asked: str) -> tuple[Any, ...] | None:
        """The only row of the answer; None when it has none.

        Raises:
            BadInputError: the file is damaged.
            StoreError: the store cannot be read just now.
        """
        found = self.rows(engine, **asked)
        return found[0] if found else None

    def _put(self, engine: Engine) -> tuple[str, list[str] | None]:
        name = engine.dialect.name
        made = self._queries[name].compile(dialect=engine.dialect)
        places = getattr(made, "positiontup", None)
        self._words[name] = str(made), places
        return self._words[name]
