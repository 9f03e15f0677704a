"""The composition root: adapters of a deployed stage, for every entry point.

Each module here opens one part of a stage; `Stage` has them all.
"""

from shared.stage.stage import Stage

__all__ = ["Stage"]
