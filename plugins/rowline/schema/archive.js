'use strict';

const { isOff } = require('../options');
const { scheduleProblem } = require('./schedule');
const { SECRET } = require('./naming');
const { ownSources, capturedBy } = require('./relays');

/** The stanza `archive:`. */
const schema = {
  description: 'Keeps every change in an Iceberg table: {retention: 400d}, or off.',
  type: 'object',
  properties: {
    retention: {
      type: 'string',
      pattern: /^([1-9]\d{0,4}d|forever)$/,
      example: '400d',
      what: 'a number of days, or forever',
      default: '400d',
      description: 'How long changes are kept.',
    },
    via: {
      type: 'string',
      enum: ['s3', 'firehose'],
      default: 's3',
      description: 'How changes come into the bucket: written to S3, or by Amazon Data Firehose.',
    },
    infrequentAfter: {
      type: 'string',
      pattern: /^([3-9]\d|[1-9]\d{2,4})d$|^off$/,
      example: '90d',
      what: 'a number of days from 30d on, or off',
      default: 'off',
      description: "When the table's files move to infrequent-access storage.",
    },
    memory: {
      type: 'integer',
      minimum: 1024,
      maximum: 10240,
      default: 2048,
      description: 'Memory of the function that commits and compacts, MB.',
    },
    scanLimit: {
      type: 'integer',
      minimum: 1,
      maximum: 7000,
      default: 100,
      description: 'GB that one Athena query may read.',
    },
    snapshots: {
      description:
        'Snapshots of the tables, like {keep: 35d}; {schedule: off} takes none by itself.',
      type: 'object',
      properties: {
        schedule: {
          type: ['string', 'boolean'],
          default: 'weekly',
          description: 'When they are taken: nightly, weekly, cron(…), or off: only by hand.',
        },
        keep: {
          type: 'string',
          pattern: /^[1-9]\d{0,3}d$/,
          example: '35d',
          what: 'a number of days',
          default: '35d',
          description: 'How long a snapshot is kept.',
        },
        rowsPerSecond: {
          type: 'integer',
          minimum: 0,
          maximum: 10000000,
          default: 0,
          description: 'The most rows that are read per second; 0: no limit.',
        },
        replicas: {
          type: 'object',
          default: {},
          values: { ...SECRET, description: 'The secret of a replica.' },
          description: 'Source to the secret of a replica, which is read instead of it.',
        },
      },
    },
    api: {
      type: ['boolean', 'string'],
      enum: [true, false, 'on', 'off'],
      default: 'off',
      description: 'An HTTP API with IAM auth for questions about the past.',
    },
  },
};

const upper = (name) => name[0].toUpperCase() + name.slice(1);

/** The name of the consumer that archives a source. */
const nameOf = (source) => `archive${upper(source)}`;

const isOn = (archive) => !isOff(archive);

/**
 * The archive's consumers as stanzas: one for each source, with all of its tables, since the
 * numbers of a stream are dense over its tables.
 */
function archiveConsumers(sources, archive) {
  if (!isOn(archive)) return {};
  return Object.fromEntries(
    ownSources(sources).map((source) => [
      nameOf(source),
      {
        source,
        tables: patternsOf(capturedBy(sources, source).map(([table]) => table)),
        archive: archive.via === 'firehose' ? { via: 'firehose' } : {},
        marks: false, // the ledger proves more
      },
    ]),
  );
}

/** One pattern `database.*` for each database, because a filter of SNS has at most 150 values. */
const patternsOf = (tables) => [
  ...new Set(tables.map((table) => `${table.slice(0, table.indexOf('.'))}.*`)),
];

/** Consumers whose names the archive takes, and those that use its sink themselves. */
function archiveProblems(sources, consumers, archive) {
  const made = archiveConsumers(sources, archive);
  const replicas = Object.keys((isOn(archive) && archive.snapshots?.replicas) || {});
  const unknown = replicas.filter((name) => !ownSources(sources).includes(name));
  const lost = unknown.map(
    (name) =>
      `archive.snapshots.replicas.${name} is no source. ` +
      `Name one of: ${ownSources(sources).join(', ')}.`,
  );
  const clashes = Object.entries(consumers).flatMap(([name, one]) => [
    ...(Object.hasOwn(made, name)
      ? [`consumers.${name} has the name of the archive's own consumer. Choose another.`]
      : []),
    ...(one?.archive !== undefined
      ? [
          `consumers.${name}.archive is no sink of yours: write archive: {retention: 400d} at ` +
            'the top level, and every change of every source is archived.',
        ]
      : []),
  ]);
  const when = isOn(archive) ? archive.snapshots?.schedule : undefined;
  const never = when === undefined || isOff(when) ? undefined : scheduleProblem(String(when));
  const wrong = never
    ? [`archive.snapshots.schedule is ${JSON.stringify(when)}. ${never} off takes none.`]
    : [];
  return [...lost, ...wrong, ...clashes];
}

module.exports = { schema, isOn, archiveConsumers, archiveProblems };
