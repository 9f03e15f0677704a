'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');

const PLUGIN = path.resolve(__dirname, '..');
const COMMENT = /\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm;

/** The plugin's modules, without its tests. */
const modules = fs
  .readdirSync(PLUGIN, { recursive: true })
  .filter((file) => file.endsWith('.js') && !file.startsWith('test' + path.sep));

test('no module reaches out of the plugin, or knows a folder of the service around it', () => {
  assert.ok(modules.length > 20, modules.join());
  for (const file of modules) {
    const code = fs.readFileSync(path.join(PLUGIN, file), 'utf8').replace(COMMENT, '');
    for (const [, target] of code.matchAll(/require\('(\.[^']*)'\)/g)) {
      const reached = path.resolve(PLUGIN, path.dirname(file), target);
      assert.ok(reached.startsWith(PLUGIN + path.sep), `${file} requires ${target}`);
    }
    if (file === 'options.js') continue; // the one that knows; a service overrides its defaults
    assert.doesNotMatch(
      code,
      /\b(handlers|shared|resources|docs)\/\w|['"`](handlers|shared)\./,
      file,
    );
  }
});
