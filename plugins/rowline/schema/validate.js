'use strict';

const { nearest } = require('./did_you_mean');

// The schemas are plain data: type, enum, minimum, maximum, pattern (with `what` and `example`),
// required, properties, default, and
//
//   keys, values  of a map whose names the user chooses
//   items         of a list
//   atLeast       the smallest number of entries
//   list          a single value is a list of one
//   unique        no entry may repeat
//   whyNot        gives a further sentence for a wrong value

const typeOf = (value) => {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
};
const WORDS = {
  object: 'a map',
  array: 'a list',
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  null: 'empty',
};
const join = (path, key) => (path ? `${path}.${key}` : key);

/** A further sentence, if the schema can explain a wrong value. */
const why = (schema, value) => {
  const said = schema.whyNot?.(value);
  return said ? ` ${said}` : '';
};

const empty = (path, { description }) =>
  `${path} is empty. Name at least one, or take it out.${sentence(description)}`;

/** A description behind other sentences. Those of sinks begin in lower case. */
const sentence = (text = '') => (text ? ` ${text[0].toUpperCase()}${text.slice(1)}` : '');

function checkMap(value, schema, path, problems) {
  const known = Object.keys(schema.properties ?? {});
  for (const [key, child] of Object.entries(value)) {
    if (schema.properties && !known.includes(key)) {
      problems.push(
        `${join(path, key)} is no known key. Did you mean ${join(path, nearest(key, known))}? ` +
          `Known here: ${known.join(', ')}.`,
      );
    } else if (schema.keys && !schema.keys.pattern.test(key)) {
      problems.push(
        `${join(path, key)} has a wrong name; it must be ${schema.keys.what}, like ` +
          `${schema.keys.example}.${why(schema.keys, key)}`,
      );
    } else {
      check(child, schema.properties?.[key] ?? schema.values, join(path, key), problems);
    }
  }
  for (const key of schema.required ?? []) {
    if (!(key in value))
      problems.push(`${join(path, key)} is missing. Add it: ${schema.properties[key].description}`);
  }
  if (schema.atLeast && Object.keys(value).length < schema.atLeast)
    problems.push(empty(path, schema));
}

function check(value, schema, path, problems) {
  const type = typeOf(value);
  const allowed = [schema.type].flat();
  if (!allowed.includes(type)) {
    const wanted = allowed
      .filter((name) => name !== 'null')
      .map((name) => WORDS[name])
      .join(' or ');
    const is = ['string', 'number'].includes(type) ? JSON.stringify(value) : WORDS[type];
    problems.push(`${path} is ${is}; it must be ${wanted}.${sentence(schema.description)}`);
  } else if (schema.enum && !schema.enum.includes(value)) {
    const choices = [...new Set(schema.enum.map(String))];
    const near =
      typeof value === 'string' && choices.length > 1
        ? ` Did you mean ${nearest(value, choices)}?`
        : '';
    const wanted = `${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`;
    problems.push(`${path} is ${JSON.stringify(value)}; it must be ${wanted}.${near}`);
  } else if (type === 'integer' && (value < schema.minimum || value > schema.maximum)) {
    problems.push(`${path} is ${value}; it must be from ${schema.minimum} to ${schema.maximum}.`);
  } else if (type === 'string' && !schema.list && schema.pattern && !schema.pattern.test(value)) {
    problems.push(
      `${path} is ${JSON.stringify(value)}; it must be ${schema.what}, like ` +
        `${schema.example}.${why(schema, value)}`,
    );
  } else if (type === 'string' && schema.list) {
    check(value, schema.items, path, problems);
  } else if (type === 'array') {
    if (schema.atLeast && value.length < schema.atLeast) problems.push(empty(path, schema));
    value.forEach((entry, index) => check(entry, schema.items, `${path}[${index}]`, problems));
    const twice = value.find((entry, index) => value.indexOf(entry) < index);
    if (schema.unique && twice !== undefined)
      problems.push(`${path} names ${twice} twice. Name each once.`);
  } else if (type === 'object') {
    checkMap(value, schema, path, problems);
  }
}

/** The problems of `value`, one sentence each, with the path inside the stanza. */
function validate(value, schema, path) {
  const problems = [];
  check(value, schema, path, problems);
  return problems;
}

/**
 * A copy of a valid `value` with the schema's defaults, and with lists in place of single values.
 */
function complete(value, schema) {
  if (value === undefined) return schema.default;
  if (schema.list) return [value].flat();
  if (schema.properties) {
    const entries = Object.entries(schema.properties).map(([key, child]) => [
      key,
      complete(value?.[key], child),
    ]);
    return Object.fromEntries(entries.filter(([, child]) => child !== undefined));
  }
  if (schema.values)
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [
        key,
        complete(child ?? undefined, schema.values) ?? child,
      ]),
    );
  return value;
}

module.exports = { validate, complete };
