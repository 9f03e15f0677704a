'use strict';

const { SECRET, COLUMNS } = require('../schema/naming');
const { secretName } = require('../schema/relays');
const { secret } = require('../expand/policy_statements');

const schema = {
  description: 'an Elasticsearch cluster',
  also: ['opensearch'],
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
      description: 'Alias to write to; may contain {database} and {table}.',
    },
    index: {
      type: 'string',
      description:
        'Path of a JSON file with settings and mappings; by default they come from the columns.',
    },
    id: {
      ...COLUMNS,
      description: 'Unique NOT NULL columns that the document id is made of; default: the key.',
    },
    fields: { ...COLUMNS, description: 'Columns to keep; default: all.' },
    rename: {
      type: 'object',
      atLeast: 1,
      values: { type: 'string' },
      description: 'Column: field in the document.',
    },
  },
};

function problems({ path, stanza, patterns, tables, mapping, read }) {
  return [
    ...mappingProblems(path, stanza, mapping),
    ...aliasProblems(path, stanza.alias, patterns, Object.keys(tables)),
    ...fieldProblems(path, stanza),
    ...columnProblems(path, stanza, tables),
    ...(stanza.index === undefined ? [] : readIndex(path, stanza.index, read).problems),
  ];
}

/** Keys that say what a mapping says. */
const mappingProblems = (path, stanza, mapping) =>
  ['fields', 'rename']
    .filter((key) => mapping !== undefined && stanza[key] !== undefined)
    .map(
      (key) =>
        `${path}.${key} is of no use beside mapping: ${mapping} makes the whole document. Take ` +
        'it out.',
    );

function aliasProblems(path, alias, patterns, tables) {
  const wrong = (what) => [`${path}.alias is ${JSON.stringify(alias)}: ${what}`];
  const [unknown] = [...alias.matchAll(/\{([^}]*)\}/g)]
    .map((match) => match[1])
    .filter((word) => !['database', 'table'].includes(word));
  if (unknown !== undefined)
    return [
      `${path}.alias holds {${unknown}}. Write {database} or {table}: only they are filled in.`,
    ];
  if (tables.length > 1 && !alias.includes('{table}'))
    return [
      `${path}.alias is ${JSON.stringify(alias)} for ${tables.length} tables: their documents ` +
        `would overwrite each other. Write {table} in it (${alias}-{table}), or give each table ` +
        'a consumer.',
    ];
  const [all] = patterns.filter((pattern) => pattern.endsWith('.*'));
  if (all && !alias.includes('{table}'))
    return wrong(`${all} stands for any number of tables. Write {table} in it (${alias}-{table}).`);
  if (new Set(tables.map((table) => table.split('.')[0])).size > 1 && !alias.includes('{database}'))
    return wrong('tables of several databases would share an index. Write {database} in it.');
  if (/\{database\}[^-]*\{table\}|\{table\}[^-]*\{database\}/.test(alias))
    return wrong(
      'it does not keep database and table apart. Put a hyphen between them: {database}-{table}.',
    );
  // Source: Elasticsearch reference, "Create an index". Names that are filled in are made valid.
  if (!/^(\{\w+\}|[a-z0-9])([a-z0-9_.-]|\{\w+\})*$/.test(alias) || alias.length > LONGEST_ALIAS)
    return wrong(
      'it cannot be the name of an index. Use lower-case letters, digits, _, . and -, a letter ' +
        `or digit first, at most ${LONGEST_ALIAS} characters.`,
    );
  return [];
}

const LONGEST_ALIAS = 200; // an index name has 255 bytes, and {database} and {table} become longer

// Source: Elasticsearch reference, "Metadata fields". The functions know the same names.
const RESERVED =
  '_doc_count _feature _field_names _id _ignored _ignored_source _index _inference_fields ' +
  '_nested_path _routing _seq_no _source _tier _type _version';

/** Columns that share a field, impossible fields, and renames of columns that are not kept. */
function fieldProblems(path, { fields = [], rename = {} }) {
  const outside = Object.keys(rename).filter((column) => fields.length && !fields.includes(column));
  if (outside.length)
    return [
      `${path}.rename.${outside[0]}: ${outside[0]} is not among ${path}.fields. Add it there, or ` +
        'take it out of rename.',
    ];
  const odd = Object.entries(rename).find(
    ([, field]) => field.includes('.') || !field.trim() || RESERVED.split(' ').includes(field),
  );
  if (odd)
    return [
      `${path}.rename.${odd[0]} is ${JSON.stringify(odd[1])}, which cannot be a field. ` +
        'Choose a name without dots, not blank, that Elasticsearch does not reserve.',
    ];
  const owner = new Map();
  for (const column of fields.length ? fields : Object.keys(rename)) {
    const field = Object.hasOwn(rename, column) ? rename[column] : safeField(column);
    if (owner.has(field))
      return [
        `${path}.rename: ${owner.get(field)} and ${column} both go into the field ${field}. ` +
          'Rename one of them to a name of its own.',
      ];
    owner.set(field, column);
  }
  return [];
}

/** The default field of a column: Elasticsearch reads dots as objects. */
function safeField(column) {
  const field = column.replaceAll('.', '_');
  return RESERVED.split(' ').includes(field) ? `${field}_` : field;
}

/** Columns of the stanza that the source drops or masks. */
function columnProblems(path, { id = [], fields = [], rename = {} }, tables) {
  const all = Object.entries(tables);
  const hidden = all.flatMap(([table, { drop = [], mask = {} }]) =>
    id.flatMap((column) => {
      if (drop.includes(column)) return [`${column}, which the source drops from ${table}`];
      if (!Object.hasOwn(mask, column) || String(mask[column]) === 'hash') return [];
      return [`${column}, which is masked in ${table}, so that all documents would be one`];
    }),
  );
  const dropped = [...fields, ...Object.keys(rename)].filter(
    (column) => all.length && all.every(([, { drop = [] }]) => drop.includes(column)),
  );
  return [
    ...hidden.slice(0, 1).map((what) => `${path}.id names ${what}. Take another column.`),
    ...dropped
      .slice(0, 1)
      .map(
        (column) =>
          `${path}.${fields.includes(column) ? 'fields' : 'rename'} names ${column}, which the ` +
          'source drops. Take it out here, or out of drop there.',
      ),
  ];
}

const AT_THE_TOP = ['settings', 'mappings'];

/** The index file that a stanza names: {index, problems}. */
function readIndex(path, file, read) {
  const wrong = (what) => ({ problems: [`${path}.index: ${what}`] });
  let text;
  try {
    text = read(file);
  } catch {
    return wrong(`there is no file ${file}. Paths are relative to serverless.yml.`);
  }
  let index;
  try {
    index = JSON.parse(text);
  } catch (error) {
    return wrong(`${file} is not JSON: ${error.message}.`);
  }
  if (typeof index !== 'object' || index === null || Array.isArray(index))
    return wrong(`${file} must hold a map with settings and mappings.`);
  const [unknown] = Object.keys(index).filter((key) => !AT_THE_TOP.includes(key));
  if (unknown)
    return wrong(`${file} has ${unknown} at its top; only settings and mappings belong there.`);
  return { index, problems: [] };
}

/** Consumers of one cluster that write to one index: each would overwrite the other. */
function clashes(consumers) {
  const first = {};
  return consumers.flatMap(({ name, source, tables, stanza }) => {
    const found = tables.flatMap((table) => {
      const [database, short] = table.split('.');
      const index = stanza.alias.replaceAll('{database}', database).replaceAll('{table}', short);
      const key = JSON.stringify([secretName(stanza.secret), index]);
      first[key] ??= { name, source, table };
      const other = first[key];
      if (other.name === name) return [];
      const same = other.source === source && other.table === table;
      const what = same
        ? `the documents of ${table}, so that one overwrites the fields of the other`
        : `${table} of ${source} and ${other.table} of ${other.source}: their documents would ` +
          'overwrite each other';
      const own = `${(same ? name : source).toLowerCase()}-{database}-{table}`;
      return [
        `consumers.${name} and consumers.${other.name} both write to ${index}, ${what}. Give ` +
          `consumers.${name}.elasticsearch.alias a name of its own, like ${own}.`,
      ];
    });
    return found.slice(0, 1);
  });
}

/** The settings, with the content of the index file: functions and command need no file. */
const settings = (stanza, { read }) => ({
  id: [],
  fields: [],
  rename: {},
  ...stanza,
  index: stanza.index === undefined ? {} : readIndex('', stanza.index, read).index,
});

const permissions = (sink) => [secret(sink.secret)];

module.exports = { schema, problems, clashes, settings, permissions };
