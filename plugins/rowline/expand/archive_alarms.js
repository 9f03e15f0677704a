'use strict';

const { alarm, ownMetric } = require('./alarms');
const { ref } = require('./intrinsics');

/** The committer emits each minute for how long the table has lacked a change; 0: it lacks none. */
const archiveAlarms = (ids, service, alerts) => ({
  [ids.alarm('Behind')]: alarm(
    alerts,
    'The archive is more than 15 minutes behind its streams, or its committer fails.',
    {
      ...ownMetric('ArchiveBehindMs', { service, archive: 'changes' }),
      Threshold: 900000,
      EvaluationPeriods: 10,
      DatapointsToAlarm: 10,
      TreatMissingData: 'breaching',
    },
  ),
  [ids.alarm('Rejected')]: alarm(
    alerts,
    'Objects of the archive could not be read; they are kept below rejected/ in its bucket.',
    ownMetric('LandingRejected', { service, archive: 'changes' }),
  ),
});

/** Firehose tries for a day to deliver what it accepted. Nothing arrives below its error prefix. */
const archiveStreamAlarms = (ids, service, alerts) => ({
  [ids.alarm('Delayed')]: alarm(
    alerts,
    'Firehose has not delivered changes of the archive for 15 minutes; after a day it drops them.',
    {
      Namespace: 'AWS/Firehose',
      MetricName: 'DeliveryToS3.DataFreshness',
      Dimensions: [{ Name: 'DeliveryStreamName', Value: ref(ids.stream) }],
      Period: 300,
      Threshold: 900,
    },
  ),
  [ids.alarm('Undeliverable')]: alarm(
    alerts,
    "Firehose wrote objects below firehose-errors/ of the archive's bucket.",
    ownMetric('FirehoseErrors', { service, archive: 'changes' }),
  ),
});

module.exports = { archiveAlarms, archiveStreamAlarms };
