'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { problems } = require('../schema/problems');
const { expand } = require('../expand');
const { stanzas, context } = require('./fixtures');

const expanded = (archive, over = {}) =>
  expand(stanzas({ archive, ...over }), { ...context(), read: () => '' });
const jobs = (made) => made.resources.RoleOfJobs.Properties.Policies[0].PolicyDocument.Statement;

test('snapshots have defaults, and a replica must be that of a source', () => {
  const { snapshots } = expanded('400d').settings.archive;
  assert.deepStrictEqual(snapshots, {
    schedule: 'weekly',
    keepDays: 35,
    rowsPerSecond: 0,
    replicas: {},
  });
  const [unknown] = problems(stanzas({ archive: { snapshots: { replicas: { shp: 'a' } } } }));
  assert.match(unknown, /^archive\.snapshots\.replicas\.shp is no source/);
});

test('the jobs function may only put parts of snapshots, and only with an archive', () => {
  const put = jobs(expanded('400d')).find(({ Sid }) => Sid === 'Snapshots');
  assert.deepStrictEqual(put.Action, ['s3:PutObject']);
  assert.match(JSON.stringify(put.Resource), /snapshots\/parts\/\*.*snapshots\/ready\/\*/);
  const without = expanded('off');
  assert.ok(!jobs(without).some(({ Sid }) => Sid === 'Snapshots'));
  assert.doesNotMatch(JSON.stringify(without.functions.jobs), /ARCHIVE/);
});

test('it may read the secret of a replica', () => {
  const made = expanded({ snapshots: { replicas: { shop: 'rowline/replica' } } });
  const { Resource } = jobs(made).find(({ Sid }) => Sid === 'Secret');
  assert.match(JSON.stringify(Resource), /rowline\/replica/);
});

test('an archive without other consumers has a jobs function, with its own queue alone', () => {
  const made = expanded('400d', { consumers: {} });
  assert.ok(made.functions.jobs);
  assert.ok(!jobs(made).some(({ Resource }) => Array.isArray(Resource) && !Resource.length));
});

test('the schedule is weekly, another one, or off', () => {
  const of = (schedule) =>
    expanded({ snapshots: { schedule } }).settings.archive.snapshots.schedule;
  assert.strictEqual(of('cron(0 4 1 * ? *)'), 'cron(0 4 1 * ? *)');
  assert.strictEqual(of('off'), '');
  assert.strictEqual(of(false), '');
  const [wrong] = problems(stanzas({ archive: { snapshots: { schedule: 'daily' } } }));
  assert.match(wrong, /^archive\.snapshots\.schedule is "daily"\. It is none of nightly/);
});
