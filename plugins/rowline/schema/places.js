'use strict';

const path = require('node:path');
const { LineCounter, parseDocument, isMap, isScalar, isSeq } = require('yaml');

// ${file(PATH)} or ${file(PATH):KEY.KEY}: a stanza in another file
const ELSEWHERE = /^\$\{file\(([^)]+)\)(?::([\w.-]+))?\}$/;
const ROOTS = ['sources', 'consumers', 'alerts', 'archive', 'custom', 'functions', 'provider'];
const DEEPEST = 12; // ends a cycle of files that name each other

/**
 * Finds the place of each key: {'consumers.search.tables[0]': 'serverless.yml:14', …}. A key from a
 * variable has the place of the variable; '' is the file itself. Without YAML there is only ''.
 *
 * read: returns the text of a file of the service, or throws.
 */
function placesOf(file, read, roots = ROOTS) {
  const places = { '': path.normalize(file) };
  const document = parsed(file, read);
  for (const root of roots) {
    const pair = isMap(document?.contents) && pairOf(document.contents, root);
    if (pair) walk(places, root, pair.key, pair.value, document, 0, read);
  }
  return places;
}

function walk(places, key, node, value, document, depth, read) {
  places[key] = document.place(node);
  if (isMap(value)) {
    for (const pair of value.items)
      walk(places, `${key}.${pair.key.value}`, pair.key, pair.value, document, depth, read);
  } else if (isSeq(value)) {
    value.items.forEach((item, index) =>
      walk(places, `${key}[${index}]`, item, item, document, depth, read),
    );
  } else if (isScalar(value) && depth < DEEPEST) {
    const [, file, inside] = ELSEWHERE.exec(value.value) ?? [];
    const other = file && parsed(file.trim(), read);
    const found = other && descend(other.contents, inside?.split('.') ?? []);
    if (found) walk(places, key, found, found, other, depth + 1, read);
  }
}

const pairOf = (map, key) => map.items.find((pair) => pair.key.value === key);

const descend = (node, keys) =>
  keys.reduce((found, key) => (isMap(found) ? pairOf(found, key)?.value : undefined), node);

function parsed(file, read) {
  let text;
  try {
    text = read(file);
  } catch {
    return undefined; // sls reports that
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  document.place = (node) =>
    `${path.normalize(file)}:${node?.range ? lines.linePos(node.range[0]).line : 1}`;
  return document;
}

/** The longest key with a place that a sentence about the stanzas begins with. */
function keyOf(sentence, places) {
  const begins = (key) =>
    key && sentence.startsWith(key) && !/^[\w]/.test(sentence.slice(key.length));
  return Object.keys(places)
    .filter(begins)
    .reduce((longest, key) => (key.length > longest.length ? key : longest), '');
}

/** A sentence, after the place of its key. */
const placed = (sentence, places) => `${places[keyOf(sentence, places)]}: ${sentence}`;

module.exports = { placesOf, placed };
