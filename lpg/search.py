"""Finding rows by the start of a text, in such a way that every database can use an index for it."""

from functools import reduce
from operator import or_
from typing import Any

from django.db import connection, models


class StartIndex(models.Index):
    """Lets SQLite find the start of a text in either case. MariaDB and MySQL do that with the plain index of a column,
    which SQLite needs too, for the order."""

    def create_sql(self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "sqlite":
            return "DO 0"
        quote = schema_editor.quote_name
        parts = ", ".join(f"{quote(column)} COLLATE NOCASE" for column in self.fields)
        return f"CREATE INDEX {quote(self.name)} ON {quote(model._meta.db_table)} ({parts})"

    def remove_sql(self, model: type[models.Model], schema_editor: Any, **kwargs: Any) -> Any:
        if schema_editor.connection.vendor != "sqlite":
            return "DO 0"
        return super().remove_sql(model, schema_editor, **kwargs)


def starting_with(columns: tuple[str, ...], text: str) -> models.Q:
    """The condition that one of `columns` starts with `text`, in either case.

    SQLite knows the case of ASCII letters only, and the others compare keys byte by byte: there a key is sought as it
    was written, in large and in small letters.
    """
    every_case = connection.vendor == "sqlite" and text.isascii()
    spellings = [text] if every_case else dict.fromkeys((text, text.upper(), text.lower()))
    return reduce(or_, (models.Q(**{f"{column}__istartswith": way}) for column in columns for way in spellings))
