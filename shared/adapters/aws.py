"""AWS clients: their time-outs, attempts and connections.

Every client of functions, containers and commands is made here, so that a call behaves alike
wherever it runs: it ends well before a function's own time-out, and an outage shows as one.
"""

import os
import socket
from typing import Any

import boto3
from botocore.config import Config

from shared.adapters.aws_models import quick_session

CONNECT_SECONDS, READ_SECONDS = 1.5, 3.0
"""Of one attempt. Publishing makes one attempt, which therefore ends within 4.5 s."""

ATTEMPTS = 3
"""Of calls that botocore may repeat; two pauses of at most a second lie between them."""


LONG_ANSWER_SECONDS = 60.0
"""The connection of a longer wait shows every so often that it lives. NAT gateways, interface
endpoints and load balancers forget a connection that is silent for 350 s, and tell nobody. Source:
AWS Networking blog, "Implementing long-running TCP Connections within VPC networking".
"""

_ALIVE = [
    (socket.IPPROTO_TCP, getattr(socket, name), seconds)
    for name, seconds in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30))
    if hasattr(socket, name)
]


def config(
    *, attempts: int = ATTEMPTS, connections: int = 10, read_seconds: float = READ_SECONDS
) -> Config:
    """The settings of a client.

    attempts: calls at most, the first included; 1 where the caller repeats them itself.
    connections: kept open at most.
    read_seconds: the longest wait for an answer.
    """
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"total_max_attempts": attempts, "mode": "standard"},
        max_pool_connections=connections,
        tcp_keepalive=True,
    )


def client(
    service: str,
    *,
    attempts: int = ATTEMPTS,
    connections: int = 10,
    read_seconds: float = READ_SECONDS,
) -> Any:
    """A client of one service, in the region and with the credentials of the environment.

    AWS_REGION comes before AWS_DEFAULT_REGION, which is the only one that boto3 reads. Source: AWS
    CLI user guide, "Environment variables". Many threads may use it. See `config` for the
    parameters.
    """
    settings = config(attempts=attempts, connections=connections, read_seconds=read_seconds)
    region = os.environ.get("AWS_REGION") or None
    if boto3.DEFAULT_SESSION is None:
        boto3.setup_default_session(botocore_session=quick_session())
    made: Any = boto3.client(service, region, config=settings)  # type: ignore[call-overload]
    if read_seconds > LONG_ANSWER_SECONDS:
        # botocore switches keep-alive on, but leaves the two hours of the kernel.
        made._endpoint.http_session._socket_options.extend(_ALIVE)
    return made
