"""The demo's database: a marketplace with sellers, listings, photos and prices."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from pymysql.connections import Connection

DATABASE = "market"
TABLES = ("sellers", "listings", "photos", "prices")
COUNTERS = {"listings": "stock", "photos": "width", "prices": "amount"}
"""A number of a table that may grow by one in every row."""

# `version` is kept by a trigger: it grows by one with each update of a row, so whoever sees it run
# backwards has seen a lost or shuffled change.
SCHEMA = [
    f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4",
    """CREATE TABLE IF NOT EXISTS market.sellers (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(120) NOT NULL, email VARCHAR(190) NOT NULL, country CHAR(2) NOT NULL,
        rating DECIMAL(3,2) NULL, verified BOOL NOT NULL DEFAULT 0, joined DATE NOT NULL, version INT UNSIGNED NOT NULL DEFAULT 1)""",  # noqa: E501
    """CREATE TABLE IF NOT EXISTS market.listings (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, seller_id BIGINT UNSIGNED NOT NULL, title VARCHAR(200) NOT NULL,
        description MEDIUMTEXT NULL, status ENUM('draft','active','sold','withdrawn') NOT NULL DEFAULT 'draft',
        tags SET('new','used','rare','vintage','bulk') NOT NULL DEFAULT '', price DECIMAL(12,2) NOT NULL, currency CHAR(3) NOT NULL,
        stock INT NOT NULL DEFAULT 1, weight DOUBLE NULL, created DATETIME(3) NOT NULL, updated TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        version INT UNSIGNED NOT NULL DEFAULT 1, KEY (seller_id))""",  # noqa: E501
    """CREATE TABLE IF NOT EXISTS market.photos (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, listing_id BIGINT UNSIGNED NOT NULL, url VARCHAR(255) NOT NULL,
        caption VARCHAR(200) NULL, width SMALLINT UNSIGNED NOT NULL, height SMALLINT UNSIGNED NOT NULL, checksum BINARY(16) NULL,
        version INT UNSIGNED NOT NULL DEFAULT 1, KEY (listing_id))""",  # noqa: E501
    """CREATE TABLE IF NOT EXISTS market.prices (
        listing_id BIGINT UNSIGNED NOT NULL, currency CHAR(3) NOT NULL, amount DECIMAL(14,4) NOT NULL, valid_from DATE NOT NULL,
        note VARCHAR(80) NULL, version INT UNSIGNED NOT NULL DEFAULT 1, PRIMARY KEY (listing_id, currency))""",  # noqa: E501
    *(
        f"CREATE TRIGGER IF NOT EXISTS market.{table}_version BEFORE UPDATE ON "  # noqa: S608
        f"market.{table} FOR EACH ROW SET NEW.version = OLD.version + 1"
        for table in TABLES
    ),
]

_THINGS = (
    "Fahrrad bicycle 自転車 vélo велосипед bicicleta دراجة lamp Stuhl テーブル armário книга "
    "kitap 📚 🚲 coffee-mill Ölgemälde guitar κιθάρα"
).split()
_TRAITS = "red blau grün 古い neu rare petit grande tiny ✨ solid wooden чёрный yeşil 1970s".split()
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF")


def title(dice: random.Random) -> str:
    return " ".join(
        [
            dice.choice(_TRAITS),
            dice.choice(_THINGS),
            dice.choice(_THINGS),
            str(dice.randrange(10_000)),
        ]
    )


def seller(dice: random.Random) -> tuple[Any, ...]:
    number = dice.randrange(1_000_000)
    rating = None if dice.random() < 0.2 else f"{dice.randrange(100, 501) / 100:.2f}"
    return (
        f"{dice.choice(_TRAITS)} traders {number}",
        f"seller{number}@example.com",
        dice.choice(("DE", "FR", "JP", "US", "BR")),
        rating,
        dice.random() < 0.5,
        f"20{dice.randrange(10, 26)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}",
    )


def listing(dice: random.Random, sellers: int) -> tuple[Any, ...]:
    description = (
        None
        if dice.random() < 0.15
        else " ".join(dice.choices(_THINGS + _TRAITS, k=dice.randrange(5, 40)))
    )
    return (
        dice.randrange(1, sellers + 1),
        title(dice),
        description,
        dice.choice(("draft", "active", "active", "sold", "withdrawn")),
        ",".join(tag for tag in ("new", "used", "rare", "vintage", "bulk") if dice.random() < 0.3),
        f"{dice.randrange(1, 5_000_000) / 100:.2f}",
        dice.choice(CURRENCIES),
        dice.randrange(0, 500),
        None if dice.random() < 0.3 else dice.random() * 100,
        f"2025-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02} "
        f"{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}.{dice.randrange(1000):03}",
    )


def photo(dice: random.Random, listings: int) -> tuple[Any, ...]:
    return (
        dice.randrange(1, listings + 1),
        f"https://img.example.com/{dice.getrandbits(64):016x}.jpg",
        None if dice.random() < 0.5 else title(dice),
        dice.randrange(100, 6000),
        dice.randrange(100, 6000),
        None if dice.random() < 0.1 else dice.randbytes(14) + b"\0\0",
    )


def price(dice: random.Random, listing_id: int, currency: str) -> tuple[Any, ...]:
    return (
        listing_id,
        currency,
        f"{dice.randrange(1, 90_000_000) / 10_000:.4f}",
        f"2026-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}",
        None if dice.random() < 0.6 else "été ☀",
    )


INSERT_SELLER = (
    "INSERT INTO market.sellers (name, email, country, rating, verified, joined) "
    "VALUES (%s,%s,%s,%s,%s,%s)"
)
INSERT_LISTING = """INSERT INTO market.listings (seller_id, title, description, status, tags, price, currency, stock, weight, created)
    VALUES (%s,%s,%s,%s,%s,%s,%s,%s,%s,%s)"""  # noqa: E501
INSERT_PHOTO = (
    "INSERT INTO market.photos (listing_id, url, caption, width, height, checksum) "
    "VALUES (%s,%s,%s,%s,%s,%s)"
)
INSERT_PRICE = (
    "INSERT IGNORE INTO market.prices (listing_id, currency, amount, valid_from, "
    "note) VALUES (%s,%s,%s,%s,%s)"
)


def create(connection: Connection[Any]) -> None:
    """Create database, tables and triggers where they are missing."""
    with connection.cursor() as cursor:
        for statement in SCHEMA:
            cursor.execute(statement)
    connection.commit()


def seed(connection: Connection[Any], rows: int, *, number: int = 1) -> Iterator[int]:
    """Fill the tables up to about `rows` rows together; yields how many were added so far.

    A filled database gets nothing.
    """
    dice = random.Random(number)  # noqa: S311 (demo data)
    wanted = {
        "sellers": rows // 12,
        "listings": rows // 3,
        "photos": rows // 3,
        "prices": rows // 4,
    }
    added = 0
    with connection.cursor() as cursor:
        for table, count in wanted.items():
            cursor.execute(f"SELECT COUNT(*) FROM market.{table}")  # noqa: S608 (names of this module)
            missing = count - int((cursor.fetchone() or (0,))[0])
            while missing > 0:
                some = min(missing, 500)
                if table == "sellers":
                    cursor.executemany(INSERT_SELLER, [seller(dice) for _ in range(some)])
                elif table == "listings":
                    cursor.executemany(
                        INSERT_LISTING, [listing(dice, wanted["sellers"]) for _ in range(some)]
                    )
                elif table == "photos":
                    cursor.executemany(
                        INSERT_PHOTO, [photo(dice, wanted["listings"]) for _ in range(some)]
                    )
                else:
                    cursor.executemany(
                        INSERT_PRICE,
                        [
                            price(
                                dice,
                                dice.randrange(1, wanted["listings"] + 1),
                                dice.choice(CURRENCIES),
                            )
                            for _ in range(some)
                        ],
                    )
                connection.commit()
                missing -= some
                added += some
                yield added
