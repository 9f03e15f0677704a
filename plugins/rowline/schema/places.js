'use strict';

const path = require('node:path');
const { LineCounter, parseDocument, isMap, isScalar, isSeq } = require('yaml');

// ${file(PATH)} or ${file(PATH):KEY.KEY}: a stanza that is in a file of its own
const ELSEWHERE = /^\$\{file\(([^)]+)\)(?::([\w.-]+))?\}$/;
const DEEPEST = 12; // files that name each other in a ring

/**
 * Where each key of the stanzas is: {'consumers.search.tables[0]': 'serverless.yml:14', …}.
 * A key that variables make up has the place of the variable; '' is the file itself.
 *
 * `read` gives the text of a file of the service, or throws. A configuration that is no YAML has no
 * other places.
 */
function placesOf(file, read, roots = ['sources', 'consumers', 'custom']) {
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
    return undefined; // sls has said so, or will
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'silent' });
  document.place = (node) =>
    `${path.normalize(file)}:${node?.range ? lines.linePos(node.range[0]).line : 1}`;
  return document;
}

/** The key that a sentence about the stanzas begins with, as far as there is a place for it. */
function keyOf(sentence, places) {
  const begins = (key) =>
    key && sentence.startsWith(key) && !/^[\w]/.test(sentence.slice(key.length));
  return Object.keys(places)
    .filter(begins)
    .reduce((longest, key) => (key.length > longest.length ? key : longest), '');
}

/** A sentence with the place in front that it is about. */
const placed = (sentence, places) => `${places[keyOf(sentence, places)]}: ${sentence}`;

module.exports = { placesOf, keyOf, placed };
