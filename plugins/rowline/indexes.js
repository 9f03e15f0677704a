'use strict';

const fs = require('node:fs');
const path = require('node:path');

const KNOWN = ['settings', 'mappings'];

/**
 * The index files that consumers name, by path: their content goes into the settings, so that
 * functions and command need no file.
 */
function readIndexes(consumers, serviceDir) {
  const indexes = {};
  for (const [name, consumer] of Object.entries(consumers)) {
    const file = consumer.elasticsearch.index;
    if (file !== undefined)
      indexes[file] = readIndex(
        path.resolve(serviceDir, file),
        `consumers.${name}.elasticsearch.index`,
        file,
      );
  }
  return indexes;
}

function readIndex(file, where, shown) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${where}: there is no file ${shown}. Paths are relative to serverless.yml.`);
  }
  let index;
  try {
    index = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where}: ${shown} is not JSON: ${error.message}.`);
  }
  if (typeof index !== 'object' || index === null || Array.isArray(index))
    throw new Error(`${where}: ${shown} must hold a map with settings and mappings.`);
  const unknown = Object.keys(index).filter((key) => !KNOWN.includes(key));
  if (unknown.length)
    throw new Error(
      `${where}: ${shown} has ${unknown[0]} at its top; only settings and mappings belong there.`,
    );
  return index;
}

module.exports = { readIndexes };
