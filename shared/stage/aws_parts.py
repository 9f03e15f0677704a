"""AWS parts: state, claims, topic, queues, functions and traces of a stage."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from shared.adapters import aws
from shared.adapters.claims.s3 import S3Claims
from shared.adapters.queue.sqs import SqsQueue
from shared.adapters.stack import Stack
from shared.adapters.state.dynamodb import open_state
from shared.adapters.state.state import State
from shared.adapters.topic.sns import SnsTopic, open_topic
from shared.adapters.tracing.contract import NoTracer, Tracer
from shared.stage.basis import Basis

if TYPE_CHECKING:
    from shared.adapters.functions.awslambda import LambdaFunctions
    from shared.adapters.observation.aws_observation import AwsObservation
    from shared.adapters.tracing.contract import Traces


class AwsParts(Basis):
    """What a stage has at AWS."""

    @cached_property
    def state(self) -> State:
        return open_state(self.client("dynamodb"), self.resources.state_table)

    @cached_property
    def claims(self) -> S3Claims:
        return S3Claims(self.client("s3"), self.resources.claims_bucket)

    @cached_property
    def topic(self) -> SnsTopic:
        return open_topic(self.resources.topic_arn)

    def consume_function(self, consumer: str) -> str:
        """The name of a consumer's function."""
        return self.resources.consume_function(consumer)

    def is_changing(self) -> bool:
        """Whether the stage is being deployed, or was since its names were read from the stack.

        Raises StackError, StateUnavailable.
        """
        held = self.resources
        return isinstance(held, Stack) and held.has_changed_to(Stack.around(self.settings))

    def queue(self, consumer: str) -> SqsQueue:
        return SqsQueue(self.client("sqs"), self.resources.queue_url(consumer))

    def dlq(self, consumer: str) -> SqsQueue:
        return SqsQueue(self.client("sqs"), self.resources.dlq_url(consumer))

    def undelivered(self, consumer: str) -> SqsQueue:
        """The DLQ of the consumer's subscription: messages that SNS could not deliver."""
        return SqsQueue(self.client("sqs"), self.resources.undelivered_url(consumer))

    @cached_property
    def functions(self) -> "LambdaFunctions":
        from shared.adapters.functions.awslambda import LambdaFunctions

        return LambdaFunctions(self.client("lambda"))

    @cached_property
    def observation(self) -> "AwsObservation":
        """What CloudWatch, SNS and SQS say of the stage, for commands."""
        from shared.adapters.observation.aws_observation import AwsObservation

        return AwsObservation(self.full_name, self.resources, self.client)

    @cached_property
    def tracer(self) -> Tracer:
        """Where the segments of traced messages go."""
        if not self.settings.traced_share:
            return NoTracer()
        from shared.adapters.tracing.xray import XRayTracer

        return XRayTracer(lambda: aws.client("xray", attempts=1))

    @cached_property
    def traces(self) -> "Traces":
        """The traces of the stage: of the local collector where its file is given, else X-Ray's."""
        from shared.adapters.tracing.collected import CollectedTraces
        from shared.adapters.tracing.xray import XRayTraces

        if file := self._addresses.get("traces"):
            return CollectedTraces(Path(file))
        return XRayTraces(self.client)
