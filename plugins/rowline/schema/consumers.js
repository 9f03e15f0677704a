'use strict';

const { NAME, SECRET, COLUMNS, TABLES } = require('./words');

const elasticsearch = {
  description: 'The sink: an Elasticsearch cluster.',
  type: 'object',
  required: ['secret'],
  properties: {
    secret: {
      ...SECRET,
      description: 'Secrets Manager secret {url, api_key | username, password, ca_certificate}.',
    },
    alias: {
      type: 'string',
      default: '{database}-{table}',
      description: 'Alias to write to; may hold {database} and {table}.',
    },
    index: {
      type: 'string',
      description:
        'Path of a JSON file with settings and mappings; without it they come from the columns.',
    },
    id: {
      ...COLUMNS,
      description: 'Immutable unique columns that make the document id, instead of the key.',
    },
    fields: { ...COLUMNS, description: 'Columns to keep; all of them when left out.' },
    rename: {
      type: 'object',
      values: { type: 'string' },
      description: 'Column: field in the document.',
    },
  },
};

const consumer = {
  description: 'A queue, its DLQ, a function and a sink.',
  type: 'object',
  required: ['tables', 'elasticsearch'],
  properties: {
    source: { type: 'string', description: 'Which source; may be left out when there is one.' },
    tables: {
      description:
        'What it receives: database.table, or database.* for all captured tables of a database.',
      type: ['array', 'string'],
      list: true,
      atLeast: 1,
      items: {
        type: 'string',
        pattern: TABLES,
        example: 'market.listings',
        what: 'database.table or database.*',
      },
    },
    elasticsearch,
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
