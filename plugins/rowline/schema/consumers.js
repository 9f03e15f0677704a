'use strict';

const { NAME, TABLES } = require('./naming');
const filters = require('./filters');
const ownRows = require('./own_rows');
const refusals = require('./refusal_settings');
const schedule = require('./schedule');
const { sinks } = require('../sinks');

const consumer = {
  description: 'A queue, its DLQ, a function and a sink.',
  type: 'object',
  required: ['tables'],
  properties: {
    source: { type: 'string', description: 'The source; optional if there is only one.' },
    tables: {
      description:
        'What it receives: database.table, or database.* for all captured tables of a database.',
      type: ['array', 'string'],
      list: true,
      atLeast: 1,
      unique: true,
      items: { type: 'string', ...TABLES },
    },
    ...filters.schema,
    ...ownRows.schema,
    ...schedule.schema,
    ...refusals.schema,
    ...Object.fromEntries(Object.entries(sinks).map(([kind, sink]) => [kind, sink.schema])),
    marks: {
      type: ['boolean', 'string'],
      enum: [true, false, 'on', 'off'],
      default: true,
      description: 'off keeps no record per group, so that completeness cannot be proved.',
    },
    alarms: {
      type: ['boolean', 'string'],
      enum: [true, false, 'on', 'off'],
      default: true,
      description: 'off makes no alarms for this consumer, though the stage has an alarm topic.',
    },
    enabled: {
      type: ['boolean', 'string'],
      enum: [true, false, 'on', 'off'],
      default: true,
      description: 'off: it applies nothing, and its queue keeps the changes, for 14 days.',
    },
    requirements: {
      type: 'string',
      pattern: /^[^\s/][^\n]*\.txt$/,
      example: 'consumers/requirements.txt',
      what: 'the path of a requirements file',
      description: 'Python packages that your own code of this consumer needs.',
    },
    memory: {
      type: 'integer',
      minimum: 128,
      maximum: 10240,
      default: 512,
      description: 'Memory of the function, MB.',
    },
    timeout: {
      type: 'integer',
      minimum: 10,
      maximum: 900,
      default: 60,
      description: 'Time-out of the function, seconds.',
    },
    concurrency: {
      type: 'integer',
      minimum: 2,
      maximum: 1000,
      default: 10,
      description: 'Maximum number of batches at once.',
    },
  },
};

module.exports = {
  description: 'Consumers by their names, like search: {tables: …, elasticsearch: …}.',
  type: 'object',
  keys: NAME,
  values: consumer,
};
