"""A marketplace's workload: several connections, small and large transactions, every operation."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

from pymysql.connections import Connection
from pymysql.err import OperationalError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

from local.demo import marketplace as market

_RETRY = {
    1205,
    1213,
    1020,
    1467,
}  # lock wait time-out, deadlock, record changed, no lock on the next id: run the transaction again


def _is_in_the_way(error: BaseException) -> bool:
    """Whether another transaction is why this one failed."""
    return isinstance(error, OperationalError) and error.args[0] in _RETRY


@retry(
    retry=retry_if_exception(_is_in_the_way),
    wait=wait_random(0, 0.1),
    stop=stop_after_attempt(100),
    reraise=True,
)
def insist(cursor: Any, sql: str) -> None:
    """One statement, a transaction of its own, until no other is in its way."""
    cursor.execute(sql)


class Workload:
    """Make `changes` row changes over `connections` connections, then stop.

    Errors of a connection end the run and are raised by `join`. `count` tells how many row changes
    were committed.
    """

    def __init__(
        self,
        connect: Callable[[], Connection[Any]],
        *,
        changes: int,
        connections: int = 4,
        number: int = 7,
        per_second: float = 0,
    ) -> None:
        self._connect, self._per_second = connect, per_second / connections
        self._wanted = changes
        self._lock = threading.Lock()
        self._errors: list[BaseException] = []
        self._stop = threading.Event()
        self.count = 0
        self._threads = [
            threading.Thread(target=self._run, args=(number * 1000 + slot,), daemon=True)
            for slot in range(connections)
        ]

    def start(self) -> Workload:
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> int:
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        return self.count

    def _run(self, number: int) -> None:
        dice = random.Random(number)  # noqa: S311 (demo data)
        try:
            connection = self._connect()
            connection.autocommit(False)
            with connection.cursor() as cursor:
                while not self._stop.is_set() and self.count < self._wanted:
                    done = self._transaction(connection, cursor, dice)
                    with self._lock:
                        self.count += done
                    if self._per_second:
                        self._stop.wait(done / self._per_second)
            connection.close()
        except BaseException as error:  # noqa: BLE001 (raised by join)
            self._errors.append(error)
            self._stop.set()

    def _transaction(self, connection: Connection[Any], cursor: Any, dice: random.Random) -> int:
        """Run one transaction; returns how many row changes it committed.

        That is 0 when it was rolled back, on purpose or by a deadlock.
        """
        done = 0
        try:
            for _ in range(dice.choice((1, 1, 1, 2, 3, 5, 12))):
                done += self._statement(cursor, dice)
            if dice.random() < 0.03:
                connection.rollback()
                return 0
            connection.commit()
            return done
        except OperationalError as error:
            if not _is_in_the_way(error):
                raise
            connection.rollback()
            return 0

    def _statement(self, cursor: Any, dice: random.Random) -> int:
        some = (
            "(SELECT id FROM (SELECT id FROM market.{0} WHERE id >= %s ORDER BY id LIMIT 1) "
            "AS pick)"
        )
        roll, place = dice.random(), dice.randrange(1, 6000)
        if roll < 0.35:
            return int(
                cursor.execute(
                    "UPDATE market.listings SET price = %s, stock = %s, updated = NOW(6) WHERE id "  # noqa: S608
                    f"= {some.format('listings')}",
                    (f"{dice.randrange(1, 9_000_000) / 100:.2f}", dice.randrange(500), place),
                )
            )
        if roll < 0.45:
            return int(cursor.execute(market.INSERT_LISTING, market.listing(dice, 1000)))
        if roll < 0.55:
            return int(cursor.execute(market.INSERT_PHOTO, market.photo(dice, 6000)))
        if roll < 0.63:
            return int(
                cursor.execute(
                    market.INSERT_PRICE, market.price(dice, place, dice.choice(market.CURRENCIES))
                )
            )
        if roll < 0.71:
            return int(
                cursor.execute(
                    f"DELETE FROM market.photos WHERE id = {some.format('photos')}",  # noqa: S608
                    (place,),
                )
            )
        if roll < 0.75:
            return int(
                cursor.execute(
                    f"DELETE FROM market.listings WHERE id = {some.format('listings')}",  # noqa: S608
                    (place,),
                )
            )
        if roll < 0.80:  # one statement, many rows
            return int(
                cursor.execute(
                    "UPDATE market.prices SET amount = amount * 1.01 WHERE listing_id BETWEEN %s "
                    "AND %s",
                    (place, place + 20),
                )
            )
        if roll < 0.84:  # the key changes
            new = dice.randrange(10_000_000, 4_000_000_000)
            return int(
                cursor.execute(
                    f"UPDATE IGNORE market.photos SET id = %s WHERE id = {some.format('photos')}",  # noqa: S608
                    (new, place),
                )
            )
        if roll < 0.87:
            return int(
                cursor.execute(
                    "UPDATE IGNORE market.prices SET currency = %s WHERE listing_id = %s LIMIT 1",
                    (dice.choice(market.CURRENCIES), place),
                )
            )
        if roll < 0.93:
            return int(
                cursor.execute(
                    "UPDATE market.sellers SET rating = %s WHERE id = %s",
                    (None if dice.random() < 0.3 else "4.20", place % 1000 + 1),
                )
            )
        if roll < 0.97:  # delete and insert the same key in one transaction
            deleted = cursor.execute(
                "DELETE FROM market.prices WHERE listing_id = %s AND currency = 'EUR'", (place,)
            )
            price = market.price(dice, place, "EUR")
            return int(deleted) + int(cursor.execute(market.INSERT_PRICE, price))
        return int(
            cursor.execute(
                "UPDATE market.photos SET caption = %s WHERE listing_id = %s",
                (market.title(dice), place),
            )
        )
