"""Reads a stack from CloudFormation.

Settings come from the template's metadata, resource names from the outputs.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import ClientError

from shared.adapters import aws
from shared.adapters.aws_errors import FAILURES, code_of, credentials_hint, is_passing, message_of
from shared.values.errors import StackError, StateUnavailable
from shared.values.settings import StageSettings, from_json

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient


class Stack(msgspec.Struct, frozen=True):
    """A deployed stack.

    settings: those that it was deployed with.
    outputs: TopicArn, StateTable, ClaimsBucket, WatchFunction and JobsFunction; per source
        NAMERelayFunction, or NAMERelayService (the ARN of the ECS service) where it runs as a
        container; per consumer NAMEQueueUrl, NAMEDlqUrl, NAMEUndeliveredUrl and
        NAMEConsumeFunction. NAME begins with a capital letter. With an archive, ArchiveBucket,
        ArchiveDatabase, ArchiveWorkgroup and ArchiveFunction.
    updated: when its last deployment began; empty after the first.
    """

    name: str
    status: str
    settings: StageSettings
    outputs: dict[str, str]
    updated: str = ""

    @staticmethod
    def open(service: str, stage: str, client: "CloudFormationClient | None" = None) -> "Stack":
        """Read the stack SERVICE-STAGE.

        Raises StackError when it is not deployed, was not made by the plugin, or cannot be read.
        """
        name = f"{service}-{stage}"
        try:
            client = client or aws.client("cloudformation")
            with ThreadPoolExecutor(1) as pool:  # every command waits for both
                asked = pool.submit(client.get_template, StackName=name, TemplateStage="Original")
                described = client.describe_stacks(StackName=name)["Stacks"][0]
            body: Any = asked.result()["TemplateBody"]
        except FAILURES as error:
            raise _unreadable(name, stage, error) from None
        template = json.loads(body) if isinstance(body, str) else body
        if described["StackStatus"] == "DELETE_COMPLETE" or "Rowline" not in template.get(
            "Metadata", {}
        ):
            raise StackError(
                "holds no Rowline.",
                thing=f"stack {name}",
                hint=f"Deploy it: sls deploy --stage {stage}.",
            )
        settings = _settings(name, template["Metadata"]["Rowline"])
        return Stack(name, described["StackStatus"], settings, _outputs(described))

    @staticmethod
    def around(settings: StageSettings, client: "CloudFormationClient | None" = None) -> "Stack":
        """Read only the names of the stack of a function, which has the settings in its package.

        Raises StackError, StateUnavailable.
        """
        name = f"{settings.service}-{settings.stage}"
        try:
            client = client or aws.client("cloudformation")
            described = client.describe_stacks(StackName=name)["Stacks"][0]
        except FAILURES as error:
            if is_passing(error):
                raise StateUnavailable(
                    f"CloudFormation did not answer ({code_of(error)}).",
                    thing=f"stack {name}",
                    hint="The same call may succeed later.",
                ) from None
            raise _unreadable(name, settings.stage, error) from None
        updated = str(described.get("LastUpdatedTime", ""))
        return Stack(name, described["StackStatus"], settings, _outputs(described), updated)

    def has_changed_to(self, later: "Stack") -> bool:
        """Whether a deployment is under way, or was since this stack was read.

        later: the same stack, read again. Source of the names of a status: CloudFormation user
        guide, "Stack status codes".
        """
        under_way = any("IN_PROGRESS" in each.status for each in (self, later))
        return under_way or self.updated != later.updated

    @property
    def topic_arn(self) -> str:
        return self._output("TopicArn")

    @property
    def state_table(self) -> str:
        return self._output("StateTable")

    @property
    def claims_bucket(self) -> str:
        return self._output("ClaimsBucket")

    def queue_url(self, consumer: str) -> str:
        return self._output(f"{_upper(consumer)}QueueUrl")

    def dlq_url(self, consumer: str) -> str:
        return self._output(f"{_upper(consumer)}DlqUrl")

    def undelivered_url(self, consumer: str) -> str:
        """The DLQ of the subscription: what SNS could not deliver to the consumer's queue."""
        return self._output(f"{_upper(consumer)}UndeliveredUrl")

    def consume_function(self, consumer: str) -> str:
        return self._output(f"{_upper(consumer)}ConsumeFunction")

    @property
    def jobs_function(self) -> str:
        """The name of the jobs function; empty where an earlier version deployed the stage."""
        return self.outputs.get("JobsFunction", "")

    @property
    def archive_bucket(self) -> str:
        return self._archive("Bucket")

    @property
    def archive_database(self) -> str:
        return self._archive("Database")

    @property
    def archive_workgroup(self) -> str:
        return self._archive("Workgroup")

    @property
    def archive_function(self) -> str:
        return self._archive("Function")

    def _archive(self, part: str) -> str:
        if self.settings.archive is None:
            raise StackError(
                "has no archive.",
                thing=f"stack {self.name}",
                hint="Write archive: {retention: 400d} in serverless.yml and deploy it.",
            )
        return self._output(f"Archive{part}")

    def _output(self, key: str) -> str:
        try:
            return self.outputs[key]
        except KeyError:
            raise StackError(
                f"has no output {key}; its status is {self.status}.",
                thing=f"stack {self.name}",
                hint=_hint_of(self.status),
            ) from None


def _hint_of(status: str) -> str:
    """What to do about a stack that lacks an output.

    Source: CloudFormation user guide, "Stack status codes".
    """
    if status.endswith("IN_PROGRESS"):
        return "It is being deployed or removed: wait until that is over."
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"):
        return "Its first deployment failed. Remove it with sls remove, then deploy it again."
    return "Deploy it again with this version."


def _outputs(described: Any) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]


def _settings(name: str, metadata: Any) -> StageSettings:
    try:
        return from_json(metadata)
    except msgspec.ValidationError as error:
        raise StackError(
            f"was deployed by another version: {error}.",
            thing=f"stack {name}",
            hint="Deploy it again, or use the command of that version.",
        ) from None


def _unreadable(name: str, stage: str, error: Exception) -> StackError:
    if isinstance(error, ClientError):
        code = code_of(error)
        if code == "ValidationError":  # "Stack with id … does not exist"
            return StackError(
                "is not deployed.",
                thing=f"stack {name}",
                hint=f"Deploy it: sls deploy --stage {stage}.",
            )
        return StackError(
            f"cannot be read ({code}): {message_of(error)}.",
            thing=f"stack {name}",
            hint=credentials_hint(error)
            or (
                "Credentials need cloudformation:DescribeStacks and cloudformation:GetTemplate, "
                "for this account and region."
            ),
        )
    return StackError(
        f"cannot be read: {message_of(error)}.",
        thing=f"stack {name}",
        hint=credentials_hint(error)
        or "Set credentials and AWS_REGION, or AWS_ENDPOINT_URL for an emulator.",
    )
