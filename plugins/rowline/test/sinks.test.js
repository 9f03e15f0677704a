'use strict';

// A sink is one file: the plugin is copied, a file is added to its folder of sinks, and that is all
// it takes.
const test = require('node:test');
const assert = require('node:assert');
const { problems } = require('../schema/problems');
const { expand } = require('../expand');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { stanzas, context } = require('./fixtures');

const PLUGIN = path.resolve(__dirname, '..');
const LOG = `
const { allow } = require('../expand/policy_statements');
module.exports = {
  schema: {
    description: 'a log',
    type: 'object',
    required: ['group'],
    properties: { group: { type: 'string', description: 'Its name.' } },
  },
  problems({ path, stanza, tables }) {
    if (stanza.group !== 'full') return [];
    return [path + '.group is full: no room for ' + Object.keys(tables).join(' and ')];
  },
  clashes(consumers) {
    if (consumers.length < 2) return [];
    const all = consumers.map(({ name, source }) => name + ' of ' + source);
    return ['one log, ' + all.join(' and ')];
  },
  settings: (stanza, { read }) => ({ ...stanza, banner: read('banner.txt') }),
  permissions: (sink) => [allow('Write', ['logs:PutLogEvents'], 'arn:' + sink.group)],
  environment: (sink) => ({ ROWLINE_LOG: sink.group }),
};
`;

/** The plugin with one sink more, in a folder that is gone after the test. */
function withLog(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-sinks-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  const folder = path.join(dir, 'rowline');
  fs.cpSync(PLUGIN, folder, { recursive: true });
  const modules = path.dirname(path.dirname(require.resolve('fastest-levenshtein/package.json')));
  fs.symlinkSync(modules, path.join(dir, 'node_modules'));
  fs.writeFileSync(path.join(folder, 'sinks', 'log.js'), LOG);
  return {
    ...require(path.join(folder, 'schema', 'problems')),
    ...require(path.join(folder, 'expand')),
  };
}

/** The stanzas with one consumer, which has these sinks. */
const having = (sinks) => ({
  ...stanzas(),
  consumers: { copy: { tables: ['market.listings'], ...sinks } },
});
const around = () => ({ ...context(), read: () => 'hello' });

test('a file in the folder is a sink, with its settings, permissions and variables', (t) => {
  const { problems, expand } = withLog(t);
  const given = having({ log: { group: 'g' } });
  assert.deepEqual(problems(given), []);
  const { settings, functions, resources } = expand(given, around());
  assert.deepEqual(settings.consumers.copy.sink, { kind: 'log', group: 'g', banner: 'hello' });
  assert.equal(functions.consumeCopy.environment.ROWLINE_LOG, 'g');
  const statements = resources.RoleOfConsumeCopy.Properties.Policies[0].PolicyDocument.Statement;
  const sids = statements.map(({ Sid }) => Sid);
  assert.ok(sids.includes('Write') && !sids.includes('Secret'), sids.join());
});

test('its stanza is checked by its schema and by its own rules', (t) => {
  const { problems } = withLog(t);
  assert.match(
    problems(having({ log: {} }))[0],
    /consumers\.copy\.log\.group is missing\. Add it: Its name/,
  );
  const full = problems(having({ log: { group: 'full' } }));
  assert.deepEqual(full, ['consumers.copy.log.group is full: no room for market.listings']);
  const two = having({ log: { group: 'g' } });
  two.consumers.other = two.consumers.copy;
  assert.deepEqual(problems(two), ['one log, copy of shop and other of shop']);
});

test('a consumer has exactly one sink', (t) => {
  const { problems } = withLog(t);
  const none =
    /^consumers\.copy has no sink, .* Add .*\.elasticsearch \(an .*\) or .*\.log \(a log\)\.$/;
  assert.match(problems(having({}))[0], none);
  const two = problems(having({ log: { group: 'g' }, elasticsearch: { secret: 's' } }));
  assert.equal(two.length, 1);
  assert.match(two[0], /^consumers\.copy has 2 sinks, elasticsearch and log: a consumer has one\./);
  assert.match(two[0], /move consumers\.copy\.log to a consumer of its own\.$/);
});

const webhook = (http) =>
  problems(stanzas({ consumers: { partner: { tables: ['market.listings'], http } } }), {});

test('a webhook is a URL and a secret', () => {
  const good = { url: 'https://partner.example/rowline', secret: 'rowline/test/partner' };
  assert.deepEqual(webhook(good), []);
  assert.deepEqual(webhook({ ...good, url: 'http://127.0.0.1:8080/x' }), []);
  const { settings, resources } = expand(
    stanzas({ consumers: { partner: { tables: ['market.listings'], http: good } } }),
    { ...context(), read: () => '' },
  );
  assert.deepEqual(settings.consumers.partner.sink, { kind: 'http', batch: 1, ...good });
  const statements = resources.RoleOfConsumePartner.Properties.Policies[0].PolicyDocument.Statement;
  const [secret] = statements.filter(({ Sid }) => Sid === 'Secret');
  assert.match(JSON.stringify(secret.Resource), /rowline\/test\/partner-\?{6}/);
});

for (const [what, over, says] of [
  ['in clear text', { url: 'http://partner.example/x' }, /http\.url is http:.*Use https/],
  ['no URL', { url: 'partner.example' }, /http\.url is "partner.example"; it must be the URL/],
  ['a login', { url: 'https://me:pw@partner.example/' }, /http\.url has a login in it/],
  ['no secret', { secret: undefined }, /http\.secret is missing\. Add it: Secrets Manager secret/],
  ['a batch of none', { batch: 0 }, /http\.batch is 0; it must be from 1 to 500/],
])
  test(`a webhook that is wrong: ${what}`, () => {
    const given = { url: 'https://partner.example/', secret: 'rowline/test/partner', ...over };
    const http = Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    );
    const found = webhook(http);
    assert.equal(found.length, 1);
    assert.match(found[0], says);
    assert.doesNotMatch(found[0], /pw/);
  });
