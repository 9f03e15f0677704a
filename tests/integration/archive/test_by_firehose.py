"""Firehose's objects on real Iceberg files, in the emulated Firehose, S3 and Glue."""

import boto3
import msgspec

from shared.adapters import aws as clients
from shared.adapters.firehose.contract import MOST_RECORD
from shared.adapters.firehose.firehose_stream import FirehoseStream
from shared.domain.sink import Arrival, Slice
from shared.flows.consume.sinks.archive import ArchiveSink
from tests.integration.archive.conftest import ArchivePlace
from tests.worlds.archive_world import change, message


def test_what_firehose_delivers_twice_is_in_the_table_once(place: ArchivePlace) -> None:
    firehose = boto3.client("firehose")
    firehose.create_delivery_stream(
        DeliveryStreamName=place.bucket,
        ExtendedS3DestinationConfiguration={
            "BucketARN": f"arn:aws:s3:::{place.bucket}",
            "RoleARN": "arn:aws:iam::000000000000:role/any",
            "Prefix": "landing/firehose/",
            "CompressionFormat": "GZIP",
        },
    )
    large = msgspec.structs.replace(change(501), after={"id": 1, "text": "x" * MOST_RECORD})
    changes = [*map(change, range(1, 501)), large]
    arrivals = [Arrival(message([each]), "live", each, 100) for each in changes]
    sink = ArchiveSink(place.landing, FirehoseStream(clients.client("firehose"), place.bucket))
    for some in (arrivals, arrivals[200:]):  # the queue delivers some of them again
        assert {each.kind for each in sink.apply(Slice(some))} == {"applied"}
    names = [each.name for each in place.landing.list()]
    assert [name.endswith(".zst") for name in names].count(True) == 1, (
        "the large one came by itself"
    )
    assert len([name for name in names if name.startswith("firehose/")]) == 2
    done = place.committer.run(lambda: 300)
    assert (done.rows, done.duplicates, done.rejected) == (501, 300, 0)
    assert not list(place.landing.list())
