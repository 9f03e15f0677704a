'use strict';

const { attribute } = require('./cloudformation');

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

const relayAlarms = (ids, stream, service, alerts) => ({
  [ids.alarm('Lag')]: alarm(
    alerts,
    'The relay is more than a minute behind its source, or says nothing at all.',
    {
      Namespace: 'Rowline',
      MetricName: 'LagMs',
      Dimensions: [
        { Name: 'service', Value: service },
        { Name: 'stream', Value: stream },
      ],
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
 * developer guide, "Available CloudWatch metrics for Amazon SQS"), so the function tells the age of
 * the oldest change that failed. Failed changes come back only after minutes: hence long periods.
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
        statistic('failed', {
          Namespace: 'Rowline',
          MetricName: 'OldestFailedMs',
          Dimensions: [
            { Name: 'service', Value: service },
            { Name: 'consumer', Value: name },
          ],
        }),
      ],
    },
  };
};

const consumerAlarms = (ids, name, service, alerts) => ({
  [ids.alarm('SetAside')]: alarm(
    alerts,
    `Changes of consumer ${name} were set aside in its DLQ.`,
    queueMetric(ids.dlq, 'ApproximateNumberOfMessagesVisible'),
  ),
  [ids.alarm('NotDelivered')]: alarm(
    alerts,
    `SNS could not deliver to the queue of consumer ${name}.`,
    queueMetric(ids.undelivered, 'ApproximateNumberOfMessagesVisible'),
  ),
  [ids.alarm('Late')]: late(ids, name, service, alerts),
});

module.exports = { relayAlarms, consumerAlarms };
