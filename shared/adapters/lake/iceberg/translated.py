"""Errors of PyIceberg and AWS as those of the contract."""

from pyiceberg.exceptions import CommitFailedException, ValidationException

from shared.adapters.aws_errors import FAILURES, is_passing
from shared.adapters.lake.contract import OutcomeUnknown, Overtaken
from shared.values.errors import RowlineError, StackError, StateUnavailable


class Translated:
    """A block whose errors of PyIceberg and AWS become those of the contract.

    thing: the table. what: what was to be done, after "cannot".
    """

    def __init__(self, thing: str, what: str) -> None:
        self._thing, self._what = thing, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, RowlineError) or not isinstance(error, Exception):
            return
        if isinstance(error, (CommitFailedException, ValidationException)):
            raise Overtaken(
                "somebody else has committed.", thing=self._thing, hint="The work starts over."
            ) from None
        if isinstance(error, FAILURES) and not is_passing(error):
            raise StackError(
                f"cannot {self._what}: {error}.",
                thing=self._thing,
                hint="The role needs Glue and S3 rights (docs/iam.md). Nothing is lost.",
            ) from None
        if self._what == "be committed" or self._what == "be rewritten":
            raise OutcomeUnknown(
                f"no answer to a commit ({type(error).__name__}: {error}).",
                thing=self._thing,
                hint="Nothing is lost: the next run reads whether it landed.",
            ) from error
        if isinstance(error, FAILURES):
            raise StateUnavailable(
                f"AWS did not answer: {error}",
                thing=self._thing,
                hint="The same call may succeed later.",
            ) from None
