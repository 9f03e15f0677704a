'use strict';

const { oneWithCommas } = require('./validate');

// `operations` and `filter` of a consumer: which changes of its tables reach its sink.

const OPERATIONS = ['c', 'u', 'd', 'r', 't'];
const LETTERS = 'They are create, update, delete, read by a backfill, truncate.';
const SCALARS = ['string', 'integer', 'number', 'boolean', 'null'];

const schema = {
  operations: {
    type: ['array', 'string'],
    list: true,
    atLeast: 1,
    unique: true,
    items: { type: 'string', enum: OPERATIONS, description: LETTERS },
    description: 'Operations that reach the sink: c, u, d, r, t. All, if it is missing.',
  },
  filter: {
    type: 'object',
    atLeast: 1,
    values: { type: [...SCALARS, 'array'], items: { type: SCALARS }, atLeast: 1 },
    description: 'Column: value or list of values; or changed: columns of which one must change.',
  },
};

/** The settings of a valid filter: {values: {column: [value]}, changed: [column]}. */
function filterSettings(filter = {}) {
  const { changed = [], ...values } = filter;
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([column, wanted]) => [column, [wanted].flat()]),
    ),
    changed: [changed].flat(),
  };
}

const KEPT_DIGITS = 15; // of each fraction by a double: IEEE 754

/** Whether a number of the stanza may not be the one that was written. */
function mayBeRounded(value) {
  if (typeof value !== 'number') return false;
  if (!Number.isFinite(value) || Number.isInteger(value)) return !Number.isSafeInteger(value);
  const digits = String(value).replace(/e.*$/, '').replace(/\D/g, '').replace(/^0+/, '');
  return digits.length > KEPT_DIGITS;
}

/**
 * The problems of a consumer's filter.
 *
 * tables: those that it receives, each with its capture settings.
 */
function filterProblems(path, { filter }, tables) {
  if (filter === undefined) return [];
  const { values, changed } = filterSettings(filter);
  const odd = changed.find((column) => typeof column !== 'string' || !column.trim());
  if (odd !== undefined)
    return [
      `${path}.filter.changed names ${JSON.stringify(odd)}, which is no column. Name the columns ` +
        'of which an update must change one.',
    ];
  if (typeof filter.changed === 'string' && filter.changed.includes(','))
    return [`${path}.filter.changed is ${oneWithCommas(filter.changed)}`];
  const twice = changed.find((column, at) => changed.indexOf(column) < at);
  if (twice !== undefined) return [`${path}.filter.changed names ${twice} twice. Name each once.`];
  if (Object.keys(values).some((column) => !column.trim()))
    return [`${path}.filter has a column without a name. Write COLUMN: VALUE.`];
  if (Array.isArray(filter.changed) && !filter.changed.length)
    return [`${path}.filter.changed is empty. Name a column, or take it out.`];
  const [rounded] = Object.entries(values).flatMap(([column, wanted]) =>
    wanted.filter(mayBeRounded).map((one) => [column, one]),
  );
  if (rounded)
    return [
      `${path}.filter.${rounded[0]} is ${rounded[1]}, a number of more digits than YAML keeps. ` +
        'Put it in quotes.',
    ];
  const used = [
    ...Object.keys(values).map((column) => [`${path}.filter.${column}`, column, true]),
    ...changed.map((column) => [`${path}.filter.changed`, column, false]),
  ];
  return used.flatMap(([place, column, isValue]) =>
    Object.entries(tables)
      .flatMap(([table, { drop = [], mask = {} }]) => {
        if (drop.includes(column))
          return [
            `${place} needs ${column}, which the source drops from ${table}. Keep it there, or ` +
              'filter on another column.',
          ];
        const how = Object.hasOwn(mask, column) ? String(mask[column]) : '';
        if (!how || (how === 'hash' && !isValue)) return [];
        return [
          `${place} needs ${column}, which ${table} masks (${how}): the filter sees the masked ` +
            'value. Filter on another column, or do not mask it.',
        ];
      })
      .slice(0, 1),
  );
}

module.exports = { schema, filterSettings, filterProblems };
