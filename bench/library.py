"""python-mysql-replication with orjson, as plainly as its users write it: one JSON line a row
change.

Runs in an environment of its own (requirements-bench.txt) and therefore imports nothing of Rowline.
What to read comes from BENCH_… variables.
"""

import os
import sys
from base64 import b64encode
from datetime import timedelta
from decimal import Decimal
from typing import Any

import orjson
from pymysqlreplication import BinLogStreamReader
from pymysqlreplication.row_event import DeleteRowsEvent, UpdateRowsEvent, WriteRowsEvent


def other(value: Any) -> str:
    """What orjson does not know."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return b64encode(value).decode()
    if isinstance(value, (Decimal, timedelta)):
        return str(value)
    raise TypeError(type(value).__name__)


def keyed(value: Any) -> Any:
    """JSON columns come with keys of bytes, which orjson refuses."""
    if isinstance(value, dict):
        return {
            key.decode() if isinstance(key, bytes) else key: keyed(each)
            for key, each in value.items()
        }
    return [keyed(each) for each in value] if isinstance(value, list) else value


def row(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: keyed(value) if type(value) in (dict, list) else value
        for name, value in values.items()
    }


def main() -> None:
    environ = os.environ
    reader = BinLogStreamReader(
        connection_settings={
            "host": environ["BENCH_HOST"],
            "port": int(environ["BENCH_PORT"]),
            "user": environ["BENCH_USER"],
            "passwd": environ["BENCH_PASSWORD"],
        },
        server_id=1_000_000 + os.getpid(),
        log_file=environ["BENCH_FILE"],
        log_pos=int(environ["BENCH_OFFSET"]),
        resume_stream=True,
        blocking=True,
        only_events=[WriteRowsEvent, UpdateRowsEvent, DeleteRowsEvent],
        only_schemas=[environ["BENCH_DATABASE"]],
        is_mariadb=environ["BENCH_FLAVOR"] == "mariadb",
    )
    left, write = int(environ["BENCH_CHANGES"]), sys.stdout.buffer.write
    for event in reader:
        base = {
            "database": event.schema,
            "table": event.table,
            "ts": event.timestamp,
            "pos": event.packet.log_pos,
        }
        for each in event.rows:
            if type(event) is UpdateRowsEvent:
                images: dict[str, Any] = {
                    "op": "u",
                    "before": row(each["before_values"]),
                    "after": row(each["after_values"]),
                }
            elif type(event) is WriteRowsEvent:
                images = {"op": "c", "before": None, "after": row(each["values"])}
            else:
                images = {"op": "d", "before": row(each["values"]), "after": None}
            write(orjson.dumps(base | images, default=other) + b"\n")
        left -= len(event.rows)
        if left <= 0:
            break
    sys.stdout.flush()
    os._exit(0)  # closing the stream would first ask the server for all that is left of it


if __name__ == "__main__":
    main()
