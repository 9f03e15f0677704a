'use strict';

const path = require('node:path');
const { install, filesBelow } = require('./dependencies');
const { archive } = require('./archive');

/**
 * Builds the zip that all functions of a stage share: the service's own code, the wheels, and
 * `rowline.json`. Returns {file, hash, bytes}.
 */
async function buildPackage({ serviceDir, settings, options, target }) {
  const wheels = install({
    requirements: path.resolve(serviceDir, options.requirements),
    target,
    cache: path.join(serviceDir, '.rowline-build'),
  });
  const entries = [
    ...filesBelow(wheels),
    ...options.code.flatMap((folder) => filesBelow(path.join(serviceDir, folder), folder)),
    ['rowline.json', Buffer.from(`${JSON.stringify(settings, null, 1)}\n`)],
  ];
  // the framework deploys files from this folder
  const file = path.join(serviceDir, '.serverless', 'rowline.zip');
  return { file, ...(await archive(entries, file)) };
}

module.exports = { buildPackage };
