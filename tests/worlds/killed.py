"""A process that ends in the middle of its work, as a test ends it."""


class Killed(BaseException):
    """The process is gone: nothing after this line ran."""
