'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { buildPackage } = require('../bundle');
const { filesBelow } = require('../bundle/dependencies');
const { pins } = require('../bundle/own_wheels');
const { findTarget, findPython } = require('../bundle/runtime_python');
const { readOptions } = require('../options');

/** A service folder with these files, gone after the test. */
function folder(t, files) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-test-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

/** An interpreter that notes its arguments and "installs" one module into --target. */
const PIP = `#!/bin/sh
echo "$@" >> "$(dirname "$0")/calls"
for last; do [ "$previous" = --target ] && target=$last; previous=$last; done
mkdir -p "$target/wheel/tests" "$target/wheel-1.dist-info" || exit
cd "$target/wheel" && echo x > __init__.py && echo x > tests/test_it.py || exit
cd ../wheel-1.dist-info && echo r > RECORD && echo l > LICENSE && echo m > METADATA
`;
const SERVICE = {
  'requirements.txt': 'wheel==1\n',
  'handlers/a.py': 'a',
  'shared/b.py': 'b',
  'shared/b.pyc': 'no',
  'shared/__pycache__/b.py': 'no',
  'notes.txt': 'no',
  python: PIP,
};

async function build(dir, over = {}) {
  fs.chmodSync(path.join(dir, 'python'), 0o755);
  const target = findTarget({
    build: 'aws',
    python: path.join(dir, 'python'),
    runtime: 'python3.13',
    architecture: 'arm64',
  });
  return buildPackage({
    serviceDir: dir,
    settings: { a: 1 },
    options: readOptions(),
    target,
    ...over,
  });
}

/** The names in a zip's central directory, in its order. */
function namesIn(file) {
  const bytes = fs.readFileSync(file);
  const names = [];
  for (
    let at = bytes.readUInt32LE(bytes.length - 22 + 16);
    bytes.readUInt32LE(at) === 0x02014b50;
  ) {
    const [name, extra, comment] = [28, 30, 32].map((offset) => bytes.readUInt16LE(at + offset));
    names.push(bytes.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}

const calls = (dir) => fs.readFileSync(path.join(dir, 'calls'), 'utf8').trim().split('\n');

test('the same content gives the same bytes, at any time and in any order', async (t) => {
  const [one, two] = [
    folder(t, SERVICE),
    folder(t, Object.fromEntries(Object.entries(SERVICE).reverse())),
  ];
  fs.utimesSync(path.join(two, 'handlers/a.py'), 1e9, 1e9);
  const [first, second] = [await build(one), await build(two)];
  assert.equal(first.hash, second.hash);
  assert.deepEqual(fs.readFileSync(first.file), fs.readFileSync(second.file));
});

test('other settings or other code give another version', async (t) => {
  const dir = folder(t, SERVICE);
  const before = await build(dir);
  const settings = await build(dir, { settings: { a: 2 } });
  fs.writeFileSync(path.join(dir, 'shared/b.py'), 'c');
  const code = await build(dir);
  assert.equal(new Set([before.hash, settings.hash, code.hash]).size, 3);
});

test('only code, wheels, their licences and the settings are packed', async (t) => {
  const dir = folder(t, SERVICE);
  const { file } = await build(dir);
  assert.deepEqual(namesIn(file), [
    'handlers/a.py',
    'rowline.json',
    'shared/b.py',
    'wheel-1.dist-info/LICENSE',
    'wheel-1.dist-info/METADATA',
    'wheel/__init__.py',
  ]);
});

test('wheels are installed once for each content of the requirements and target', async (t) => {
  const dir = folder(t, SERVICE);
  await build(dir);
  await build(dir);
  assert.equal(calls(dir).length, 1);
  fs.writeFileSync(path.join(dir, 'requirements.txt'), 'wheel==2\n');
  await build(dir);
  assert.equal(calls(dir).length, 2);
});

test('pip takes wheels only, by hash, for the runtime and architecture of AWS', async (t) => {
  const dir = folder(t, SERVICE);
  await build(dir);
  const [call] = calls(dir);
  for (const part of [
    '--only-binary=:all:',
    '--require-hashes',
    '--python-version 3.13',
    '--platform manylinux2014_aarch64',
  ])
    assert.ok(call.includes(part), part);
});

test('a failed installation leaves nothing that a later one would use', async (t) => {
  const dir = folder(t, {
    ...SERVICE,
    python: '#!/bin/sh\necho "ERROR: no matching distribution" >&2\nexit 1\n',
  });
  await assert.rejects(
    build(dir),
    /of requirements\.txt for python3\.13 on arm64 cannot be installed: ERROR: no matching/,
  );
  assert.deepEqual(fs.readdirSync(path.join(dir, '.rowline-build')), []);
});

test('for the host, pip is left to itself and the runtime is that of the interpreter', () => {
  const target = findTarget({
    build: 'host',
    python: findPython('/nowhere', null, {}),
    runtime: 'python3.13',
    architecture: 'arm64',
  });
  assert.match(target.runtime, /^python3\.\d+$/);
  assert.ok(['arm64', 'x86_64'].includes(target.architecture));
  assert.deepEqual(target.pip, []);
});

test('a runtime or architecture that is none is named', () => {
  assert.throws(
    () => findTarget({ build: 'aws', runtime: 'nodejs20.x' }),
    /provider\.runtime is nodejs20\.x/,
  );
  assert.throws(
    () => findTarget({ build: 'aws', runtime: 'python3.13', architecture: 'sparc' }),
    /provider\.architecture is sparc/,
  );
});

test('names in the archive use forward slashes below the given folder', (t) => {
  const dir = folder(t, { 'x/y.py': '' });
  assert.deepEqual(
    filesBelow(dir, 'code').map(([name]) => name),
    ['code/x/y.py'],
  );
});

test('own code is in the zip: a folder without hidden files, or one module', async (t) => {
  const dir = folder(t, {
    ...SERVICE,
    'consumers/alerts.py': 'a',
    'consumers/.env': 'secret',
    'consumers/tests/steps.py': 'c',
    'consumers/__pycache__/alerts.pyc': 'no',
    'alone.py': 'b',
    'other.py': 'no',
  });
  const { file } = await build(dir, { own: ['consumers', 'alone'] });
  assert.deepEqual(
    namesIn(file).filter((name) => /consumers|alone|other/.test(name)),
    ['alone.py', 'consumers/alerts.py', 'consumers/tests/steps.py'],
  );
});

test('own code that would replace a file of the functions is refused', async (t) => {
  const dir = folder(t, { ...SERVICE, 'wheel/__init__.py': 'mine' });
  await assert.rejects(build(dir, { own: ['wheel'] }), /wheel\/__init__\.py is a file of the func/);
});

test('own requirements come with what they need, in versions of the functions', async (t) => {
  const dir = folder(t, {
    ...SERVICE,
    'requirements.txt': 'wheel==1 \\\n    --hash=sha256:aa\nold==2 ; python_version < "3.12" \\\n',
    'consumers/requirements.txt': 'stripe>=9\n',
  });
  const { file } = await build(dir, { requirements: ['consumers/requirements.txt'] });
  assert.equal(path.basename(file), 'rowline-consumers-requirements-txt.zip');
  const [shared, own] = calls(dir);
  assert.match(shared, /--no-deps --require-hashes/);
  assert.doesNotMatch(own, /--no-deps|--require-hashes/);
  assert.match(own, /--only-binary=:all: --constraint \S+constraints\.txt --implementation cp/);
  assert.deepEqual(pins('a==1 \\\n  --hash=x\n# b\nc==2 ; python_version < "3.14" \\\n'), [
    'a==1',
    'c==2 ; python_version < "3.14"',
  ]);
});

test('requirements of several consumers are resolved together', async (t) => {
  const dir = folder(t, {
    ...SERVICE,
    'a.txt': 'stripe>=9\n',
    'b.txt': 'twilio\n',
  });
  const { file } = await build(dir, { requirements: ['a.txt', 'b.txt'] });
  assert.equal(path.basename(file), 'rowline-a-txt-b-txt.zip');
  assert.match(calls(dir).at(-1), /--requirement \S+a\.txt --requirement \S+b\.txt$/);
  fs.writeFileSync(path.join(dir, 'python'), '#!/bin/sh\necho "ERROR: conflict" >&2; exit 1\n');
  fs.writeFileSync(path.join(dir, 'b.txt'), 'twilio==1\n');
  await assert.rejects(
    build(dir, { requirements: ['a.txt', 'b.txt'] }),
    /wheels of a\.txt, b\.txt .*conflict .*must allow one version/,
  );
});
