'use strict';

const names = require('./logical_ids');
const { allow } = require('./policy_statements');
const { arn, ref, sub } = require('./intrinsics');

const { bucket } = names.archive;
const UNFINISHED_DAYS = 30; // a job that was cancelled leaves parts

/** The consumers of the archive, for whose sources the jobs function takes snapshots. */
const archiving = ({ archive, consumers }) =>
  archive ? Object.values(consumers).filter(({ sink }) => sink.kind === 'archive') : [];

/** The secrets that snapshots need besides those of the consumers' sources. */
const secretsOf = (all) => [
  ...archiving(all).map(({ source }) => all.sources[source].secret),
  ...Object.values(all.archive?.snapshots.replicas ?? {}),
];

/** What the jobs function may do in the archive's bucket: parts of snapshots come there. */
const rights = (all) =>
  archiving(all).length
    ? [
        allow(
          'Snapshots',
          ['s3:PutObject'],
          ['parts', 'ready'].map((folder) =>
            sub(`\${bucket}/snapshots/${folder}/*`, { bucket: arn(bucket) }),
          ),
        ),
      ]
    : [];

const environment = (all) => (archiving(all).length ? { ROWLINE_ARCHIVE_BUCKET: ref(bucket) } : {});

/** Deletes the parts of unfinished snapshots after a while. */
const expiry = {
  Id: 'unfinished-snapshots',
  Status: 'Enabled',
  Prefix: 'snapshots/parts/',
  ExpirationInDays: UNFINISHED_DAYS,
};

const schedule = { rate: ['rate(1 hour)'], enabled: true, input: { do: 'snapshots' } };

module.exports = { archiving, secretsOf, rights, environment, expiry, schedule };
