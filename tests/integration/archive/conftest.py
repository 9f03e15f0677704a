"""A bucket, a Glue database and an Athena workgroup of a test's own, in the emulated AWS."""

import time
from dataclasses import dataclass

import boto3
import pytest

from shared.adapters import aws as clients
from shared.adapters.lake.iceberg import IcebergLake
from shared.adapters.landing.s3 import S3Landing
from shared.flows.archive.committing import Committer
from tests.worlds.archive_world import own_name


@dataclass
class ArchivePlace:
    """Where a test archives."""

    bucket: str
    database: str

    @property
    def landing(self) -> S3Landing:
        return S3Landing(clients.client("s3"), self.bucket)

    @property
    def lake(self) -> IcebergLake:
        return IcebergLake(self.bucket, self.database)

    @property
    def committer(self) -> Committer:
        return Committer(self.landing, self.lake, lambda: int(time.time() * 1000))


@pytest.fixture
def place(aws: dict[str, str]) -> ArchivePlace:
    """An empty archive."""
    made = ArchivePlace(own_name(), own_name("db").replace("-", "_"))
    s3 = boto3.client("s3")
    s3.create_bucket(
        Bucket=made.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    boto3.client("glue").create_database(DatabaseInput={"Name": made.database})
    return made
