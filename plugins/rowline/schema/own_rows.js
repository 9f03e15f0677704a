'use strict';

const { TABLE } = require('./naming');
const { REFERENCE, codeProblems } = require('./own_code');

// `upcasters` and `mapping` of a consumer: own code that works on rows.

const VERSION = { pattern: /^[1-9]\d*$/, example: '1', what: 'the schema version that it lifts' };

const schema = {
  upcasters: {
    type: 'object',
    atLeast: 1,
    keys: TABLE,
    values: {
      type: 'object',
      atLeast: 1,
      keys: VERSION,
      values: REFERENCE,
      description: 'Schema version: own code, like 1: upcast/listings.add_currency.',
    },
    description: 'Table: schema version: own code that lifts rows of it to the next version.',
  },
  mapping: { ...REFERENCE, description: 'Own code that makes a document of a row.' },
};

/**
 * The problems of both.
 *
 * tables: those that the consumer receives. read: returns the text of a file, or throws.
 */
function ownRowsProblems(path, { upcasters = {}, mapping, handler }, tables, read) {
  const steps = Object.entries(upcasters).flatMap(([table, versions]) =>
    table in tables
      ? Object.entries(versions).flatMap(([version, reference]) =>
          codeProblems(`${path}.upcasters.${table}.${version}`, reference, read),
        )
      : [
          `${path}.upcasters.${table} is no table of this consumer. It receives ` +
            `${Object.keys(tables).join(', ')}.`,
        ],
  );
  if (mapping === undefined) return steps;
  if (handler !== undefined)
    return [
      ...steps,
      `${path}.mapping is of no use beside a handler, which gets the row itself. Call your ` +
        'mapping in the handler.',
    ];
  return [...steps, ...codeProblems(`${path}.mapping`, mapping, read)];
}

module.exports = { schema, ownRowsProblems };
