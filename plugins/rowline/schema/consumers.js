'use strict';

const { NAME, TABLES } = require('./words');
const { sinks } = require('../sinks');

const consumer = {
  description: 'A queue, its DLQ, a function and a sink.',
  type: 'object',
  required: ['tables'],
  properties: {
    source: { type: 'string', description: 'Which source; may be left out when there is one.' },
    tables: {
      description:
        'What it receives: database.table, or database.* for all captured tables of a database.',
      type: ['array', 'string'],
      list: true,
      atLeast: 1,
      items: { type: 'string', ...TABLES },
    },
    ...Object.fromEntries(Object.entries(sinks).map(([kind, sink]) => [kind, sink.schema])),
    marks: {
      type: ['boolean', 'string'],
      enum: [true, false, 'on', 'off'],
      default: true,
      description: 'off waives the record per group, and with it the proof of completeness.',
    },
    memory: {
      type: 'integer',
      minimum: 128,
      maximum: 10240,
      default: 512,
      description: 'Of the function, MB.',
    },
    timeout: {
      type: 'integer',
      minimum: 10,
      maximum: 900,
      default: 60,
      description: 'Of the function, seconds.',
    },
    concurrency: {
      type: 'integer',
      minimum: 2,
      maximum: 1000,
      default: 10,
      description: 'Batches in flight at most.',
    },
  },
};

module.exports = { type: 'object', keys: NAME, values: consumer };
