'use strict';

const fs = require('node:fs');
const path = require('node:path');
const os = require('node:os');
const { pip } = require('./dependencies');

/**
 * Unpacks the wheels of consumers' own requirements, with all that they need, and returns the
 * folder. A package that the functions have too gets their version: both share one process.
 *
 * requirements: the consumers' files. shared: the file of the functions' packages.
 */
function installOwn({ requirements, shared, target, cache }) {
  const pinned = pins(fs.readFileSync(shared, 'utf8'));
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-pins-'));
  const constraints = path.join(folder, 'constraints.txt');
  try {
    fs.writeFileSync(constraints, `${pinned.join('\n')}\n`);
    return pip({
      requirements,
      target,
      cache,
      identity: pinned,
      options: ['--constraint', constraints],
      hint:
        'Packages that the functions have too must allow their versions.' +
        (requirements.length > 1
          ? ' The jobs function calls the mappings of all consumers, so their requirements files' +
            ' must allow one version of each package.'
          : ''),
    });
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** NAME==VERSION of each package in a lock file, with its marker, without hashes. */
const pins = (text) =>
  [...text.matchAll(/^([A-Za-z0-9._-]+==[^\s;\\]+)(\s*;[^\\\n]*)?/gm)].map(
    ([, pin, marker = '']) => `${pin}${marker.trimEnd()}`,
  );

module.exports = { installOwn, pins };
