'use strict';

// Names become part of logical ids and of function names, so they are letters and digits. 40
// characters leave room for service and stage.
const NAME = {
  pattern: /^[a-z][a-zA-Z0-9]{0,39}$/,
  example: 'listingSearch',
  what: 'a camelCase name of at most 40 letters and digits',
};

const SECRET = {
  type: 'string',
  // Source: Secrets Manager API reference, CreateSecret, and its format of ARNs.
  pattern:
    /^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+|[A-Za-z0-9/_+=.@-]{1,512})$/,
  example: 'rowline/prod/source',
  what: 'the name or ARN of a secret',
};

const COLUMNS = {
  type: ['string', 'array'],
  items: { type: 'string', pattern: /\S/, example: 'id', what: 'the name of a column' },
  list: true,
  unique: true,
  atLeast: 1,
};

// Servers allow nearly any character in a name, even blanks inside it. A dot or a star would be
// ambiguous here. SNS filters on a message attribute, which cannot hold a control character: SNS
// and SQS accept only the characters of XML 1.0 (SQS API reference, SendMessage).
// A quotation mark and a backslash would have to be escaped twice in a filter (SNS developer guide,
// "Filter policy constraints"), and the emulator does not tell what such a filter lets pass.
const LETTER = String.raw`[^.*\p{Cc}\uFFFE\uFFFF]`;
const PART = String.raw`(?!\s)${LETTER}+(?<!\s)`;
const SIMPLE = String.raw`(?!\s)(?:(?!["\\])${LETTER})+(?<!\s)`;
const ONE = new RegExp(`^${SIMPLE}\\.${PART}$`, 'u');
const ONE_OR_ALL = new RegExp(`^${SIMPLE}\\.(${SIMPLE}|\\*)$`, 'u');

/** A sentence that explains why a name is not database.table, or an empty text. */
function whyNot(name) {
  if (/\p{Cc}/u.test(name)) return 'SNS cannot filter on a name with a control character.';
  if (/["\\]/.test(name))
    return (
      'SNS filters on no name with a quotation mark or a backslash. A table with one is received ' +
      'by database.* only.'
    );
  if (name.includes('*'))
    return 'Only database.* stands for several tables: a filter of SNS knows no other pattern.';
  if (name.split('.').length > 2)
    return 'A database or table whose own name has a dot cannot be captured.';
  return '';
}

const TABLE = { pattern: ONE, example: 'market.listings', what: 'database.table', whyNot };
const TABLES = { ...TABLE, pattern: ONE_OR_ALL, what: 'database.table or database.*' };

// Where a relay starts. shared/values/position.py reads the same forms.
const UUID = '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
const PLACES = [
  'earliest|latest',
  String.raw`[^:,\s]+\.\d+:\d+`,
  String.raw`\d+-\d+-\d+(,\s*\d+-\d+-\d+)*`,
  String.raw`${UUID}:\S[\s\S]*`,
];
const START = {
  pattern: new RegExp(`^(${PLACES.join('|')})$`),
  example: 'bin.000007:4',
  what: 'earliest, latest, FILE:OFFSET or a GTID set',
};

module.exports = { NAME, SECRET, COLUMNS, TABLE, TABLES, START };
