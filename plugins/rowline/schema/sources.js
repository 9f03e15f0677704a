'use strict';

const { NAME, SECRET, COLUMNS, TABLE, START } = require('./words');

// One captured table. `null` in YAML (a bare name) means: all defaults.
const table = {
  description: 'How a table is captured; leave it empty for the defaults.',
  type: ['object', 'null'],
  properties: {
    key: {
      ...COLUMNS,
      description: 'Unique, never-null columns that name a row, for a table without a primary key.',
    },
    shards: {
      type: 'integer',
      minimum: 1,
      maximum: 1024,
      default: 64,
      description: 'Message groups of the table; fixed for its life.',
    },
    shardBy: {
      ...COLUMNS,
      description: 'Columns whose equal values stay in order with each other, instead of the key.',
    },
    drop: { ...COLUMNS, description: 'Columns that never leave the relay.' },
    mask: {
      description: 'Columns whose value is replaced before it leaves the relay.',
      type: 'object',
      values: { type: ['string', 'null'], enum: ['hash', 'redact', 'null', null] },
    },
    acceptCascades: {
      type: 'boolean',
      default: false,
      description:
        'Capture it although rows that a cascading foreign key deletes or changes are not in the binlog.',
    },
  },
};

const source = {
  description: 'A database server that is read through its binlog.',
  type: 'object',
  required: ['tables'],
  properties: {
    secret: {
      ...SECRET,
      description: 'Secrets Manager secret {host, port, username, password, tls}.',
    },
    relayOf: {
      type: 'string',
      description: 'A source that this is one more relay of: same server, other tables.',
    },
    start: {
      ...START,
      type: 'string',
      default: 'latest',
      description: 'Where the first relay starts: earliest, latest, FILE:OFFSET or a GTID set.',
    },
    run: {
      type: 'string',
      enum: ['lambda', 'fargate'],
      default: 'lambda',
      description: 'Where the relay runs.',
    },
    tables: {
      description: 'The tables to capture.',
      type: 'object',
      keys: TABLE,
      atLeast: 1,
      values: table,
    },
    lingerMs: {
      type: 'integer',
      minimum: 0,
      maximum: 1000,
      default: 20,
      description: 'How long changes wait for company, on a quiet source.',
    },
    compression: {
      type: ['string', 'boolean'],
      enum: ['off', 'zstd', false],
      default: 'off',
      description: 'Of messages, where it makes them smaller.',
    },
    memory: {
      type: 'integer',
      minimum: 128,
      maximum: 30720,
      description:
        'Of the relay, MB: 1024 for a function, 512 for a container where nothing is said.',
    },
    cpu: {
      type: 'integer',
      enum: [256, 512, 1024, 2048, 4096],
      default: 256,
      description: 'Of a relay that is a container: 1024 is one processor.',
    },
  },
};

module.exports = { type: 'object', keys: NAME, values: source };
