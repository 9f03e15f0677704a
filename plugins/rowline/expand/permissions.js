'use strict';

const { arn, ref, sub, policyDocument } = require('./intrinsics');
const { allow, via, account, logs, network, secret, rows, traces } = require('./policy_statements');
const { sourceOf } = require('../schema/relays');
const names = require('./logical_ids');
const { sinks } = require('../sinks');
const snapshots = require('./archive_snapshots');
const { isOff } = require('../options');

// The rights of each function: one statement for each integration. docs/iam.md explains each under
// its Sid. The emulator does not check KMS, the VPC or the queue poller, so tests compare this list
// with that page as well as with a deployment.

/** What reads, writes and deletes rows of the state table. */
const WHOLE_ROWS = [
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'dynamodb:PutItem',
  'dynamodb:UpdateItem',
  'dynamodb:DeleteItem',
  'dynamodb:BatchWriteItem',
  'dynamodb:Query',
];

/** The claims of a source: large rows, which expire, and its relays' journal. */
const claimsOf = (source, bucket) =>
  ['rows', 'claims'].map((prefix) =>
    sub(`\${bucket}/${prefix}/${source}/*`, { bucket: arn(bucket) }),
  );

function relay({ source, functionName, options }) {
  return [
    logs(functionName),
    ...(options.subnets.length ? [network()] : []),
    ...relayTask({ source, options }),
  ];
}

/** The rights of a relay as a function and as a container. */
function relayTask({ source, options }) {
  const { topic, state, claims, key } = options.resources;
  return [
    secret(source.secret),
    rows(
      'Stream',
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
      state,
      [`stream#${sourceOf(source.name, source)}`],
    ),
    allow('Publish', ['sns:Publish'], ref(topic)),
    allow('PublishKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('sns')),
    allow(
      'Claim',
      ['s3:PutObject', 's3:GetObject'],
      claimsOf(sourceOf(source.name, source), claims),
    ),
    // without it S3 answers "denied" for a page of the journal that was never written
    allow('ClaimGone', ['s3:ListBucket'], arn(claims)),
    allow('ClaimKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
    ...traces(options),
  ];
}

// The name of an image in a private repository has the account and the region. Source: ECR user
// guide, "Amazon ECR registries".
const PRIVATE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/;

/** The rights of ECS for a relay: pull its image, write its log. */
function relayExecution({ logGroup, image }) {
  const [, account, region, repository] = PRIVATE.exec(image) ?? [];
  return [
    allow('Logs', ['logs:CreateLogStream', 'logs:PutLogEvents'], arn(logGroup)),
    ...(repository
      ? [
          allow('Registry', ['ecr:GetAuthorizationToken'], '*'),
          allow(
            'Image',
            ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'],
            sub(`arn:\${AWS::Partition}:ecr:${region}:${account}:repository/${repository}`),
          ),
        ]
      : []),
  ];
}

function consume({ consumer, functionName, queue, prefix, options }) {
  const { state, claims, key } = options.resources;
  return [
    logs(functionName),
    ...(options.subnets.length ? [network()] : []),
    allow(
      'Receive',
      [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:ChangeMessageVisibility',
      ],
      arn(queue),
    ),
    allow('QueueKey', ['kms:Decrypt'], arn(key), via('sqs')),
    rows('Marks', WHOLE_ROWS, state, [`consumer#${consumer.name}`, `consumer#${consumer.name}#*`]),
    rows('Schemas', ['dynamodb:GetItem'], state, [`stream#${consumer.source}`]),
    allow('Claim', ['s3:GetObject'], claimsOf(consumer.source, claims)),
    allow(
      'Parked',
      ['s3:PutObject', 's3:GetObject', 's3:DeleteObject'],
      sub(`\${bucket}/parked/${consumer.name}/*`, { bucket: arn(claims) }),
    ),
    // without it S3 answers "denied" for a deleted object, and the change would wait for ever
    allow('ClaimGone', ['s3:ListBucket'], arn(claims)),
    allow('ClaimKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
    ...traces(options),
    ...sinks[consumer.sink.kind].permissions(consumer.sink, options.resources, prefix),
  ];
}

/** The consumers that jobs fill and compare: not those of the archive, which has its own stanza. */
const workedOn = ({ consumers }) =>
  Object.values(consumers).filter(({ sink }) => !sinks[sink.kind].internal);

/** The rights of the jobs function: it reads every source and writes to every sink. */
function jobs({ all, functionName, prefix, options }) {
  const { state, claims, key } = options.resources;
  const consumers = workedOn(all);
  const own = [...new Set(consumers.map(({ source }) => source))];
  const queues = Object.values(all.consumers).map(({ name }) => arn(names.consumer(name).queue));
  const secrets = [...own.map((name) => all.sources[name].secret), ...snapshots.secretsOf(all)];
  const stanzas = consumers.map(({ sink }) => sinks[sink.kind].permissions(sink));
  return [
    logs(functionName),
    ...(options.subnets.length ? [network()] : []),
    allow(
      'Secret',
      ['secretsmanager:GetSecretValue'],
      unique(secrets.flatMap((name) => secret(name).Resource)),
    ),
    ...merged(stanzas.flat()),
    rows('Jobs', WHOLE_ROWS, state, ['consumer#*']),
    // A repair may ask the relay to number above what it found.
    rows(
      'Streams',
      ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:Query'],
      state,
      ['stream#*'],
    ),
    // A backfill waits until the watch has seen the deployed filter for long enough.
    rows('Subscribed', ['dynamodb:GetItem'], state, ['watch']),
    ...(queues.length
      ? [allow('Send', ['sqs:SendMessage', 'sqs:GetQueueAttributes'], queues)]
      : []),
    allow('QueueKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('sqs')),
    ...(own.length
      ? [
          allow(
            'Claim',
            ['s3:PutObject'],
            own.map((source) => sub(`\${bucket}/rows/${source}/*`, { bucket: arn(claims) })),
          ),
        ]
      : []),
    ...snapshots.rights(all),
    ...(all.archive
      ? [
          allow(
            'Archive',
            ['lambda:InvokeFunction'],
            sub(`${account('lambda')}:function:${prefix}-${names.archive.function}`),
          ),
        ]
      : []),
    // A redrive that is resumed here may drop changes, which it stores first.
    allow('Dropped', ['s3:PutObject'], sub('${bucket}/dropped/*', { bucket: arn(claims) })),
    allow('Parked', ['s3:GetObject'], sub('${bucket}/parked/*', { bucket: arn(claims) })),
    // without it S3 answers "denied" for a payload that has expired, and the job would end there
    allow('ClaimGone', ['s3:ListBucket'], arn(claims)),
    allow('ClaimKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
  ];
}

const unique = (all) =>
  Object.values(Object.fromEntries(all.map((one) => [JSON.stringify(one), one])));

/** The statements of several sinks: those with the same actions become one. */
function merged(statements) {
  const found = {};
  for (const one of statements) {
    const key = JSON.stringify([one.Action, one.Condition]);
    const sid = `Sink${Object.keys(found).length + 1}`;
    found[key] ??= { ...one, Sid: sid, Resource: [] };
    found[key].Resource = unique([...found[key].Resource, one.Resource].flat());
  }
  return Object.values(found);
}

// A service may use a role only for resources of this account. Lambda passes the account; ECS also
// the ARN of the task; Firehose the account as an external ID. Sources: IAM user guide, "The
// confused deputy problem"; ECS developer guide, "Amazon ECS task IAM role"; CloudWatch Logs user
// guide, "Step 1: Create a Firehose delivery stream".
const ONLY_THIS_ACCOUNT = { StringEquals: { 'aws:SourceAccount': ref('AWS::AccountId') } };
const TRUST = {
  'lambda.amazonaws.com': ONLY_THIS_ACCOUNT,
  'firehose.amazonaws.com': { StringEquals: { 'sts:ExternalId': ref('AWS::AccountId') } },
  'ecs-tasks.amazonaws.com': {
    ...ONLY_THIS_ACCOUNT,
    ArnLike: {
      'aws:SourceArn': sub('arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}:*'),
    },
  },
};

/** The role of one function or one task. */
const role = (statements, { permissionsBoundary }, service = 'lambda.amazonaws.com') => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: policyDocument([
      {
        Effect: 'Allow',
        Principal: { Service: service },
        Action: 'sts:AssumeRole',
        Condition: TRUST[service],
      },
    ]),
    ...(!isOff(permissionsBoundary) && { PermissionsBoundary: permissionsBoundary }),
    Policies: [{ PolicyName: 'rowline', PolicyDocument: policyDocument(statements) }],
  },
});

module.exports = { relay, relayTask, relayExecution, consume, jobs, role, workedOn };
