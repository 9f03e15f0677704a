'use strict';

const { SECRET, COLUMNS } = require('../schema/words');
const { secret } = require('../expand/statements');

const schema = {
  description: 'an Elasticsearch cluster',
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

function problems({ path, stanza, tables, read }) {
  return [
    ...aliasProblems(path, stanza.alias, tables),
    ...(stanza.index === undefined ? [] : readIndex(path, stanza.index, read).problems),
  ];
}

function aliasProblems(path, alias, tables) {
  const unknown = [...alias.matchAll(/\{([^}]*)\}/g)]
    .map((match) => match[1])
    .filter((word) => !['database', 'table'].includes(word));
  if (unknown.length)
    return [`${path}.alias holds {${unknown[0]}}; only {database} and {table} are filled in.`];
  if (tables.length > 1 && !alias.includes('{table}'))
    return [
      `${path}.alias is ${JSON.stringify(alias)} for ${tables.length} tables: their documents ` +
        `would overwrite each other. Write {table} in it (${alias}-{table}), or give each table ` +
        'a consumer.',
    ];
  return [];
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

/**
 * Two consumers of one cluster that write different tables into one index: rows of the same key
 * would overwrite each other.
 */
function clashes(consumers) {
  const first = {};
  return consumers.flatMap(({ name, source, tables, stanza }) => {
    const found = tables.flatMap((table) => {
      const [database, short] = table.split('.');
      const index = stanza.alias.replaceAll('{database}', database).replaceAll('{table}', short);
      const key = JSON.stringify([stanza.secret, index]);
      first[key] ??= { name, source, table };
      const other = first[key];
      if (other.name === name || (other.source === source && other.table === table)) return [];
      return [
        `consumers.${name} and consumers.${other.name} both write to ${index}, ${table} of ` +
          `${source} and ${other.table} of ${other.source}: their documents would overwrite each ` +
          `other. Give consumers.${name}.elasticsearch.alias a name of its own, like ` +
          `${source.toLowerCase()}-{database}-{table}.`,
      ];
    });
    return found.slice(0, 1);
  });
}

/** The content of the index file becomes part of it, so that functions and command need no file. */
const settings = (stanza, { read }) => ({
  id: [],
  fields: [],
  rename: {},
  ...stanza,
  index: stanza.index === undefined ? {} : readIndex('', stanza.index, read).index,
});

const permissions = (sink) => [secret(sink.secret)];

module.exports = { schema, problems, clashes, settings, permissions };
