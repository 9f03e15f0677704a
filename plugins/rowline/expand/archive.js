'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const snapshots = require('./archive_snapshots');
const { lambda, logGroup, outsideVpc } = require('./function');
const { allow, via, logs, rows } = require('./policy_statements');
const { archiveAlarms, archiveStreamAlarms } = require('./archive_alarms');
const { archiveFirehose } = require('./archive_firehose');
const { onlyByTls } = require('./transport');
const { ref, arn, sub, retained, policyDocument } = require('./intrinsics');
const { isOff } = require('../options');
const { sourceOf } = require('../schema/relays');

const LONGEST = 900; // seconds; a rewrite of a period may need them
const RESULT_DAYS = 7; // of Athena's results, which hold rows
const GB = 1e9;

/** The name of the Glue database: letters, digits and underscores, as Athena wants it. */
const databaseOf = (service, stage) =>
  `${service}_${stage}`.toLowerCase().replace(/[^a-z0-9]/g, '_');

/**
 * The archive: bucket, Glue database, Athena workgroup, and the function that keeps them. It is
 * outside the VPC, since it calls only AWS.
 */
function archive({ memory, scanLimit, infrequentAfter, via: way }, sources, context) {
  const { options, prefix, service, stage, alerts } = context;
  const ids = names.archive;
  const name = `${prefix}-${ids.function}`;
  const byFirehose = way === 'firehose';
  return {
    functions: {
      [ids.function]: {
        ...lambda({
          name,
          handler: options.handlers.archive,
          role: ids.role,
          memory,
          timeout: LONGEST,
          environment: {
            ROWLINE_ARCHIVE_BUCKET: ref(ids.bucket),
            ROWLINE_ARCHIVE_DATABASE: ref(ids.database),
          },
          context: outsideVpc(context),
        }),
        description: 'Moves archived changes into the table, and keeps the table in order',
        // the schedule starts the next run
        maximumRetryAttempts: 0,
        maximumEventAge: 60,
        package: { artifact: '.serverless/rowline-archive.zip' },
        events: [
          { schedule: { rate: ['rate(1 minute)'], enabled: true, input: { do: 'commit' } } },
          { schedule: { rate: ['rate(1 hour)'], enabled: true, input: { do: 'maintain' } } },
          { schedule: snapshots.schedule },
          { schedule: { rate: ['rate(1 hour)'], enabled: true, input: { do: 'privacy-tend' } } },
        ],
      },
    },
    resources: {
      ...stores(ids, options, databaseOf(service, stage), prefix, scanLimit, infrequentAfter),
      [ids.role]: permissions.role(rights(name, sources, options), options),
      [ids.logGroup]: logGroup(name, options),
      ...(alerts && archiveAlarms(ids, prefix, alerts)),
      ...(byFirehose && archiveFirehose(ids, prefix, context)),
      ...(byFirehose && alerts && archiveStreamAlarms(ids, prefix, alerts)),
    },
    outputs: {
      [names.output.archiveBucket]: { Value: ref(ids.bucket) },
      [names.output.archiveDatabase]: { Value: ref(ids.database) },
      [names.output.archiveWorkgroup]: { Value: ref(ids.workgroup) },
      [names.output.archive]: { Value: ref('ArchiveLambdaFunction') },
    },
  };
}

/**
 * Moves the table's files to cheaper storage, which costs for each byte that is read. S3 keeps
 * objects under 128 KB where they are. Source: S3 user guide, "Transitioning objects using Amazon
 * S3 Lifecycle": at least 30 days.
 */
const infrequent = (after) =>
  isOff(after)
    ? []
    : [
        {
          Id: 'table-infrequent',
          Status: 'Enabled',
          Prefix: 'lake/data/',
          Transitions: [{ StorageClass: 'STANDARD_IA', TransitionInDays: parseInt(after, 10) }],
        },
      ];

function stores(ids, options, database, workgroup, scanLimit, infrequentAfter) {
  const { key } = options.resources;
  const inside = sub('${bucket}/*', { bucket: arn(ids.bucket) });
  return {
    [ids.bucket]: {
      Type: 'AWS::S3::Bucket',
      ...retained,
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: {
                SSEAlgorithm: 'aws:kms',
                KMSMasterKeyID: arn(key),
              },
            },
          ],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'query-results',
              Status: 'Enabled',
              Prefix: 'results/',
              ExpirationInDays: RESULT_DAYS,
            },
            snapshots.expiry,
            ...infrequent(infrequentAfter),
            {
              Id: 'unfinished-uploads',
              Status: 'Enabled',
              AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            },
          ],
        },
      },
    },
    ...(!isOff(options.tls) && {
      [ids.bucketPolicy]: {
        Type: 'AWS::S3::BucketPolicy',
        ...retained,
        Properties: {
          Bucket: ref(ids.bucket),
          PolicyDocument: policyDocument(onlyByTls(options, 's3:*', [arn(ids.bucket), inside])),
        },
      },
    }),
    [ids.database]: {
      Type: 'AWS::Glue::Database',
      Properties: {
        CatalogId: ref('AWS::AccountId'),
        DatabaseInput: { Name: database, Description: 'Row changes that Rowline archived' },
      },
    },
    [ids.workgroup]: {
      Type: 'AWS::Athena::WorkGroup',
      Properties: {
        Name: workgroup,
        RecursiveDeleteOption: true,
        WorkGroupConfiguration: {
          EnforceWorkGroupConfiguration: true,
          PublishCloudWatchMetricsEnabled: true,
          BytesScannedCutoffPerQuery: scanLimit * GB,
          EngineVersion: { SelectedEngineVersion: 'Athena engine version 3' },
          ResultConfiguration: {
            OutputLocation: sub('s3://${bucket}/results/', { bucket: ref(ids.bucket) }),
            EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: arn(key) },
          },
        },
      },
    },
  };
}

const FOLDERS = [
  ...['landing', 'healing', 'rejected', 'lake', 'snapshots'],
  ...['erasing', 'erased', 'results'],
];
const ERASED = [
  ...['GetItem', 'BatchGetItem', 'Query'],
  ...['PutItem', 'DeleteItem', 'BatchWriteItem'],
].map((action) => `dynamodb:${action}`);

function rights(functionName, sources, options) {
  const { bucket, database } = names.archive;
  const { state, key, claims } = options.resources;
  const streams = [
    ...new Set(Object.values(sources).map((one) => `stream#${sourceOf(one.name, one)}`)),
  ];
  const glue = (resource) =>
    sub(`arn:\${AWS::Partition}:glue:\${AWS::Region}:\${AWS::AccountId}:${resource}`, {
      database: ref(database),
    });
  return [
    logs(functionName),
    allow(
      'Objects',
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      FOLDERS.map((prefix) => sub(`\${bucket}/${prefix}/*`, { bucket: arn(bucket) })),
    ),
    allow('Listing', ['s3:ListBucket'], [arn(bucket), arn(claims)]),
    allow(
      'Claims',
      ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
      ['rows', 'claims', 'parked', 'dropped'].map((prefix) =>
        sub(`\${bucket}/${prefix}/*`, { bucket: arn(claims) }),
      ),
    ),
    allow(
      'Versions',
      ['s3:GetBucketVersioning', 's3:ListBucketVersions'],
      [arn(bucket), arn(claims)],
    ),
    allow(
      'FormerVersions',
      ['s3:DeleteObjectVersion'],
      [bucket, claims].map((one) => sub('${bucket}/*', { bucket: arn(one) })),
    ),
    allow('ObjectsKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
    allow(
      'Catalog',
      ['glue:GetTable', 'glue:CreateTable', 'glue:UpdateTable'],
      [glue('catalog'), glue('database/${database}'), glue('table/${database}/*')],
    ),
    rows('Lease', ['dynamodb:GetItem', 'dynamodb:UpdateItem'], state, ['lease']),
    rows('Progress', ['dynamodb:GetItem', 'dynamodb:PutItem'], state, ['archive']),
    rows('Streams', ['dynamodb:GetItem', 'dynamodb:Query'], state, streams),
    rows('Consumers', ERASED, state, ['consumer#*']),
  ];
}

module.exports = { archive };
