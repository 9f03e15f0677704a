"""Properties that CloudFormation must not drop, on the emulator with its gaps closed."""

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
