'use strict';

// Names become part of logical ids and of function names, so they are letters and digits. 40 leaves
// room for service and stage.
const NAME = {
  pattern: /^[a-z][a-zA-Z0-9]{0,39}$/,
  example: 'listingSearch',
  what: 'a camelCase name of at most 40 letters and digits',
};

const SECRET = {
  type: 'string',
  pattern: /^(arn:[^\s]+|[A-Za-z0-9/_+=.@-]{1,512})$/,
  example: 'rowline/prod/source',
  what: 'the name or ARN of a secret',
};

const COLUMNS = { type: ['string', 'array'], items: { type: 'string' }, list: true };

// Servers allow any character but \0 in a name, blanks inside too. A dot or a star would be
// ambiguous here.
const TABLE = /^[^.*\s]([^.*]*[^.*\s])?\.[^.*\s]([^.*]*[^.*\s])?$/;
const TABLES = /^[^.*\s]([^.*]*[^.*\s])?\.([^.*\s]([^.*]*[^.*\s])?|\*)$/;

module.exports = { NAME, SECRET, COLUMNS, TABLE, TABLES };
