'use strict';

const { similar } = require('./did_you_mean');

// The schemas are plain data: type, enum, minimum, maximum, pattern (with `what` and `example`),
// required, properties, default, and
//
//   keys, values  of a map whose names the user chooses
//   items         of a list
//   atLeast       the smallest number of entries
//   list          a single value is a list of one; with a comma it is a mistake
//   unique        no entry may repeat
//   whyNot        gives a further sentence for a wrong value
//   also          other words for a key, in lower case, that people write
//   hidden        a key that is not offered

const typeOf = (value) => {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
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
// What people write for on and off. YAML 1.2 reads these words as text.
const SAID = {
  ...Object.fromEntries(['yes', 'y', 'enable', 'enabled', '1'].map((word) => [word, 'on'])),
  ...Object.fromEntries(
    ['no', 'n', 'disable', 'disabled', 'none', 'never', '0'].map((word) => [word, 'off']),
  ),
};
const join = (path, key) => (path ? `${path}.${key}` : key);

/**
 * The value of a stage param, which is text when it was given on the command line, as the number or
 * the boolean that the schema wants.
 */
function untyped(value, { type, enum: choices = [] }) {
  if (typeof value !== 'string') return value;
  const types = [type].flat();
  const text = types.includes('string');
  if (types.includes('integer') && !text && /^\d{1,15}$/.test(value)) return Number(value);
  const yes = { true: true, on: true, false: false, off: false }[value];
  const both = choices.includes(true) || choices.includes(false);
  return types.includes('boolean') && yes !== undefined && (!text || both) ? yes : value;
}

/** What a value is, in a sentence. */
function told(value, type) {
  if (type === 'date') return `the date ${value.toISOString().slice(0, 10)}`;
  return value === null || typeof value === 'object' ? WORDS[type] : JSON.stringify(value);
}

/** What a value must be. */
function wanted(schema) {
  if (schema.enum) return oneOf(schema.enum);
  if (schema.what) return `${schema.what}, like ${schema.example}`;
  return [schema.type]
    .flat()
    .filter((name) => name !== 'null')
    .map((name) => WORDS[name])
    .join(' or ');
}

function oneOf(values) {
  const choices = [...new Set(values.map(String))];
  return `${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`;
}

/** What a wrong word may mean, or what its key is about. */
function meant(value, { enum: choices, description }) {
  const names = choices.map(String);
  const said = typeof value === 'string' ? SAID[value.toLowerCase()] : undefined;
  const found = names.includes(said) ? said : typeof value === 'string' && similar(value, names);
  return found && names.length > 1 ? ` Did you mean ${found}?` : sentence(description);
}

/** The key that an unknown one stands for, as a sentence. */
function known(key, path, { properties }) {
  const names = Object.keys(properties).filter((name) => !properties[name].hidden);
  const same = names.find((name) => properties[name].also?.includes(key.toLowerCase()));
  const found = same ?? similar(key, names);
  return (found ? `Did you mean ${join(path, found)}? ` : '') + `Known here: ${names.join(', ')}.`;
}

/** A further sentence, if the schema can explain a wrong value. */
const why = (schema, value) => {
  const said = schema.whyNot?.(value);
  return said ? ` ${said}` : '';
};

/** Why a single name with a comma is refused, and the list that is meant. */
function oneWithCommas(text) {
  const parts = text.split(',').map((part) => part.trim());
  return (
    `${JSON.stringify(text)}, which is one name with a comma in it. Write a list: ` +
    `[${parts.filter(Boolean).join(', ')}]; or, if it is one name, [${JSON.stringify(text)}].`
  );
}

const empty = (path, { description }) =>
  `${path} is empty. Name at least one, or take it out.${sentence(description)}`;

/** A description behind other sentences. Those of sinks begin in lower case. */
const sentence = (text = '') => (text ? ` ${text[0].toUpperCase()}${text.slice(1)}` : '');

function checkMap(value, schema, path, problems) {
  for (const [key, child] of Object.entries(value)) {
    if (schema.properties && !Object.hasOwn(schema.properties, key)) {
      problems.push(`${join(path, key)} is no known key. ${known(key, path, schema)}`);
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

function check(given, schema, path, problems) {
  const value = untyped(given, schema);
  const type = typeOf(value);
  if (![schema.type].flat().includes(type)) {
    const quotes =
      type === 'date' && !schema.what ? ' Put it in quotes: without them YAML reads a date.' : '';
    problems.push(
      `${path} is ${told(value, type)}; it must be ${wanted(schema)}.${quotes}` +
        sentence(schema.description),
    );
  } else if (schema.enum && !schema.enum.includes(value)) {
    problems.push(
      `${path} is ${JSON.stringify(value)}; it must be ${oneOf(schema.enum)}.` +
        meant(value, schema),
    );
  } else if (type === 'integer' && (value < schema.minimum || value > schema.maximum)) {
    problems.push(`${path} is ${value}; it must be from ${schema.minimum} to ${schema.maximum}.`);
  } else if (type === 'string' && !schema.list && schema.pattern && !schema.pattern.test(value)) {
    problems.push(
      `${path} is ${JSON.stringify(value)}; it must be ${schema.what}, like ` +
        `${schema.example}.${why(schema, value)}`,
    );
  } else if (type === 'string' && schema.list && value.includes(',')) {
    problems.push(`${path} is ${oneWithCommas(value)}`);
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
 * A copy of a valid value with the schema's defaults, and with lists in place of single values.
 */
function complete(given, schema) {
  if (given === undefined) return schema.default;
  const value = untyped(given, schema);
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

module.exports = { validate, complete, oneWithCommas };
