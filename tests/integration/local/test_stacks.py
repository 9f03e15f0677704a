"""Properties that CloudFormation must not drop, on the emulator with its gaps closed."""

import gzip

import boto3


def test_bucket_keeps_encryption_and_life_cycle(deploy, name):
    rule = {"Id": "claims", "Status": "Enabled", "Prefix": "claims/", "ExpirationInDays": 30}
    default = {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"},
        "BucketKeyEnabled": True,
    }
    deploy(
        {
            "Bucket": {
                "Type": "AWS::S3::Bucket",
                "Properties": {
                    "BucketName": name,
                    "BucketEncryption": {"ServerSideEncryptionConfiguration": [default]},
                    "LifecycleConfiguration": {"Rules": [rule]},
                },
            }
        }
    )
    client = boto3.client("s3")
    (found,) = client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
        "Rules"
    ]
    assert found["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (kept,) = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (kept["ID"], kept["Filter"]["Prefix"], kept["Expiration"]["Days"]) == (
        "claims",
        "claims/",
        30,
    )


def test_table_keeps_its_expiry(deploy, name):
    deploy(
        {
            "Table": {
                "Type": "AWS::DynamoDB::Table",
                "Properties": {
                    "TableName": name,
                    "BillingMode": "PAY_PER_REQUEST",
                    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                    "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
                },
            }
        }
    )
    found = boto3.client("dynamodb").describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires")


def test_firehose_compresses_what_it_delivers(deploy, name):
    deploy({"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}})
    firehose, s3 = boto3.client("firehose"), boto3.client("s3")
    firehose.create_delivery_stream(
        DeliveryStreamName=name,
        ExtendedS3DestinationConfiguration={
            "BucketARN": f"arn:aws:s3:::{name}",
            "RoleARN": "arn:aws:iam::000000000000:role/any",
            "CompressionFormat": "GZIP",
        },
    )
    answer = firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": b"a\n"}])
    assert answer["FailedPutCount"] == 0
    (found,) = s3.list_objects_v2(Bucket=name)["Contents"]
    assert found["Key"].endswith(".gz")
    assert gzip.decompress(s3.get_object(Bucket=name, Key=found["Key"])["Body"].read()) == b"a\n"
