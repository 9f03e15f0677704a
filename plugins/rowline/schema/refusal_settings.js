'use strict';

// `ordering`, `parkBudget` and `maxAttempts` of a consumer: what follows when its sink refuses a
// change.

const { isOff } = require('../options');

const schema = {
  ordering: {
    type: 'string',
    enum: ['latest-state', 'every-change'],
    description:
      "After a refusal, a row's later changes continue (latest-state), or wait (every-change).",
  },
  parkBudget: {
    type: 'integer',
    minimum: 0,
    maximum: 100000,
    description: 'Changes that may be parked in a minute; beyond it nothing is applied any more.',
  },
  maxAttempts: {
    type: 'integer',
    minimum: 1,
    maximum: 10,
    description: 'How often a refused change is tried within one invocation before it is parked.',
  },
};

/** The problems of a consumer's ordering. */
const refusalProblems = (path, { ordering, marks }) =>
  ordering === 'every-change' && marks !== undefined && isOff(marks)
    ? [
        `${path}.marks is off, but ordering: every-change needs the marks to drop what comes ` +
          'twice. Take marks: off out.',
      ]
    : [];

module.exports = { schema, refusalProblems, keys: Object.keys(schema) };
