"""Partial JSON updates (binlog_row_value_options=PARTIAL_JSON).

The changed parts of a document instead of all of it.

Source: MySQL sql/json_diff.cc, Json_diff_vector::read_binary; libs/mysql/binlog/event/rows_event.h,
Partial_update_rows.
"""

import re
from typing import Any

import msgspec

from shared.adapters.binlog.json_binary import tree
from shared.adapters.binlog.length_encoded import length_encoded

_REPLACE, _INSERT, _REMOVE = 0, 1, 2
_LEG = re.compile(r'\.(?:"((?:[^"\\]|\\.)*)"|([^.\[]+))|\[(\d+)\]', re.DOTALL)


def apply(document: bytes, diffs: bytes) -> Any:
    """The document with the diffs applied, as what msgspec encodes.

    Raises ValueError, IndexError or KeyError when they do not fit.
    """
    root = tree(document)
    at = 0
    while at < len(diffs):
        operation = diffs[at]
        size, at = length_encoded(diffs, at + 1)
        legs = _legs(diffs[at : at + size].decode())
        at += size
        value = None
        if operation != _REMOVE:
            size, at = length_encoded(diffs, at)
            value = tree(diffs[at : at + size])
            at += size
        if at > len(diffs):
            raise ValueError("JSON diff")
        try:
            root = _changed(root, legs, operation, value)
        except (TypeError, AttributeError):  # a path that leads into a scalar
            raise ValueError("JSON diff") from None
    return root


def _changed(root: Any, legs: list[str | int], operation: int, value: Any) -> Any:
    if not legs:
        if operation != _REPLACE:
            raise ValueError("JSON diff of the root")
        return value
    parent = root
    for leg in legs[:-1]:
        parent = parent[leg]
    last = legs[-1]
    if operation == _REMOVE:
        del parent[last]
    elif operation == _REPLACE:
        parent[last]
        parent[last] = value
    elif operation != _INSERT:
        raise ValueError("JSON diff operation")
    elif isinstance(parent, list):
        parent.insert(last, value)  # type: ignore[arg-type]
    else:
        parent[last] = value
        _sort(parent)
    return root


def _sort(members: dict[str, Any]) -> None:
    """Into the order in which the server keeps them: short keys first, then byte by byte."""
    in_order = sorted(members.items(), key=lambda member: (len(key := member[0].encode()), key))
    members.clear()
    members.update(in_order)


def _legs(path: str) -> list[str | int]:
    """The steps of a path such as `$.a[1]."b c"`."""
    at, legs = 1, list[str | int]()
    if path[:1] != "$":
        raise ValueError("JSON path")
    while at < len(path):
        match = _LEG.match(path, at)
        if not match:
            raise ValueError("JSON path")
        quoted, plain, index = match.groups()
        if index is not None:
            legs.append(int(index))
        else:
            legs.append(msgspec.json.decode(f'"{quoted}"') if quoted is not None else plain)
        at = match.end()
    return legs
