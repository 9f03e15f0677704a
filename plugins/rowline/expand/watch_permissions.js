'use strict';

const { arn, ref, sub } = require('./intrinsics');
const { allow, via, logs, rows, account } = require('./policy_statements');

/** The rights of the watch: it reads and writes state of all consumers, and calls only AWS. */
function watchPermissions({ functionName, prefix, jobs, options }) {
  const { state, key, topic } = options.resources;
  const consumers = sub(`${account('lambda')}:function:${prefix}-consume*`);
  return [
    logs(functionName),
    allow(
      'Names',
      ['cloudformation:DescribeStacks'],
      sub(`${account('cloudformation')}:stack/${prefix}/*`),
    ),
    rows(
      'State',
      [
        'dynamodb:GetItem',
        'dynamodb:PutItem',
        'dynamodb:UpdateItem',
        'dynamodb:DeleteItem',
        'dynamodb:BatchWriteItem',
        'dynamodb:Query',
      ],
      state,
      ['watch', 'stream#*', 'consumer#*'],
    ),
    // CloudFormation begins the name of each queue with that of the stack. A list of all of them
    // would be longer than the policy of a role may be.
    allow(
      'Depths',
      ['sqs:GetQueueAttributes'],
      ['Queue', 'Dlq', 'Undelivered'].map((kind) => sub(`${account('sqs')}:${prefix}-${kind}*`)),
    ),
    allow(
      'Moved',
      ['sqs:ReceiveMessage', 'sqs:DeleteMessage'],
      ['Dlq', 'Undelivered'].map((kind) => sub(`${account('sqs')}:${prefix}-${kind}*`)),
    ),
    allow('MovedKey', ['kms:Decrypt'], arn(key), via('sqs')),
    allow('Subscribers', ['sns:ListSubscriptionsByTopic'], ref(topic)),
    // This one supports no resource. Source: Service Authorization Reference, "Amazon SNS".
    allow('Subscriptions', ['sns:GetSubscriptionAttributes'], '*'),
    allow('Slices', ['lambda:InvokeFunction'], sub(`${account('lambda')}:function:${jobs}`)),
    allow('Probe', ['lambda:InvokeFunction'], consumers),
    // These two support no resource. Source: Service Authorization Reference, "AWS Lambda" and
    // "Amazon CloudWatch".
    allow('Mappings', ['lambda:ListEventSourceMappings'], '*'),
    allow('Runs', ['cloudwatch:GetMetricData'], '*'),
    allow(
      'Switch',
      ['lambda:UpdateEventSourceMapping'],
      sub(`${account('lambda')}:event-source-mapping:*`),
      { ArnLike: { 'lambda:FunctionArn': consumers } },
    ),
  ];
}

module.exports = { watchPermissions };
