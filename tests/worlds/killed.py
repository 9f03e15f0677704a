"""Killed: a test's way to end a process in the middle of its work."""


class Killed(BaseException):
    """The process is gone: `except Exception` does not see it."""
