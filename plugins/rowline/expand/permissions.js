'use strict';

const { arn, ref, sub, policyDocument } = require('./cloudformation');
const { sourceOf } = require('../schema/relays');

// What each function may do: one statement an integration, its Sid the name under which docs/iam.md
// explains it. The emulator checks neither KMS nor the VPC nor the queue poller, so the tests hold
// this list against that page and not only against a deployment.

const allow = (sid, actions, resource, condition) => ({
  Sid: sid,
  Effect: 'Allow',
  Action: actions,
  Resource: resource,
  ...(condition && { Condition: condition }),
});

const via = (service) => ({
  StringEquals: { 'kms:ViaService': sub(`${service}.\${AWS::Region}.\${AWS::URLSuffix}`) },
});

/**
 * Secrets Manager adds six characters to the ARN of a secret; a name stands for exactly that one.
 */
const secretArn = (secret) =>
  secret.startsWith('arn:')
    ? secret
    : sub(
        `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secret}-??????`,
      );

const logs = (functionName) =>
  allow(
    'Logs',
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    sub(
      `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${functionName}:*`,
    ),
  );

// These actions know no resource below "*", except by tags that Lambda does not set. Needed only
// inside a VPC.
const network = () =>
  allow(
    'Network',
    [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    '*',
  );

const secret = (name) => allow('Secret', ['secretsmanager:GetSecretValue'], secretArn(name));

// `ForAllValues` holds too when a request names no key; such requests (Scan) are not among the
// actions.
const rows = (sid, actions, table, keys) =>
  allow(sid, actions, arn(table), { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } });

function relay({ source, functionName, options }) {
  return [
    logs(functionName),
    ...(options.subnets.length ? [network()] : []),
    ...relayTask({ source, options }),
  ];
}

/** What a relay does itself, whatever runs it. */
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
      sub(`\${bucket}/claims/${sourceOf(source.name, source)}/*`, { bucket: arn(claims) }),
    ),
    // without it S3 says "denied" of a journal's page that was never written
    allow('ClaimGone', ['s3:ListBucket'], arn(claims)),
    allow('ClaimKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
  ];
}

// REGION and ACCOUNT of a private repository stand in the image's name. Source: ECR user guide,
// "Amazon ECR registries".
const PRIVATE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/;

/** What ECS does before the relay runs, in its name: pull the image, write its log. */
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

function consume({ consumer, functionName, queue, dlq, options }) {
  const { state, claims, key } = options.resources;
  return [
    logs(functionName),
    ...(options.subnets.length ? [network()] : []),
    secret(consumer.elasticsearch.secret),
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
    allow('SetAside', ['sqs:SendMessage'], arn(dlq)),
    allow('QueueKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('sqs')),
    rows(
      'Marks',
      [
        'dynamodb:GetItem',
        'dynamodb:BatchGetItem',
        'dynamodb:UpdateItem',
        'dynamodb:BatchWriteItem',
      ],
      state,
      [`consumer#${consumer.name}`, `consumer#${consumer.name}#*`],
    ),
    rows('Schemas', ['dynamodb:GetItem'], state, [`stream#${consumer.source}`]),
    allow(
      'Claim',
      ['s3:GetObject'],
      sub(`\${bucket}/claims/${consumer.source}/*`, { bucket: arn(claims) }),
    ),
    // without it S3 says "denied" of an object that is gone, and the change would wait for ever
    allow('ClaimGone', ['s3:ListBucket'], arn(claims)),
    allow('ClaimKey', ['kms:Decrypt'], arn(key), via('s3')),
  ];
}

/** A role of its own for one function, or one task. */
const role = (statements, service = 'lambda.amazonaws.com') => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: policyDocument([
      { Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' },
    ]),
    Policies: [{ PolicyName: 'rowline', PolicyDocument: policyDocument(statements) }],
  },
});

module.exports = { relay, relayTask, relayExecution, consume, role };
