'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const { lambda, logGroup } = require('./function');
const { consumerAlarms } = require('./alarms');
const { onlyByTls } = require('./transport');
const { ref, arn, retained, policyDocument } = require('./intrinsics');
const { sinks } = require('../sinks');
const { isOff } = require('../options');

const FOURTEEN_DAYS = 1209600; // seconds, SQS's longest retention
// SQS's largest maxReceiveCount: the DLQ is a safety net and does not handle ordinary errors
const MOST_RECEIVES = 1000;
// Seconds: a message of a killed function comes again this long after the function's time-out.
// Lambda recommends a visibility time-out of six function time-outs (Lambda developer guide,
// "Configuring a queue to use with Lambda"), so that a throttled batch does not come again while it
// waits. But then a killed function would delay its groups for six minutes. Instead an invocation
// first extends the time-out, and does not touch a batch that it no longer owns.
const VISIBILITY_MARGIN = 30;
const BATCH = 10; // Lambda's largest batch from a FIFO queue

// SNS sends to the DLQ of a subscription, and no queue may use it as a DLQ. The DLQ of a queue
// cannot be limited to that queue: each resource would name the other, and CloudFormation refuses
// such a cycle.
const NO_QUEUE_SENDS_HERE = { RedriveAllowPolicy: { redrivePermission: 'denyAll' } };

const queueOf = (tags, options, properties, policies = {}) => ({
  Type: 'AWS::SQS::Queue',
  ...policies,
  Properties: {
    FifoQueue: true,
    DeduplicationScope: 'messageGroup',
    FifoThroughputLimit: 'perMessageGroupId',
    KmsMasterKeyId: arn(options.resources.key),
    MessageRetentionPeriod: FOURTEEN_DAYS,
    Tags: tags,
    ...properties,
  },
});

const fromTopic = (queue, topic) => ({
  Sid: 'FromTopic',
  Effect: 'Allow',
  Principal: { Service: 'sns.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: arn(queue),
  Condition: { ArnEquals: { 'aws:SourceArn': ref(topic) } },
});
const tlsTo = (queue, options) => onlyByTls(options, 'sqs:*', arn(queue));
const accessTo = (queue, statements, policies = {}) => ({
  Type: 'AWS::SQS::QueuePolicy',
  ...policies,
  Properties: { Queues: [ref(queue)], PolicyDocument: policyDocument(statements) },
});

/**
 * The subscription's filter. It is on source, table and lane only, so a queue provably receives
 * every change of its tables.
 */
const filterOf = (consumer) => ({
  source: [consumer.source],
  table: consumer.tables.map((table) =>
    table.endsWith('.*') ? { prefix: table.slice(0, -1) } : table,
  ),
  lane: ['live'],
});

const fromQueue = (queue, concurrency) => ({
  sqs: {
    arn: arn(queue),
    batchSize: BATCH,
    functionResponseType: 'ReportBatchItemFailures',
    maximumConcurrency: concurrency,
  },
});

/** For sinks that pay for each batch: a mapping gives at most ten messages, without a window. */
const drain = { schedule: { rate: ['rate(1 minute)'], enabled: true, input: { drain: true } } };

/** One consumer: queue, DLQ, subscription with its own DLQ, function, role, alarms. */
function consumer(settings, { memory, timeout, concurrency, alarms }, context) {
  const { options, prefix, service, stage, alerts } = context;
  const { topic } = options.resources;
  const ids = names.consumer(settings.name);
  const name = `${prefix}-${ids.function}`;
  const tags = [
    { Key: 'rowline:service', Value: service },
    { Key: 'rowline:stage', Value: stage },
    { Key: 'rowline:consumer', Value: settings.name },
  ];
  const resources = {
    [ids.queue]: queueOf(tags, options, {
      VisibilityTimeout: timeout + VISIBILITY_MARGIN,
      RedrivePolicy: { deadLetterTargetArn: arn(ids.dlq), maxReceiveCount: MOST_RECEIVES },
    }),
    [ids.queuePolicy]: accessTo(ids.queue, [
      fromTopic(ids.queue, topic),
      ...tlsTo(ids.queue, options),
    ]),
    [ids.dlq]: queueOf(tags, options, {}, retained),
    ...(!isOff(options.tls) && {
      [ids.dlqPolicy]: accessTo(ids.dlq, tlsTo(ids.dlq, options), retained),
    }),
    // SNS discards a message that it may not deliver, because of a wrong queue policy or key
    // policy, unless the subscription has a DLQ of its own.
    [ids.undelivered]: queueOf(tags, options, NO_QUEUE_SENDS_HERE, retained),
    [ids.undeliveredPolicy]: accessTo(
      ids.undelivered,
      [fromTopic(ids.undelivered, topic), ...tlsTo(ids.undelivered, options)],
      retained,
    ),
    [ids.subscription]: {
      Type: 'AWS::SNS::Subscription',
      // otherwise the queue would refuse the first messages
      DependsOn: [ids.queuePolicy, ids.undeliveredPolicy],
      Properties: {
        TopicArn: ref(topic),
        Protocol: 'sqs',
        Endpoint: arn(ids.queue),
        RawMessageDelivery: true,
        FilterPolicyScope: 'MessageAttributes',
        FilterPolicy: filterOf(settings),
        RedrivePolicy: { deadLetterTargetArn: arn(ids.undelivered) },
      },
    },
    [ids.role]: permissions.role(
      permissions.consume({
        consumer: settings,
        functionName: name,
        queue: ids.queue,
        prefix,
        options,
      }),
      options,
    ),
    [ids.logGroup]: logGroup(name, options),
    ...(alerts &&
      !isOff(alarms) &&
      consumerAlarms(ids, { ...settings, functionName: name }, prefix, alerts)),
  };
  const functions = {
    [ids.function]: {
      ...lambda({
        name,
        handler: options.handlers.consume,
        role: ids.role,
        memory,
        timeout,
        environment: {
          ROWLINE_CONSUMER: settings.name,
          ROWLINE_QUEUE_URL: ref(ids.queue),
          ...sinks[settings.sink.kind].environment(settings.sink, prefix),
        },
        context,
        traced: true,
      }),
      description: `Applies the changes that consumer ${settings.name} receives`,
      // These two are for the watch's probes and for drains: the next one does what one did not.
      maximumRetryAttempts: 0,
      maximumEventAge: 60,
      events: [sinks[settings.sink.kind].drained ? drain : fromQueue(ids.queue, concurrency)],
    },
  };
  const outputs = {
    [names.output.queue(settings.name)]: { Value: ref(ids.queue) },
    [names.output.dlq(settings.name)]: { Value: ref(ids.dlq) },
    [names.output.undelivered(settings.name)]: { Value: ref(ids.undelivered) },
    [names.output.consume(settings.name)]: {
      Value: ref(`${ids.function[0].toUpperCase()}${ids.function.slice(1)}LambdaFunction`),
    },
  };
  return { functions, resources, outputs };
}

module.exports = { consumer, filterOf };
