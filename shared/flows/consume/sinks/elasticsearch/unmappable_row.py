"""Unmappable row: what is raised for a row that cannot become a document."""

from shared.values.errors import RowlineError


class UnmappableRow(RowlineError):
    """This row cannot become a document: a null in its id, two columns of one field.

    Other rows of the table can.
    """
