"""A service's own upcasters and mappings."""

from shared.values.change import Row


def add_currency(row: Row) -> Row:
    return {**row, "currency": "EUR"}


def cents(row: Row) -> Row:
    return {**row, "price": row["price"] * 100, "currency": row["currency"].lower()}


def needs_currency(row: Row) -> Row:
    return {**row, "money": (row["price"], row["currency"])}


def in_place(row: Row) -> None:
    row["currency"] = "EUR"


def listing(row: Row, table: str) -> Row | None:
    """Hides the columns, and rows without a title."""
    if row["title"] == "t1":
        return None
    if row["title"] == "poison":
        raise ValueError("poison 4711")
    return {"_of": table, "name": row["title"].upper(), "price": {"amount": row["price"]}}


def priced(row: Row, table: str) -> Row:
    """Refuses rows without a price."""
    if row["price"] is None:
        raise ValueError("no price")
    return {"price": row["price"]}


def digging(row: Row, table: str) -> Row:
    """Changes what it is given, and makes a document of what no JSON can hold."""
    tags = row["title"]
    tags.remove("x")
    if "object" in tags:
        return {"title": object()}
    if "knot" in tags:
        tags.append(tags)
    if "refuse" in tags:
        raise ValueError("poison")
    return {"title": tags}
