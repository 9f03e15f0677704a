'use strict';

const { NAME, SECRET, COLUMNS, TABLE, START } = require('./naming');

// One captured table. A bare name, which is `null` in YAML, has all defaults.
const table = {
  description: 'How a table is captured; leave it empty for the defaults.',
  type: ['object', 'null'],
  properties: {
    key: {
      ...COLUMNS,
      description: 'Unique NOT NULL columns that identify a row, if the table has no primary key.',
    },
    shards: {
      type: 'integer',
      minimum: 1,
      maximum: 1024,
      default: 64,
      description:
        'Number of message groups of the table. A table whose number changes is not captured.',
    },
    shardBy: {
      ...COLUMNS,
      description: 'Rows with equal values in these columns stay in order; default: the key.',
    },
    drop: { ...COLUMNS, atLeast: 0, description: 'Columns that never leave the relay.' },
    mask: {
      description:
        'Columns whose value is replaced before it leaves the relay, like {email: hash}.',
      type: 'object',
      atLeast: 1,
      values: { type: ['string', 'null'], enum: ['hash', 'redact', 'null', null] },
    },
    clear: {
      ...COLUMNS,
      atLeast: 0,
      description:
        'Columns that may leave as they are, though they could be a hidden one under a new name.',
    },
    acceptCascades: {
      type: 'boolean',
      default: false,
      description:
        'Capture it although the binlog lacks the rows that a cascading foreign key deletes or ' +
        'changes.',
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
      description: 'The source that this is a further relay of: same server, other tables.',
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
      description: 'How long a change of a quiet source waits for others, in milliseconds.',
    },
    compression: {
      type: ['string', 'boolean'],
      enum: ['off', 'zstd', false],
      default: 'off',
      description: 'Compression of messages that it makes smaller.',
    },
    memory: {
      type: 'integer',
      minimum: 128,
      maximum: 30720,
      description: 'Memory of the relay, MB; by default 1024 for a function, 512 for a container.',
    },
    cpu: {
      type: 'integer',
      enum: [256, 512, 1024, 2048, 4096],
      default: 256,
      description: 'CPU units of a relay that runs as a container; 1024 is one processor.',
    },
  },
};

module.exports = {
  description: 'Sources by their names, like shop: {secret: …, tables: …}.',
  type: 'object',
  keys: NAME,
  values: source,
};
