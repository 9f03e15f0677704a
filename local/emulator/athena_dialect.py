"""Athena's SQL as DuckDB runs it; no module of the emulator is needed here.

Where both engines give different values, DuckDB is asked for Trino's.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

ENGINE = "athena"
_TEXT, _NUMBER = re.compile(r"'(?:[^']|'')*'"), re.compile(r"\d+")


class BadQuery(ValueError):
    """The statement is not valid in Athena."""


class SeveralStatements(BadQuery):
    """There is more than one statement."""


def parse(sql: str) -> exp.Expr:
    """The statement as a tree. Raises BadQuery for more or less than one."""
    try:
        found = sqlglot.parse(sql, read=ENGINE)
    except sqlglot.errors.SqlglotError as error:
        raise BadQuery(f"mismatched input: {str(error).splitlines()[0]}") from None
    if len(found) != 1 or found[0] is None:
        raise SeveralStatements(f"Only one sql statement is allowed. Got: {sql}")
    return found[0]


def bind(tree: exp.Expr, values: Sequence[str]) -> exp.Expr:
    """The statement with a literal in place of each `?`.

    values: expressions as Athena wants them, such as `'text'` and `7`.
    """
    places = list(tree.find_all(exp.Placeholder, bfs=False))
    if len(places) != len(values):
        raise BadQuery(
            f"Incorrect number of parameters: expected {len(places)} but found {len(values)}"
        )
    for place, value in zip(places, values, strict=True):
        if place.find_ancestor(exp.Where) is None:
            raise BadQuery("? parameters can be placed only in the WHERE clause")
        place.replace(_literal(value))
    return tree


def _literal(text: str) -> exp.Expr:
    """The only expression of a parameter; `DATE '…'` and the like are casts of a literal."""
    if _TEXT.fullmatch(text):
        return exp.Literal.string(text[1:-1].replace("''", "'"))
    if _NUMBER.fullmatch(text):
        return exp.Literal.number(text)
    tree = parse(f"SELECT {text}")
    found = tree.selects if isinstance(tree, exp.Select) else []
    bare = found[0].this if found and isinstance(found[0], (exp.Cast, exp.Neg)) else None
    if (
        len(found) != 1
        or any(tree.args[each] for each in tree.args if each != "expressions")
        or not isinstance(bare or found[0], (exp.Literal, exp.Boolean, exp.Null))
    ):
        raise BadQuery(f"a parameter must be one literal: {text}")
    return found[0]


def tables(tree: exp.Expr) -> Iterator[exp.Table]:
    """The tables that a statement reads, without the names that its WITH defines."""
    named = {each.alias.lower() for each in tree.find_all(exp.CTE)}
    for each in list(tree.find_all(exp.Table)):
        if each.name and (each.db or each.name.lower() not in named):
            yield each


def put(table: exp.Table, relation: str) -> None:
    """Put a SELECT in DuckDB's SQL in the place of a table."""
    put_query(table, sqlglot.parse_one(relation, read="duckdb"))


def put_query(table: exp.Table, query: exp.Expr) -> exp.Expr:
    """Put a query in the place of a table; returns the query."""
    alias = table.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table.name, True))
    table.replace(exp.Subquery(this=query, alias=alias.copy()))
    return query


def to_duckdb(tree: exp.Expr) -> str:
    """The statement in DuckDB's SQL."""
    tree = _named(tree.copy()).transform(_as_trino)
    return tree.sql(dialect="duckdb")


def _named(tree: exp.Expr) -> exp.Expr:
    """Athena names an unnamed column `_colN`."""
    if isinstance(tree, exp.Select):
        for number, each in enumerate(tree.selects):
            if not isinstance(each, (exp.Column, exp.Alias, exp.Star)):
                each.replace(exp.alias_(each.copy(), f"_col{number}"))
    return tree


def _template(text: str) -> Callable[..., exp.Expr]:
    """Makes DuckDB expressions, with arguments in place of `$name`."""

    def make(**arguments: exp.Expr) -> exp.Expr:
        tree = sqlglot.parse_one(text, read="duckdb")

        def fill(node: Any) -> Any:
            if isinstance(node, exp.Column) and node.name in arguments:
                return arguments[node.name].copy()
            return node

        made: exp.Expr = tree.transform(fill)
        return made

    return make


_SCALAR = _template(
    "CASE WHEN json_type(doc, path) IN ('ARRAY', 'OBJECT') THEN NULL"
    " ELSE json_extract_string(doc, path) END"
)
_DATE_TIME = _template(
    "CASE WHEN contains(CAST(text AS VARCHAR), 'T')"
    " THEN CAST(error('Value cannot be cast to timestamp: ' || text) AS VARCHAR) ELSE text END"
)
_OR_NULL = _template("CASE WHEN contains(CAST(text AS VARCHAR), 'T') THEN NULL ELSE text END")
_JSON_TEXT = _template("to_json(text)")
_ISO = _template("strftime(t, '%Y-%m-%dT%H:%M:%S.%g')")
_ZONED = _template("timezone(zone, t)")

_FUNCTIONS: dict[str, tuple[Callable[..., exp.Expr], tuple[str, ...]]] = {
    "TO_ISO8601": (_ISO, ("t",)),
    "AT_TIMEZONE": (_ZONED, ("t", "zone")),
}
"""Functions that sqlglot passes on and DuckDB lacks, with the names of their arguments."""


def _as_trino(node: Any) -> Any:
    if isinstance(node, exp.JSONExtractScalar):
        # Trino: NULL for an object or an array. DuckDB: its text.
        path = exp.Literal.string(node.expression.sql(dialect="duckdb").strip("'"))
        return _SCALAR(doc=node.this, path=path)
    if isinstance(node, (exp.Cast, exp.TryCast)) and _is_text(node.this):
        kind = node.to.this
        if kind in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPTZ):
            # Trino takes a blank between date and time, DuckDB a T too.
            made = _OR_NULL if isinstance(node, exp.TryCast) else _DATE_TIME
            node.set("this", made(text=node.this))
        elif kind == exp.DataType.Type.JSON:
            return _JSON_TEXT(text=node.this)  # Trino makes a JSON string, and parses nothing
    if isinstance(node, exp.Anonymous) and node.name.upper() in _FUNCTIONS:
        make, names = _FUNCTIONS[node.name.upper()]
        if len(names) == len(node.expressions):
            return make(**dict(zip(names, node.expressions, strict=True)))
    return node


def _is_text(node: exp.Expr) -> bool:
    """Whether an expression may be text; the tree has no types, so columns may."""
    return not isinstance(node, (exp.Cast, exp.TryCast, exp.CurrentTimestamp))
