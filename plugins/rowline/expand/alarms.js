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

const consumerAlarms = (ids, name, alerts) => ({
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
  [ids.alarm('Late')]: alarm(alerts, `Consumer ${name} is more than 15 minutes behind.`, {
    ...queueMetric(ids.queue, 'ApproximateAgeOfOldestMessage'),
    Threshold: 900,
    EvaluationPeriods: 3,
  }),
});

module.exports = { relayAlarms, consumerAlarms };
