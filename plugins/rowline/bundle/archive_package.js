'use strict';

const path = require('node:path');
const { install, filesBelow } = require('./dependencies');
const { isNeededByArchive, ADDED } = require('./unused_archive_files');
const { archive, levelFor } = require('./zip');

/**
 * Builds the zip of the archive's function, whose wheels are heavy. Returns {file, hash, bytes}.
 */
async function buildArchivePackage({ serviceDir, settings, options, target }) {
  const cache = path.join(serviceDir, '.rowline-build');
  const requirements = path.resolve(serviceDir, options.archiveRequirements);
  const wheels = install({ requirements, target, cache });
  const entries = [
    ...filesBelow(wheels).filter(([name]) => isNeededByArchive(name)),
    ...ADDED,
    ...options.code.flatMap((folder) => filesBelow(path.join(serviceDir, folder), folder)),
    ['rowline.json', Buffer.from(`${JSON.stringify(settings, null, 1)}\n`)],
  ];
  // the framework deploys files from this folder
  const file = path.join(serviceDir, '.serverless', 'rowline-archive.zip');
  return { file, ...(await archive(entries, file, cache, levelFor(options))) };
}

module.exports = { buildArchivePackage };
