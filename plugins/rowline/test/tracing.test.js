'use strict';

const test = require('node:test');
const assert = require('node:assert/strict');
const { expand } = require('../expand');
const { readOptions } = require('../options');
const { stanzas, context } = require('./fixtures');

const made = (tracing) => expand(stanzas(), context({ options: { tracing } }));
const statements = ({ resources }, role) =>
  resources[role].Properties.Policies[0].PolicyDocument.Statement;
const ROLES = ['RoleOfRelayShop', 'RoleOfConsumeListingSearch'];

test('with tracing relays and consumers are traced and may send segments', () => {
  const on = made('0.01');
  const traced = Object.keys(on.functions).filter(
    (name) => on.functions[name].tracing === 'Active',
  );
  assert.deepEqual(traced, ['relayShop', 'consumeListingSearch']);
  for (const role of ROLES)
    assert.deepEqual(
      statements(on, role).find(({ Sid }) => Sid === 'Traces'),
      {
        Sid: 'Traces',
        Effect: 'Allow',
        Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
        Resource: '*',
      },
    );
  assert.equal(on.settings.tracing, '0.01');
});

test('without it nothing of X-Ray is deployed', () => {
  for (const off of ['off', undefined, '', false, 0, '0']) {
    const without = made(off);
    assert.ok(!JSON.stringify(without).includes('xray'));
    for (const made of Object.values(without.functions)) assert.ok(!('tracing' in made));
    assert.ok(!('tracing' in without.settings));
  }
});

test('a container gets the rate with its settings', () => {
  const over = stanzas();
  over.sources.shop.run = 'fargate';
  const options = { tracing: 1, subnets: 'subnet-a', securityGroups: 'sg-b', image: 'c' };
  const { resources } = expand(over, context({ options }));
  const [{ Environment }] = resources.TaskOfRelayShop.Properties.ContainerDefinitions;
  const { Value } = Environment.find(({ Name }) => Name === 'ROWLINE_SETTINGS');
  assert.equal(JSON.parse(Value).tracing, '1');
});

test('a rate that is none is refused', () => {
  for (const wrong of [2, -1, 'on', '1 %', 'Active'])
    assert.throws(
      () => readOptions({ tracing: wrong }),
      /custom\.rowline\.tracing is .*like 0\.01/,
    );
});
