'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { expand } = require('../expand');
const { overLimits, LIMITS } = require('../expand/limits');
const { ownerOf } = require('../expand/logical_ids');
const { context, stanzas } = require('./fixtures');

const template = (Type, Properties) => ({ Resources: { Thing: { Type, Properties } } });
const letters = (count) => 'x'.repeat(count);

const cases = [
  [
    'AWS::Lambda::Function',
    (n) => ({ FunctionName: letters(n) }),
    LIMITS.functionName,
    /^Thing: 65 characters in the function name x+; AWS allows 64\. Shorten/,
  ],
  [
    'AWS::SQS::Queue',
    (n) => ({ QueueName: letters(n) }),
    LIMITS.queueName,
    /^Thing: 81 characters in the queue name/,
  ],
  [
    'AWS::SNS::Topic',
    (n) => ({ TopicName: letters(n) }),
    LIMITS.topicName,
    /^Thing: 257 characters in the topic name/,
  ],
  [
    'AWS::IAM::Role',
    (n) => ({ RoleName: letters(n) }),
    LIMITS.roleName,
    /^Thing: 65 characters in the role name/,
  ],
  [
    'AWS::Lambda::Function',
    (n) => ({ Environment: { Variables: { A: letters(n - 1) } } }),
    LIMITS.environment,
    /^Thing: 4097 bytes of environment variables; AWS allows 4096/,
  ],
  [
    'AWS::SNS::Subscription',
    (n) => ({ FilterPolicy: { source: ['a'], table: Array(n).fill('b') } }),
    LIMITS.filterCombinations,
    /^Thing: 151 combinations of values .* Write DATABASE\.\*/,
  ],
  [
    'AWS::SNS::Subscription',
    (n) => ({ FilterPolicy: Object.fromEntries(Array.from({ length: n }, (_, i) => [i, ['x']])) }),
    LIMITS.filterKeys,
    /^Thing: 6 attributes in the filter policy/,
  ],
];

for (const [type, properties, limit, message] of cases) {
  test(`${type}: ${limit} is allowed, one more is named`, () => {
    assert.deepEqual(overLimits(template(type, properties(limit))), []);
    const [problem, ...others] = overLimits(template(type, properties(limit + 1)));
    assert.match(problem, message);
    assert.deepEqual(others, []);
  });
}

test('a stack of 501 resources is refused', () => {
  const resources = (count) => ({
    Resources: Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`R${i}`, { Type: 'AWS::SQS::Queue' }]),
    ),
  });
  assert.deepEqual(overLimits(resources(500)), []);
  assert.match(overLimits(resources(501))[0], /^501 resources in the stack; AWS allows 500/);
});

test('values that CloudFormation fills in later count as long references', () => {
  const variables = (count) => ({
    Environment: {
      Variables: Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`V${i}`, { Ref: 'Queue' }]),
      ),
    },
  });
  assert.deepEqual(overLimits(template('AWS::Lambda::Function', variables(20))), []);
  assert.equal(overLimits(template('AWS::Lambda::Function', variables(60))).length, 1);
});

test('too many resources are named with the ways out', () => {
  const many = (type, count) =>
    Array.from({ length: count }, (_, at) => [`${type}${at}`, { Type: type }]);
  const [all] = overLimits({
    Resources: Object.fromEntries([
      ...many('AWS::SNS::Subscription', 30),
      ...many('AWS::CloudWatch::Alarm', 180),
      ...many('AWS::SQS::Queue', 300),
    ]),
  });
  assert.match(
    all,
    /^510 resources in the stack; AWS allows 500\. 30 consumers take about 17 each/,
  );
  assert.match(
    all,
    /180 of all are alarms\. Write alarms: off .* split the consumers over two serv/,
  );
});

test('what is joined of many names is as long as the names', () => {
  const queues = (count) => ({
    Environment: {
      Variables: {
        QUEUES: {
          'Fn::Join': [
            ',',
            Array.from({ length: count }, () => ({
              'Fn::Sub': 'a=${QueueOfThatConsumer.QueueName}',
            })),
          ],
        },
      },
    },
  });
  const given = (count) =>
    overLimits(template('AWS::Lambda::Function', queues(count)), { stack: 's' });
  assert.deepEqual(given(80), []);
  assert.match(given(100)[0], /bytes of environment variables; .* Shorten the names/);
});

test('a limit names the stanza whose resource exceeds it', () => {
  const given = stanzas();
  given.consumers = { ['a'.repeat(40)]: given.consumers.listingSearch };
  const all = expand(given, context({ prefix: 'a-long-name-of-a-service-dev' }));
  const [key, made] = Object.entries(all.functions).find(([name]) => name.startsWith('consume'));
  const id = `${key[0].toUpperCase()}${key.slice(1)}LambdaFunction`;
  const [problem] = overLimits(
    {
      Resources: {
        [id]: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: made.name } },
      },
    },
    { ownerOf: (one) => ownerOf(one, all.settings) },
  );
  assert.match(problem, /^consumers\.a{40} \(ConsumeA.*\): 76 characters in the function name/);
  for (const [of, owner] of [
    ['RoleOfRelayShop', 'sources.shop'],
    ['QueueAa', undefined],
    ['RoleOfJobs', undefined],
  ])
    assert.equal(ownerOf(of, all.settings), owner);
});
