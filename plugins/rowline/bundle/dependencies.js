'use strict';

const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const { execFileSync } = require('node:child_process');

// Files of installed packages that no function needs. Licences stay (in *.dist-info/licenses or
// beside it), and so does METADATA, from which packages read their version.
const NEEDLESS = [
  /(^|\/)__pycache__\//,
  /\.pyc$/,
  /(^|\/)tests?\//,
  /\.pyi$/,
  /\.dist-info\/(RECORD|INSTALLER|REQUESTED|WHEEL|direct_url\.json|sboms\/.*)$/,
  /\.dist-info\/(entry_points|top_level)\.txt$/,
  /^bin\//,
];

/**
 * Unpacks the wheels of a lock file for a target, and returns the folder `CACHE/deps-HASH`. pip
 * checks each file against its hash in the lock file.
 */
const install = ({ requirements, target, cache }) =>
  pip({
    requirements: [requirements],
    target,
    cache,
    identity: 2, // of this code: a folder made by another version is not used
    options: ['--no-deps', '--require-hashes'],
  });

/**
 * Unpacks the wheels of requirements files for a target, and returns the folder. It is made once
 * for each target, content of the files and `identity`. pip installs only wheels and builds
 * nothing.
 *
 * options: further arguments of pip. hint: a sentence for a failure.
 */
function pip({ requirements, target, cache, identity, options, hint = '' }) {
  const hash = crypto
    .createHash('sha256')
    .update(requirements.map((file) => fs.readFileSync(file, 'utf8')).join('\n'))
    .update(JSON.stringify([target.runtime, target.architecture, target.pip, identity]))
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
    '--only-binary=:all:',
    ...options,
    ...target.pip,
    '--target',
    unfinished,
    ...requirements.flatMap((file) => ['--requirement', file]),
  ];
  try {
    execFileSync(target.python, args, { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
    move(unfinished, folder);
  } catch (error) {
    fs.rmSync(unfinished, { recursive: true, force: true });
    const said = String(error.stderr ?? error.message)
      .split('\n')
      .filter((line) => /error/i.test(line))
      .join(' ');
    const names = requirements.map((file) => path.basename(file)).join(', ');
    throw new Error(
      `The wheels of ${names} for ${target.runtime} on ` +
        `${target.architecture} cannot be installed: ${said || error.message} ${hint}`.trimEnd(),
    );
  }
  return folder;
}

// A packaging run at the same time makes the same folder: the first to finish keeps its copy.
function move(from, to) {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if (!fs.existsSync(to)) throw error;
    fs.rmSync(from, { recursive: true, force: true });
  }
}

const isNeeded = (name) => !NEEDLESS.some((pattern) => pattern.test(name));

/** The files below a folder that functions need, as [name in the archive, path]. */
function filesBelow(folder, prefix = '', needed = isNeeded) {
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .map((file) => [
      path.posix.join(prefix, path.relative(folder, file).split(path.sep).join('/')),
      file,
    ])
    .filter(([name]) => needed(name));
}

module.exports = { install, pip, filesBelow };
