'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { install, filesBelow } = require('./dependencies');
const { installOwn } = require('./own_wheels');
const { archive, levelFor } = require('./zip');

// Source: Lambda quotas, "Deployment package (.zip file archive) size".
const MOST_UNPACKED = 262144000; // bytes

/**
 * Builds the zip that all functions of a stage share: the service's own code, the wheels, and
 * `rowline.json`. Returns {file, hash, bytes}.
 *
 * own: names of files and folders with code that consumers name (schema/own_code.js).
 * requirements: the files of packages that only some functions need; the zip is then for these.
 */
async function buildPackage({ serviceDir, settings, options, target, own = [], requirements }) {
  const shared = path.resolve(serviceDir, options.requirements);
  const cache = path.join(serviceDir, '.rowline-build');
  const entries = new Map([
    ...filesBelow(install({ requirements: shared, target, cache })),
    ...options.code.flatMap((folder) => filesBelow(path.join(serviceDir, folder), folder)),
    ['rowline.json', Buffer.from(`${JSON.stringify(settings, null, 1)}\n`)],
  ]);
  for (const name of own) add(entries, ownFiles(serviceDir, name));
  if (requirements) {
    const files = requirements.map((name) => path.resolve(serviceDir, name));
    const wheels = installOwn({ requirements: files, shared, target, cache });
    // what the functions have too is there in the same version
    for (const [name, content] of filesBelow(wheels))
      if (!entries.has(name)) entries.set(name, content);
  }
  // the framework deploys files from this folder
  const name = requirements
    ? `rowline-${requirements.join('-').replaceAll(/\W+/g, '-')}.zip`
    : 'rowline.zip';
  const file = path.join(serviceDir, '.serverless', name);
  const built = await archive([...entries], file, cache, levelFor(options));
  if (built.unpacked > MOST_UNPACKED)
    throw new Error(
      `${name} has ${(built.unpacked / 1e6).toFixed(0)} MB unpacked; Lambda takes ` +
        `${(MOST_UNPACKED / 1e6).toFixed(0)}. ` +
        (requirements
          ? `Take packages out of ${requirements.join(', ')}.`
          : `Take files out of ${own.join(', ')}.`),
    );
  return { file, ...built };
}

// compiled modules, and what begins with a dot, such as `.env`
const NOT_OWN = /(^|\/)(\.|__pycache__\/)|\.pyc$/;

/** The files of a module or of a folder. Folders called `tests` may hold code that is needed. */
function ownFiles(serviceDir, name) {
  const folder = path.join(serviceDir, name);
  if (!fs.existsSync(folder)) return [[`${name}.py`, `${folder}.py`]];
  return filesBelow(folder, name, (file) => !NOT_OWN.test(file));
}

function add(entries, files) {
  for (const [name, content] of files) {
    if (entries.has(name))
      throw new Error(
        `${name} is a file of the functions' own packages too. Put your code into a folder of ` +
          'another name, like consumers.',
      );
    entries.set(name, content);
  }
}

module.exports = { buildPackage };
