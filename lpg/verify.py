"""Asking the whole database what disagrees with itself: the words and the type that every app's checks share."""

from collections.abc import Callable, Sequence

from django.db import connection

type Check = Callable[[], list[str]]
SHOWN = 20


def rows_that_disagree(statement: str, words: str, values: Sequence[int | str | None] = ()) -> list[str]:
    """The first rows that `statement` finds, each put into `words`; none is what should be."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [words.format(*row) for row in cursor.fetchmany(SHOWN)]


def numbers_with_gaps(series: str, table: str, column: str, period_length: int) -> list[str]:
    """Within each day or year the numbers of `table` are 1..n, and the series has come to n. They are unique anyway."""
    after = len(series) + 2
    # every name here is ours
    taken = f"""
        SELECT SUBSTR({column}, {after}, {period_length}) AS period, COUNT(*) AS total,
            MIN(CAST(SUBSTR({column}, {after + period_length + 1}) AS SIGNED)) AS first,
            MAX(CAST(SUBSTR({column}, {after + period_length + 1}) AS SIGNED)) AS final
        FROM {table} WHERE {column} LIKE '{series}-%%' GROUP BY SUBSTR({column}, {after}, {period_length})
    """  # noqa: S608
    statement = f"""
        SELECT s.period, s.last, COALESCE(t.total, 0), COALESCE(t.first, 0), COALESCE(t.final, 0)
        FROM numbering_series s LEFT JOIN ({taken}) t ON t.period = s.period
        WHERE s.series = '{series}' AND (COALESCE(t.total, 0) <> s.last
            OR COALESCE(t.first, 1) <> 1 OR COALESCE(t.final, s.last) <> s.last)
        UNION ALL
        SELECT t.period, 0, t.total, t.first, t.final FROM ({taken}) t
        LEFT JOIN numbering_series s ON s.series = '{series}' AND s.period = t.period WHERE s.id IS NULL
    """  # noqa: S608
    return rows_that_disagree(
        statement, f"{series}-{{0}}: the series stands at {{1}}, there are {{2}} from {{3}} to {{4}}"
    )
