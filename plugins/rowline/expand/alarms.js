'use strict';

const names = require('./logical_ids');
const { attribute } = require('./intrinsics');

const alarm = (alerts, description, properties) => ({
  Type: 'AWS::CloudWatch::Alarm',
  Properties: {
    AlarmDescription: description,
    ComparisonOperator: 'GreaterThanThreshold',
    Threshold: 0,
    Period: 60,
    EvaluationPeriods: 1,
    Statistic: 'Maximum',
    TreatMissingData: 'notBreaching',
    AlarmActions: [alerts],
    OKActions: [alerts],
    ...properties,
  },
});

const queueMetric = (queue, metric) => ({
  Namespace: 'AWS/SQS',
  MetricName: metric,
  Dimensions: [{ Name: 'QueueName', Value: attribute(queue, 'QueueName') }],
});

/** A figure that a function of the stage writes. dimensions: by name. */
const ownMetric = (metric, dimensions) => ({
  Namespace: 'Rowline',
  MetricName: metric,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

/**
 * An alarm on a figure that the watch writes each minute, 0 too. Missing figures are trouble: the
 * watch is silent. Three minutes, because two runs may fall into one minute and none into the next.
 */
const watched = (alerts, description, dimensions, metric) =>
  alarm(alerts, `${description} The same if the watch is silent.`, {
    ...ownMetric(metric, dimensions),
    Period: 180,
    TreatMissingData: 'breaching',
  });

const withThreshold = (Threshold, { Type, Properties }) => ({
  Type,
  Properties: { ...Properties, Threshold },
});

const watchAlarms = (ids, service, alerts) => ({
  [ids.alarm('Silent')]: alarm(
    alerts,
    'The watch, which looks after all relays and consumers, has not run for three minutes.',
    {
      ...ownMetric('WatchRuns', { service, function: 'watch' }),
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Statistic: 'Sum',
      Period: 180,
      TreatMissingData: 'breaching',
    },
  ),
});

/**
 * SNS discards what neither a queue nor the DLQ of its subscription takes (SNS developer guide,
 * "Amazon SNS dead-letter queues"). Its metric counts these messages, those of other services'
 * subscriptions too ("Monitoring Amazon SNS topics using CloudWatch"). Nothing else reports them.
 */
const topicAlarms = (topic, alerts) => ({
  [names.topic.alarm('Lost')]: alarm(
    alerts,
    'SNS lost messages: neither a queue nor the DLQ of its subscription took them.',
    {
      Namespace: 'AWS/SNS',
      MetricName: 'NumberOfNotificationsFailedToRedriveToDlq',
      Dimensions: [{ Name: 'TopicName', Value: attribute(topic, 'TopicName') }],
      Statistic: 'Sum',
      Period: 300,
    },
  ),
});

const functionMetric = (functionName, metric) => ({
  Namespace: 'AWS/Lambda',
  MetricName: metric,
  Dimensions: [{ Name: 'FunctionName', Value: functionName }],
});

const relayAlarms = (ids, stream, service, alerts) => ({
  [ids.alarm('Down')]: watched(
    alerts,
    `The relay of ${stream} does not run.`,
    { service, stream },
    'RelayDown',
  ),
  [ids.alarm('Retention')]: withThreshold(
    50,
    watched(
      alerts,
      `The relay of ${stream} is behind by half of the time that its source keeps binlogs.`,
      { service, stream },
      'BinlogUsedPercent',
    ),
  ),
  [ids.alarm('Lag')]: alarm(
    alerts,
    'The relay is more than a minute behind its source, or says nothing at all.',
    {
      ...ownMetric('LagMs', { service, stream }),
      Threshold: 60000,
      EvaluationPeriods: 5,
      TreatMissingData: 'breaching',
    },
  ),
});

const statistic = (id, metric) => ({
  Id: id,
  ReturnData: false,
  MetricStat: { Stat: 'Maximum', Period: 900, Metric: metric },
});

/**
 * SQS leaves out of its age messages that were received several times and not deleted (SQS
 * developer guide, "Available CloudWatch metrics for Amazon SQS"), so the function reports the age
 * of the oldest change that failed. Failed changes come back only after minutes: hence long
 * periods.
 */
const late = (ids, name, service, alerts) => {
  const { Statistic, Period, ...rest } = alarm(
    alerts,
    `Consumer ${name} is more than 15 minutes behind.`,
    {},
  ).Properties;
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      ...rest,
      Threshold: 900,
      EvaluationPeriods: 1,
      Metrics: [
        { Id: 'behind', Expression: 'MAX([FILL(waiting, 0), FILL(failed, 0) / 1000])' },
        statistic('waiting', queueMetric(ids.queue, 'ApproximateAgeOfOldestMessage')),
        statistic('failed', ownMetric('OldestFailedMs', { service, consumer: name })),
      ],
    },
  };
};

const consumerAlarms = (ids, { name, functionName, verify, enabled }, service, alerts) => ({
  [ids.alarm('Closed')]: watched(
    alerts,
    `The gate of consumer ${name} is closed: it applies nothing.`,
    { service, consumer: name },
    'GateClosed',
  ),
  [ids.alarm('Errors')]: alarm(alerts, `The function of consumer ${name} ends with errors.`, {
    ...functionMetric(functionName, 'Errors'),
    Statistic: 'Sum',
  }),
  [ids.alarm('Throttles')]: alarm(alerts, `The function of consumer ${name} is throttled.`, {
    ...functionMetric(functionName, 'Throttles'),
    Statistic: 'Sum',
    EvaluationPeriods: 5,
  }),
  [ids.alarm('Parked')]: watched(
    alerts,
    `Consumer ${name} has parked changes.`,
    { service, consumer: name },
    'ParkedChanges',
  ),
  [ids.alarm('MovedAway')]: watched(
    alerts,
    `SQS moved messages of consumer ${name} to its DLQ: they were received too often.`,
    { service, consumer: name },
    'DlqMessages',
  ),
  [ids.alarm('NotDelivered')]: watched(
    alerts,
    `SNS could not deliver to the queue of consumer ${name}.`,
    { service, consumer: name },
    'UndeliveredMessages',
  ),
  [ids.alarm('Due')]: watched(
    alerts,
    `Tables of consumer ${name} must be resynced.`,
    { service, consumer: name },
    'TablesDue',
  ),
  [ids.alarm('Differs')]: watched(
    alerts,
    `The last verify of consumer ${name} found differences.`,
    { service, consumer: name },
    'VerifyDifferences',
  ),
  ...(verify && {
    [ids.alarm('Unproved')]: watched(
      alerts,
      `The scheduled verify of consumer ${name} was not done in time.`,
      { service, consumer: name },
      'VerifyOverdue',
    ),
  }),
  // One that is off is behind on purpose. After 12 days its tables are due, and that alarm rings.
  ...(enabled !== false && { [ids.alarm('Late')]: late(ids, name, service, alerts) }),
});

module.exports = { alarm, ownMetric, relayAlarms, consumerAlarms, topicAlarms, watchAlarms };
