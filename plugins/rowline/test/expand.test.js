'use strict'; // (long: one table of stanzas and their expansion)

const test = require('node:test');
const assert = require('node:assert');
const { expand } = require('../expand');
const { problems } = require('../schema/problems');
const { stanzas, context, frozen } = require('./fixtures');

const ofType = (resources, type) =>
  Object.entries(resources).filter(([, resource]) => resource.Type === type);
const clone = (value) => JSON.parse(JSON.stringify(value));

/** All logical ids that a value refers to. */
function references(value) {
  if (Array.isArray(value)) return value.flatMap(references);
  if (!value || typeof value !== 'object') return [];
  if (value.Ref) return [value.Ref];
  if (value['Fn::GetAtt']) return [value['Fn::GetAtt'][0]];
  if (value['Fn::Sub']) {
    const [text, values] = [value['Fn::Sub']].flat();
    const named = [...text.matchAll(/\$\{([^}]+)\}/g)].map((match) => match[1].split('.')[0]);
    return [...named.filter((name) => !(values && name in values)), ...references(values)];
  }
  return Object.values(value).flatMap(references);
}

const made = expand(stanzas(), context());

test('expand is pure: it writes into nothing it is given, and says the same twice', () => {
  const [given, around] = [frozen(stanzas()), frozen(context())];
  assert.deepEqual(clone(expand(given, around)), clone(expand(given, around)));
});

test('a consumer has an encrypted FIFO queue and two DLQs, with a limit per message group', () => {
  const queues = ofType(made.resources, 'AWS::SQS::Queue');
  assert.deepEqual(
    queues.map(([id]) => id),
    ['QueueListingSearch', 'DlqListingSearch', 'UndeliveredListingSearch'],
  );
  for (const [, { Properties }] of queues) {
    assert.equal(Properties.FifoQueue, true);
    assert.equal(Properties.FifoThroughputLimit, 'perMessageGroupId');
    assert.equal(Properties.DeduplicationScope, 'messageGroup');
    assert.deepEqual(Properties.KmsMasterKeyId, { 'Fn::GetAtt': ['Key', 'Arn'] });
    assert.equal(Properties.MessageRetentionPeriod, 14 * 24 * 3600);
    // a name of its own would make adding the consumer again impossible
    assert.equal(Properties.QueueName, undefined);
  }
});

test('DLQs outlive their consumer, the queue does not', () => {
  const { QueueListingSearch, DlqListingSearch, UndeliveredListingSearch } = made.resources;
  assert.equal(QueueListingSearch.DeletionPolicy, undefined);
  for (const kept of [DlqListingSearch, UndeliveredListingSearch]) {
    assert.equal(kept.DeletionPolicy, 'RetainExceptOnCreate');
    assert.equal(kept.UpdateReplacePolicy, 'Retain');
  }
});

test('messages of a killed function come again 30 s after its time-out', () => {
  for (const timeout of [10, 60, 900]) {
    const given = stanzas();
    given.consumers.listingSearch.timeout = timeout;
    const { resources, functions } = expand(given, context());
    assert.equal(functions.consumeListingSearch.timeout, timeout);
    assert.equal(resources.QueueListingSearch.Properties.VisibilityTimeout, timeout + 30);
    assert.equal(resources.QueueListingSearch.Properties.RedrivePolicy.maxReceiveCount, 1000);
  }
});

test('no queue may take the DLQ of a subscription for its own', () => {
  const { UndeliveredListingSearch: dlq } = made.resources;
  assert.deepEqual(dlq.Properties.RedriveAllowPolicy, { redrivePermission: 'denyAll' });
});

test('Lambda and ECS may use a role only for what lies in this account', () => {
  const fargate = stanzas();
  fargate.sources.shop.run = 'fargate';
  const inVpc = { subnets: 'subnet-1', securityGroups: 'sg-1', image: 'somewhere/rowline:1' };
  const { resources } = expand(fargate, context({ options: inVpc }));
  const trust = (id) => resources[id].Properties.AssumeRolePolicyDocument.Statement[0];
  const account = { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } };
  assert.deepEqual(trust('RoleOfConsumeListingSearch').Condition, { StringEquals: account });
  for (const id of ['TaskRoleOfRelayShop', 'ExecutionRoleOfRelayShop']) {
    assert.equal(trust(id).Principal.Service, 'ecs-tasks.amazonaws.com');
    assert.deepEqual(trust(id).Condition.StringEquals, account);
    assert.match(trust(id).Condition.ArnLike['aws:SourceArn']['Fn::Sub'], /:ecs:.*AccountId\}:\*$/);
  }
});

test('every role is bounded where a boundary is given, and by none elsewhere', () => {
  const permissionsBoundary = 'arn:aws:iam::111122223333:policy/rowline-boundary';
  const bounds = (options) =>
    ofType(expand(stanzas(), context({ options })).resources, 'AWS::IAM::Role').map(
      ([, { Properties }]) => Properties.PermissionsBoundary,
    );
  const all = bounds({ permissionsBoundary });
  assert.deepEqual(all, Array(4).fill(permissionsBoundary));
  assert.deepEqual(bounds({}), Array(4).fill(undefined));
});

test('the subscription filters on source, table and lane, is raw, and has its own DLQ', () => {
  const given = stanzas();
  given.consumers.listingSearch.tables = ['market.*', 'market.photos'];
  given.consumers.listingSearch.elasticsearch.alias = '{table}';
  const { Properties, DependsOn } = expand(given, context()).resources.SubscriptionListingSearch;
  assert.deepEqual(Properties.FilterPolicy, {
    source: ['shop'],
    table: [{ prefix: 'market.' }, 'market.photos'],
    lane: ['live'],
  });
  assert.equal(Properties.RawMessageDelivery, true);
  assert.deepEqual(Properties.RedrivePolicy, {
    deadLetterTargetArn: { 'Fn::GetAtt': ['UndeliveredListingSearch', 'Arn'] },
  });
  assert.deepEqual(DependsOn, ['AccessToQueueListingSearch', 'AccessToUndeliveredListingSearch']);
});

test('only the topic may send to the queues, and only by TLS', () => {
  for (const id of ['AccessToQueueListingSearch', 'AccessToUndeliveredListingSearch']) {
    const [fromTopic, byTls] = made.resources[id].Properties.PolicyDocument.Statement;
    assert.deepEqual(fromTopic.Condition, { ArnEquals: { 'aws:SourceArn': { Ref: 'Topic' } } });
    assert.deepEqual([byTls.Effect, byTls.Action], ['Deny', 'sqs:*']);
  }
  const [byTls] = made.resources.AccessToTopic.Properties.PolicyDocument.Statement;
  assert.deepEqual([byTls.Effect, byTls.Action], ['Deny', 'sns:Publish']);
  assert.equal(made.resources.AccessToClaims.Properties.PolicyDocument.Statement[0].Action, 's3:*');
});

test('an emulator without TLS gets no policy that would lock it out', () => {
  const { resources } = expand(stanzas(), context({ options: { tls: 'off' } }));
  assert.doesNotMatch(JSON.stringify(resources), /SecureTransport/);
  assert.ok(resources.AccessToQueueListingSearch);
});

test('other accounts may subscribe queues where the service names them', () => {
  const statements = (options) =>
    expand(stanzas(), context({ options })).resources.AccessToTopic?.Properties.PolicyDocument
      .Statement ?? [];
  const sids = (options) => statements(options).map(({ Sid }) => Sid);
  assert.deepEqual(sids({}), ['OnlyByTls']);
  assert.deepEqual(sids({ subscribers: '111122223333' }), ['OnlyByTls', 'SubscribeQueues']);
  assert.deepEqual(sids({ subscribers: ['111122223333'], tls: 'off' }), ['SubscribeQueues']);
  assert.deepEqual(sids({ tls: 'off' }), []);
  assert.throws(() => sids({ subscribers: ['mine'] }), /names "mine", which is no account/);
});

test('the function takes ten messages at once and reports failures one by one', () => {
  const [{ sqs }] = made.functions.consumeListingSearch.events;
  assert.deepEqual(
    [sqs.batchSize, sqs.functionResponseType, sqs.maximumConcurrency],
    [10, 'ReportBatchItemFailures', 10],
  );
});

test('the relay runs every minute, is never retried, and has two places reserved', () => {
  const relay = made.functions.relayShop;
  assert.deepEqual(relay.events, [{ schedule: { rate: ['rate(1 minute)'], enabled: true } }]);
  assert.deepEqual(
    [relay.timeout, relay.reservedConcurrency, relay.maximumRetryAttempts],
    [900, 2, 0],
  );
  const off = expand(stanzas(), context({ options: { relay: 'off', relayConcurrency: 'off' } }))
    .functions.relayShop;
  assert.deepEqual(off.events, []);
  assert.ok(!('reservedConcurrency' in off));
});

test('the jobs function knows every queue, and reads every secret that a job may need', () => {
  const given = stanzas();
  given.consumers.sellerSearch = { tables: ['market.sellers'], elasticsearch: { secret: 'other' } };
  const { functions, resources } = expand(given, context({ options: { jobsMemory: 2048 } }));
  const { environment, events, memorySize, timeout } = functions.jobs;
  assert.deepEqual([events, memorySize, timeout], [[], 2048, 900]);
  assert.deepEqual(environment.ROWLINE_QUEUE_URL, { Ref: 'QueueListingSearch' });
  assert.deepEqual(
    environment.ROWLINE_QUEUES['Fn::Join'][1].map((each) => each['Fn::Sub']),
    [
      'listingSearch=${QueueListingSearch.QueueName}',
      'sellerSearch=${QueueSellerSearch.QueueName}',
    ],
  );
  const statements = resources.RoleOfJobs.Properties.Policies[0].PolicyDocument.Statement;
  const of = (wanted) => JSON.stringify(statements.find(({ Sid }) => Sid === wanted));
  assert.match(of('Subscribed'), /dynamodb:GetItem.*"dynamodb:LeadingKeys":\["watch"\]/);
  assert.match(of('Dropped'), /s3:PutObject.*\/dropped\/\*/);
  assert.match(of('Parked'), /s3:GetObject.*\/parked\/\*/);
  assert.match(of('ClaimGone'), /s3:ListBucket/);
  const secrets = statements
    .filter(({ Action }) => Action.includes('secretsmanager:GetSecretValue'))
    .flatMap(({ Resource }) => JSON.stringify(Resource).match(/[\w/]+-\?{6}/g));
  assert.deepEqual(secrets, [
    'rowline/test/source-??????',
    'rowline/test/search-??????',
    'other-??????',
  ]);
  assert.equal(expand({ ...given, consumers: {} }, context()).functions.jobs, undefined);
});

test('the watch runs each minute, outside the VPC, and its silence rings', () => {
  const inVpc = { subnets: 'subnet-1', securityGroups: 'sg-1' };
  const alerts = 'arn:aws:sns:eu-west-1:1:pager';
  const { functions, resources } = expand(stanzas(), context({ alerts, options: inVpc }));
  assert.deepEqual(functions.watch.events, [
    { schedule: { rate: ['rate(1 minute)'], enabled: true } },
  ]);
  assert.equal(functions.watch.vpc, undefined);
  assert.equal(functions.watch.maximumRetryAttempts, 0);
  const { Properties } = resources.SilentOfWatch;
  assert.deepEqual(
    [Properties.ComparisonOperator, Properties.Threshold, Properties.TreatMissingData],
    ['LessThanThreshold', 1, 'breaching'],
  );
});

test('a figure of the watch that is missing rings like one that is wrong', () => {
  const alarms = expand(stanzas(), context({ alerts: 'arn:aws:sns:eu-west-1:1:pager' })).resources;
  for (const id of ['DownOfRelayShop', 'ParkedOfConsumeListingSearch', 'DueOfConsumeListingSearch'])
    assert.equal(alarms[id].Properties.TreatMissingData, 'breaching');
});

test('each function has its own role, without other consumers and wildcard actions', () => {
  const given = stanzas();
  given.consumers.sellerSearch = { tables: ['market.sellers'], elasticsearch: { secret: 'other' } };
  const { functions, resources } = expand(given, context());
  const roles = Object.values(functions).map((made) => made.role['Fn::Sub']);
  assert.equal(new Set(roles).size, 5);
  for (const [id, { Properties }] of ofType(resources, 'AWS::IAM::Role')) {
    for (const { Action, Resource, Sid } of Properties.Policies[0].PolicyDocument.Statement) {
      for (const action of Action) assert.match(action, /^[a-z0-9]+:[A-Za-z]+$/, `${id} ${Sid}`);
      // these actions support no resource
      if (id === 'RoleOfWatch' && ['Mappings', 'Runs', 'Subscriptions'].includes(Sid)) continue;
      assert.notEqual(Resource, '*', `${id} ${Sid}`);
    }
  }
  assert.doesNotMatch(JSON.stringify(resources.RoleOfConsumeSellerSearch), /istingSearch/);
});

test('a function may read its secret, by whatever name or ARN it is given, and no other', () => {
  const arn = 'arn:aws:secretsmanager:eu-west-1:111122223333:secret:rowline';
  const of = (secret) => {
    const given = stanzas();
    given.consumers.listingSearch.elasticsearch.secret = secret;
    const role = expand(given, context()).resources.RoleOfConsumeListingSearch;
    const statements = role.Properties.Policies[0].PolicyDocument.Statement;
    return statements.find(({ Sid }) => Sid === 'Secret').Resource;
  };
  assert.match(of('rowline/search')['Fn::Sub'], /:secret:rowline\/search-\?{6}$/);
  assert.deepEqual(of(`${arn}/search`), `${arn}/search-??????`);
  assert.deepEqual(of(`${arn}/a-a1B2c3`), [`${arn}/a-a1B2c3`, `${arn}/a-a1B2c3-??????`]);
});

test('only in a VPC functions get its subnets and may create network interfaces', () => {
  const { functions, resources } = expand(
    stanzas(),
    context({ options: { subnets: 'subnet-1, subnet-2', securityGroups: 'sg-1' } }),
  );
  assert.deepEqual(functions.relayShop.vpc, {
    subnetIds: ['subnet-1', 'subnet-2'],
    securityGroupIds: ['sg-1'],
  });
  assert.match(JSON.stringify(resources.RoleOfRelayShop), /ec2:CreateNetworkInterface/);
  assert.equal(made.functions.relayShop.vpc, undefined);
  assert.doesNotMatch(JSON.stringify(made.resources), /ec2:/);
});

test('alarms exist only with somebody to tell', () => {
  assert.deepEqual(ofType(made.resources, 'AWS::CloudWatch::Alarm'), []);
  const alarms = ofType(
    expand(stanzas(), context({ alerts: 'arn:aws:sns:eu-west-1:1:pager' })).resources,
    'AWS::CloudWatch::Alarm',
  );
  assert.deepEqual(
    alarms.map(([id]) => id),
    [
      'DownOfRelayShop',
      'RetentionOfRelayShop',
      'LagOfRelayShop',
      'ClosedOfConsumeListingSearch',
      'ErrorsOfConsumeListingSearch',
      'ThrottlesOfConsumeListingSearch',
      'ParkedOfConsumeListingSearch',
      'MovedAwayOfConsumeListingSearch',
      'NotDeliveredOfConsumeListingSearch',
      'DueOfConsumeListingSearch',
      'DiffersOfConsumeListingSearch',
      'LateOfConsumeListingSearch',
      'SilentOfWatch',
      'LostOfTopic',
    ],
  );
  // The dimensions under which the relay writes its metrics (shared/adapters/metrics): an alarm on
  // others would never see a figure.
  const named = Object.fromEntries(alarms);
  assert.deepEqual(named.LagOfRelayShop.Properties.Dimensions, [
    { Name: 'service', Value: 'rowline-test' },
    { Name: 'stream', Value: 'shop' },
  ]);
  const { Properties: lost } = named.LostOfTopic;
  assert.deepEqual(lost.Dimensions, [
    { Name: 'TopicName', Value: { 'Fn::GetAtt': ['Topic', 'TopicName'] } },
  ]);
  assert.match(lost.AlarmDescription, /lost\.md$/);
  const { Metrics } = named.LateOfConsumeListingSearch.Properties;
  assert.deepEqual(Metrics[2].MetricStat.Metric, {
    Namespace: 'Rowline',
    MetricName: 'OldestFailedMs',
    Dimensions: [
      { Name: 'service', Value: 'rowline-test' },
      { Name: 'consumer', Value: 'listingSearch' },
    ],
  });
  for (const [, { Properties }] of alarms)
    assert.deepEqual(Properties.AlarmActions, ['arn:aws:sns:eu-west-1:1:pager']);
});

test('every reference is to a resource of the plugin, of the framework or to a shared one', () => {
  const shared = [
    'Key',
    'Topic',
    'State',
    'Claims',
    'RelayShopLambdaFunction',
    'WatchLambdaFunction',
    'JobsLambdaFunction',
    'ConsumeListingSearchLambdaFunction',
  ];
  const known = new Set([...Object.keys(made.resources), ...shared]);
  const missing = references([made.resources, made.functions, made.outputs]).filter(
    (id) => !known.has(id) && !id.startsWith('AWS::'),
  );
  assert.deepEqual(missing, []);
});

test('no choice of names makes two resources, functions or outputs meet', () => {
  // Words that the ids themselves are made of, so that a clumsy scheme would collide.
  const words = [
    'queue',
    'dlq',
    'undelivered',
    'relay',
    'consume',
    'watch',
    'jobs',
    'of',
    'to',
    'queueUrl',
    'dlqUrl',
    'ofRelay',
    'ofConsume',
    'a',
    'aQueue',
    'roleOf',
    'logGroup',
    'lambdaFunction',
  ];
  const shop = stanzas().sources.shop;
  const tables = ['market.listings'];
  const given = {
    sources: Object.fromEntries(words.map((word) => [word, { ...shop, secret: word }])),
    consumers: Object.fromEntries(
      words.map((word) => [word, { source: 'a', tables, elasticsearch: { secret: word } }]),
    ),
  };
  assert.deepEqual(problems(given), []);
  const around = context({ alerts: 'arn:aws:sns:eu-west-1:1:pager' });
  const all = expand(given, around);
  const alone = (one) => expand({ sources: {}, consumers: {}, ...one }, around);
  const one = (kind) =>
    words.reduce((sum, word) => {
      const source = alone({ sources: { [word]: shop } });
      const both = alone({ sources: { a: shop }, consumers: { [word]: given.consumers[word] } });
      const base = alone({ sources: { a: shop } });
      return (
        sum +
        Object.keys(source[kind]).length +
        Object.keys(both[kind]).length -
        Object.keys(base[kind]).length
      );
    }, 0);
  const common = { resources: 8, functions: 2, outputs: 6 }; // what every expansion has once
  for (const kind of ['resources', 'functions', 'outputs']) {
    assert.equal(
      Object.keys(all[kind]).length,
      one(kind) - common[kind] * (words.length - 1),
      kind,
    );
  }
});

test('own code is named once, and own requirements by function', () => {
  const read = () => 'def handle(change, context): pass';
  const handler = { tables: ['market.listings'], handler: 'consumers/alerts.handle' };
  const { own, requirements } = expand(
    stanzas({
      consumers: {
        one: handler,
        two: { ...handler, requirements: 'consumers/needs.txt' },
        three: {
          tables: ['market.listings'],
          elasticsearch: { secret: 'rowline/test/search' },
          mapping: 'documents.handle',
          upcasters: { 'market.listings': { 1: 'upcast/listings.handle' } },
        },
      },
    }),
    { ...context(), read },
  );
  assert.deepEqual(own, ['consumers', 'upcast', 'documents']);
  assert.deepEqual(requirements, { consumeTwo: ['consumers/needs.txt'] });
});

test('the jobs function has the packages of every mapping that it calls', () => {
  const read = () => 'def handle(row, table): pass';
  const mapped = (requirements) => ({
    tables: ['market.listings'],
    elasticsearch: { secret: 'rowline/test/search', alias: requirements.slice(0, 1) },
    mapping: 'documents.handle',
    requirements,
  });
  const { requirements } = expand(
    stanzas({
      consumers: { one: mapped('b.txt'), two: mapped('a.txt'), three: mapped('b.txt') },
    }),
    { ...context(), read },
  );
  assert.deepEqual(requirements, {
    consumeOne: ['b.txt'],
    consumeTwo: ['a.txt'],
    consumeThree: ['b.txt'],
    jobs: ['a.txt', 'b.txt'],
  });
});

test('a consumer may be without alarms', () => {
  const alarmsOf = (alarms) => {
    const given = stanzas();
    given.consumers.listingSearch.alarms = alarms;
    const { resources } = expand(given, context({ alerts: 'arn:aws:sns:eu-west-1:1:pager' }));
    return Object.keys(resources).filter((id) => id.endsWith('OfConsumeListingSearch')).length;
  };
  assert.ok(alarmsOf('on') > 4);
  assert.deepEqual([alarmsOf('off'), alarmsOf(false)], [1, 1]); // the role
});

test('a consumer that is off rings for no lag, and its settings say so', () => {
  for (const [enabled, means, rings] of [
    [undefined, undefined, true],
    ['on', undefined, true],
    ['off', false, false],
    [false, false, false],
  ]) {
    const given = stanzas();
    if (enabled !== undefined) given.consumers.listingSearch.enabled = enabled;
    assert.deepEqual(problems(given), []);
    const made = expand(given, context({ alerts: 'arn:aws:sns:eu-west-1:1:pager' }));
    assert.equal(made.settings.consumers.listingSearch.enabled, means);
    assert.equal('LateOfConsumeListingSearch' in made.resources, rings);
    assert.ok('DueOfConsumeListingSearch' in made.resources);
  }
});
