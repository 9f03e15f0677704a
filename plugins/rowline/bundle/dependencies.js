'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { execFileSync } = require('node:child_process');

// What an installed package carries and no function needs. Licences stay (in *.dist-info/licenses
// or beside it), and METADATA, from which packages read their version.
const NEEDLESS = [
  /(^|\/)__pycache__\//,
  /\.pyc$/,
  /(^|\/)tests?\//,
  /\.pyi$/,
  /\.dist-info\/(RECORD|INSTALLER|REQUESTED|WHEEL|direct_url\.json|entry_points\.txt|top_level\.txt|sboms\/.*)$/,
  /^bin\//,
];

/**
 * Wheels of a requirements file, unpacked for a target. Returns the folder: `CACHE/deps-HASH`, made
 * once for each content of the file and target. Only wheels, never a build; every file checked
 * against the hash in the requirements.
 */
function install({ requirements, target, cache }) {
  const pinned = fs.readFileSync(requirements);
  const hash = crypto
    .createHash('sha256')
    .update(pinned)
    .update(JSON.stringify([target.runtime, target.architecture, target.pip, 2]))
    .digest('hex')
    .slice(0, 16);
  const folder = path.join(cache, `deps-${hash}`);
  if (fs.existsSync(folder)) return folder;
  fs.mkdirSync(cache, { recursive: true });
  const unfinished = fs.mkdtempSync(path.join(cache, 'unfinished-'));
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--no-compile',
    '--no-deps',
    '--require-hashes',
    '--only-binary=:all:',
  ];
  try {
    execFileSync(
      target.python,
      [...args, ...target.pip, '--target', unfinished, '--requirement', requirements],
      { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' },
    );
    move(unfinished, folder);
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    const said = String(error.stderr ?? error.message)
      .split('\n')
      .filter((line) => /error/i.test(line))
      .join(' ');
    throw new Error(
      `The wheels of ${path.basename(requirements)} for ${target.runtime} on ${target.architecture} cannot be installed: ${said || error.message}`,
    );
  }
  return folder;
}

// Whoever finishes first wins; another package run beside this one has made the same.
function move(from, to) {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!fs.existsSync(to)) throw error;
    fs.rmSync(from, { recursive: true, force: true });
  }
}

const isNeeded = (name) => !NEEDLESS.some((pattern) => pattern.test(name));

/** Files below a folder, as [name in the archive, path], needless ones left out. */
function filesBelow(folder, prefix = '') {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .map((file) => [
      path.posix.join(prefix, path.relative(folder, file).split(path.sep).join('/')),
      file,
    ])
    .filter(([name]) => isNeeded(name));
}

module.exports = { install, filesBelow };
