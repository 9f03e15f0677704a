'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { checkStanzas } = require('../deploy/check');

const MISTAKE = {
  thing: 'consumers.search.elasticsearch.fields',
  level: 'fail',
  what: 'names titel, which is no column of shop.items',
  fix: 'Did you mean title?',
  place: 'serverless.yml:14',
  refuses: true,
};
const NOT_READY = { thing: 'binlog_format', level: 'fail', what: 'is MIXED', fix: 'SET it.' };

/** Runs the check with a program that answers `answer`; returns what was logged. */
async function check(t, answer, mode = 'on') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-check-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.writeFileSync(path.join(folder, 'checker.js'), answer);
  const said = [];
  await checkStanzas({
    python: process.execPath,
    checker: [path.join(folder, 'checker.js')],
    stage: 'dev',
    folder,
    stanzas: { settings: {}, places: {}, problems: [] },
    mode,
    environment: { AWS_REGION: 'eu-west-1' },
    log: { warning: (line) => said.push(line) },
  });
  return said;
}
const answering = (findings) =>
  `console.log(${JSON.stringify(JSON.stringify({ findings }))}); process.exit(1);`;

test('a mistake in the stanzas ends the deployment, with its place and its fix', (t) =>
  assert.rejects(check(t, answering([MISTAKE, NOT_READY])), (error) => {
    assert.match(error.message, /serverless\.yml:14: consumers\.search\.elasticsearch\.fields/);
    assert.match(error.message, /Did you mean title\?/);
    assert.doesNotMatch(error.message, /MIXED/);
    return true;
  }));

test('a server that is not ready is said, and the deployment continues', async (t) => {
  assert.deepStrictEqual(await check(t, answering([NOT_READY])), [
    'binlog_format: is MIXED. SET it.',
  ]);
  assert.deepStrictEqual(await check(t, answering([{ thing: 'x', level: 'ok', what: 'y' }])), []);
});

test('a mistake is only said where the service wants it so', async (t) => {
  assert.match((await check(t, answering([MISTAKE]), 'report'))[0], /titel/);
  assert.deepStrictEqual(await check(t, answering([MISTAKE]), 'off'), []);
});

test('where nothing can be asked, that is said plainly', async (t) => {
  for (const answer of ['console.error("no module named cli"); process.exit(1)', 'process.exit(0)'])
    assert.match(
      (await check(t, answer))[0],
      /were not compared with database and Elasticsearch.*rowline check --stage dev/,
    );
});

test('the check is told the stage, and reads the stanzas from a file', async (t) => {
  const answer = `
    const words = process.argv.slice(2);
    const stanzas = JSON.parse(require('fs').readFileSync(words[words.indexOf('--stanzas') + 1]));
    const ok = words.join(' ').startsWith('--stage dev --stanzas ') && 'places' in stanzas;
    const what = \`\${ok} \${process.env.AWS_REGION}\`;
    console.log(JSON.stringify({ findings: [{ thing: 'told', level: 'warn', what }] }));`;
  assert.deepStrictEqual(await check(t, answer), ['told: true eu-west-1.']);
});
