"""Athena through boto3. See the contract."""

from collections.abc import Callable, Sequence
from typing import Any

from shared.adapters.athena.contract import (
    MOST_ROWS,
    Execution,
    QueryError,
    QueryParameter,
    QueryState,
    ResultPage,
    literal,
)
from shared.adapters.aws_errors import FAILURES, code_of, is_passing, message_of
from shared.values.errors import RowlineError, StackError, StateUnavailable

_STATES: dict[str, QueryState] = {
    "QUEUED": "running",
    "RUNNING": "running",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
}
_HEADERS = ("DML",)
"""Statement types whose first page begins with a row of column names."""


class AwsAthena:
    """One workgroup and one database.

    client: makes a client of a service.
    """

    def __init__(self, client: Callable[[str], Any], workgroup: str, database: str) -> None:
        self._client, self._workgroup, self._database = client, workgroup, database

    def start(self, sql: str, parameters: Sequence[QueryParameter] = (), token: str = "") -> str:
        options: dict[str, Any] = {"ClientRequestToken": token} if token else {}
        if parameters:
            options["ExecutionParameters"] = [literal(each) for each in parameters]
        try:
            started = self._client("athena").start_query_execution(
                QueryString=sql,
                WorkGroup=self._workgroup,
                QueryExecutionContext={"Database": self._database},
                **options,
            )
        except FAILURES as error:
            raise self._failed(error) from None
        return str(started["QueryExecutionId"])

    def poll(self, query: str) -> Execution:
        found = self._execution(query)
        status = found["Status"]
        return Execution(
            _STATES[status["State"]],
            status.get("StateChangeReason", ""),
            int(found.get("Statistics", {}).get("DataScannedInBytes", 0)),
        )

    def results(self, query: str, page: str = "", most: int = MOST_ROWS) -> ResultPage:
        # The names of the columns are a row of the first page, and count as one.
        headed = not page and self._execution(query).get("StatementType") in _HEADERS
        size = min(most + headed, MOST_ROWS)
        options = {"NextToken": page} if page else {}
        try:
            found = self._client("athena").get_query_results(
                QueryExecutionId=query, MaxResults=size, **options
            )
        except FAILURES as error:
            raise self._failed(error) from None
        result = found["ResultSet"]
        columns = tuple(each["Name"] for each in result["ResultSetMetadata"]["ColumnInfo"])
        rows = [
            tuple(each.get("VarCharValue") for each in row.get("Data", []))
            for row in result["Rows"][1 if headed else 0 :]
        ]
        return ResultPage(columns, rows, found.get("NextToken", ""))

    def stop(self, query: str) -> None:
        try:
            self._client("athena").stop_query_execution(QueryExecutionId=query)
        except FAILURES as error:
            raise self._failed(error) from None

    def scan_limit(self) -> int:
        try:
            found = self._client("athena").get_work_group(WorkGroup=self._workgroup)
        except FAILURES as error:
            raise self._failed(error) from None
        settings = found["WorkGroup"].get("Configuration", {})
        return int(settings.get("BytesScannedCutoffPerQuery", 0))

    def _execution(self, query: str) -> dict[str, Any]:
        try:
            found = self._client("athena").get_query_execution(QueryExecutionId=query)
        except FAILURES as error:
            raise self._failed(error) from None
        return dict(found["QueryExecution"])

    def _failed(self, error: Exception) -> RowlineError:
        said = message_of(error)
        if is_passing(error):
            return StateUnavailable(
                f"Athena did not answer: {said}.",
                thing=f"workgroup {self._workgroup}",
                hint="Try again in a minute.",
            )
        if code_of(error) == "InvalidRequestException":
            return QueryError(
                f"was refused by Athena: {said}.",
                thing="the query",
                hint="Correct it; docs/archive-query.md has examples.",
            )
        return StackError(
            f"cannot be used: {said}.",
            thing=f"workgroup {self._workgroup}",
            hint="docs/iam.md lists the rights that a query needs.",
        )
