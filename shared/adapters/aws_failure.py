"""AWS failure: the error for a call that AWS did not answer, or refused."""

from shared.adapters import aws
from shared.values.errors import RowlineError, StackError, StateUnavailable

RIGHTS_OF_COMMANDS = "The page iam.md lists the rights that each command needs."


def failure(system: str, error: Exception, *, thing: str, hint: str) -> RowlineError:
    """StateUnavailable when the same call may succeed later, else StackError.

    system: that was called. thing: of the call. hint: for a refusal.
    """
    said = f"({aws.code_of(error)}): {aws.message_of(error)}."
    if aws.is_passing(error):
        return StateUnavailable(
            f"{system} did not answer {said}",
            thing=thing,
            hint=aws.credentials_hint(error) or "The same call may succeed later.",
        )
    hint = aws.credentials_hint(error) or hint
    return StackError(f"{system} refuses {said}", thing=thing, hint=hint)


def s3_failure(error: Exception, address: str, rights: str) -> RowlineError:
    """The same of S3. rights: of the role, for the call."""
    hint = (
        f"The role needs {rights} on this bucket (docs/iam.md). Nothing is lost: work continues "
        "where it stopped."
    )
    return failure("S3", error, thing=address, hint=hint)
