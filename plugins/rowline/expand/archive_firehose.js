'use strict';

const permissions = require('./permissions');
const { allow, via } = require('./policy_statements');
const { ref, arn, sub, retained } = require('./intrinsics');

// Below `landing/`, so that the committer takes these objects like those of the consumer.
const PREFIX = 'landing/firehose/';
const ERRORS = 'firehose-errors/';
// A drain brings a minute's changes within seconds: a longer interval hardly reduces the objects.
// Each object is in the committer's memory. Source: Firehose API reference, BufferingHints: 0 to
// 900 seconds, 1 to 128 MiB.
const BUFFER = { IntervalInSeconds: 15, SizeInMBs: 32 };
const LOG_STREAM = 'delivery';

/**
 * The Firehose stream of `archive: {via: firehose}`. Stream and role are kept when they leave the
 * stack: a stream that is deleted may not deliver what it has accepted. Source: Firehose API
 * reference, DeleteDeliveryStream. One that gets nothing costs nothing.
 */
function archiveFirehose(ids, prefix, context) {
  const { options, logRetention } = context;
  const { key } = options.resources;
  return {
    [ids.stream]: {
      Type: 'AWS::KinesisFirehose::DeliveryStream',
      ...retained,
      Properties: {
        DeliveryStreamType: 'DirectPut',
        DeliveryStreamEncryptionConfigurationInput: {
          KeyType: 'CUSTOMER_MANAGED_CMK',
          KeyARN: arn(key),
        },
        ExtendedS3DestinationConfiguration: {
          BucketARN: arn(ids.bucket),
          RoleARN: arn(ids.streamRole),
          Prefix: PREFIX,
          ErrorOutputPrefix: `${ERRORS}!{firehose:error-output-type}/`,
          BufferingHints: BUFFER,
          CompressionFormat: 'GZIP',
          EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN: arn(key) } },
          CloudWatchLoggingOptions: {
            Enabled: true,
            LogGroupName: ref(ids.streamLogGroup),
            LogStreamName: ref(ids.streamLog),
          },
        },
      },
    },
    [ids.streamRole]: {
      ...permissions.role(rights(ids, key), options, 'firehose.amazonaws.com'),
      ...retained,
    },
    [ids.streamLogGroup]: {
      Type: 'AWS::Logs::LogGroup',
      Properties: {
        LogGroupName: `/rowline/${prefix}-firehose`,
        KmsKeyId: arn(key),
        ...(logRetention && { RetentionInDays: logRetention }),
      },
    },
    [ids.streamLog]: {
      Type: 'AWS::Logs::LogStream',
      Properties: { LogGroupName: ref(ids.streamLogGroup), LogStreamName: LOG_STREAM },
    },
  };
}

// Source: Firehose developer guide, "Grant Firehose access to an Amazon S3 destination".
function rights({ bucket, streamLogGroup }, key) {
  const below = (prefix) => sub(`\${bucket}/${prefix}*`, { bucket: arn(bucket) });
  return [
    allow(
      'Deliver',
      ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload'],
      [below(PREFIX), below(ERRORS)],
    ),
    allow(
      'Bucket',
      ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
      arn(bucket),
    ),
    allow('DeliverKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
    allow('Logs', ['logs:PutLogEvents'], arn(streamLogGroup)),
  ];
}

module.exports = { archiveFirehose };
