'use strict';

const schema = {
  description: 'a file of JSON lines',
  type: 'object',
  required: ['path'],
  properties: {
    path: { type: 'string', description: 'Of the file.' },
    longest: { type: 'integer', minimum: 100, default: 10000, description: 'Of a line.' },
  },
};

module.exports = { schema, settings: (stanza) => stanza };
