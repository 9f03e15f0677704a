'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { problems } = require('../schema/problems');
const { expand } = require('../expand');
const { overLimits } = require('../expand/limits');
const { stanzas, context, frozen } = require('./fixtures');

const expanded = (archive, over = {}) =>
  expand(frozen(stanzas({ archive, ...over })), { ...context(), read: () => '' });

test('without the stanza, or with off, nothing of it is made', () => {
  for (const archive of [undefined, null, 'off', false]) {
    assert.deepStrictEqual(problems(stanzas({ archive })), []);
    const made = expanded(archive);
    assert.strictEqual(made.settings.archive, undefined);
    assert.ok(!('archive' in made.functions) && !('consumeArchiveShop' in made.functions));
  }
});

test('it receives every table of every source, each by a consumer of its own', () => {
  const two = stanzas().sources;
  two.stock = { secret: 'rowline/test/stock', tables: { 'wares.items': null } };
  two.shopFast = { relayOf: 'shop', tables: { 'market.prices': null, 'other.rates': null } };
  const consumers = { listingSearch: { source: 'shop', ...stanzas().consumers.listingSearch } };
  assert.deepStrictEqual(problems(stanzas({ sources: two, consumers, archive: '30d' })), []);
  const made = expanded('30d', { sources: two, consumers });
  const { archiveShop, archiveStock } = made.settings.consumers;
  assert.deepStrictEqual(archiveShop.tables, ['market.*', 'other.*']);
  assert.deepStrictEqual(archiveStock.tables, ['wares.*']);
  assert.deepStrictEqual(archiveShop.sink, { kind: 'archive' });
  assert.strictEqual(made.settings.archive.retentionDays, 30);
});

test('a schedule drains its queues, and no mapping gives it a message at a time', () => {
  const { functions, resources } = expanded('400d');
  const { events, environment } = functions.consumeArchiveShop;
  assert.deepStrictEqual(events, [
    { schedule: { rate: ['rate(1 minute)'], enabled: true, input: { drain: true } } },
  ]);
  assert.strictEqual(environment.ROWLINE_ARCHIVE_FUNCTION, functions.archive.name);
  const { Statement } = resources.RoleOfConsumeArchiveShop.Properties.Policies[0].PolicyDocument;
  const [invokes] = Statement.filter(({ Action }) => Action.includes('lambda:InvokeFunction'));
  assert.deepStrictEqual(
    [invokes.Sid, JSON.stringify(invokes.Resource).includes(`:${functions.archive.name}"`)],
    ['Commit', true],
  );
  assert.ok(functions.consumeListingSearch.events[0].sqs, 'other consumers have a mapping');
});

test('retention is a number of days or forever', () => {
  assert.strictEqual(expanded({}).settings.archive.retentionDays, 400);
  assert.strictEqual(expanded({ retention: 'forever' }).settings.archive.retentionDays, 0);
  const [wrong] = problems(stanzas({ archive: { retention: '1y' } }));
  assert.match(wrong, /^archive\.retention is "1y"; it must be a number of days, or forever/);
  assert.match(problems(stanzas({ archive: { retain: '1d' } }))[0], /archive\.retention\?/);
});

test("the table's files move to cheaper storage only when the stanza says so", () => {
  const rules = (archive) =>
    expanded(archive).resources.ArchiveBucket.Properties.LifecycleConfiguration.Rules;
  const of = (archive) => rules(archive).find(({ Id }) => Id === 'table-infrequent');
  assert.strictEqual(of({}), undefined);
  assert.strictEqual(of({ infrequentAfter: 'off' }), undefined);
  const { Prefix, Transitions } = of({ infrequentAfter: '90d' });
  assert.deepStrictEqual(
    [Prefix, Transitions],
    ['lake/data/', [{ StorageClass: 'STANDARD_IA', TransitionInDays: 90 }]],
  );
  for (const wrong of ['7d', '90', true]) {
    const [problem] = problems(stanzas({ archive: { infrequentAfter: wrong } }));
    assert.match(problem, /^archive\.infrequentAfter/);
  }
});

test('with via: firehose a stream delivers, and keeps what it holds when it leaves', () => {
  const without = expanded({ via: 's3' });
  assert.deepStrictEqual(expanded({}), without);
  assert.deepStrictEqual(
    Object.keys(without.resources).filter((id) => id.includes('ArchiveStream')),
    [],
  );
  const { resources, functions, settings } = expanded({ via: 'firehose' });
  const { ArchiveStream: stream, RoleOfArchiveStream: role } = resources;
  assert.strictEqual(stream.DeletionPolicy, 'RetainExceptOnCreate');
  assert.strictEqual(role.DeletionPolicy, 'RetainExceptOnCreate');
  const to = stream.Properties.ExtendedS3DestinationConfiguration;
  assert.match(to.Prefix, /^landing\/./);
  assert.doesNotMatch(to.ErrorOutputPrefix, /^landing/);
  assert.strictEqual(to.CompressionFormat, 'GZIP');
  assert.ok(to.EncryptionConfiguration.KMSEncryptionConfig.AWSKMSKeyARN);
  assert.ok(stream.Properties.DeliveryStreamEncryptionConfigurationInput.KeyARN);
  const { environment } = functions.consumeArchiveShop;
  assert.deepStrictEqual(environment.ROWLINE_ARCHIVE_STREAM, { Ref: 'ArchiveStream' });
  assert.strictEqual(settings.archive.via, 'firehose');
  assert.deepStrictEqual(settings.consumers.archiveShop.sink, { kind: 'archive', via: 'firehose' });
  const { Statement } = resources.RoleOfConsumeArchiveShop.Properties.Policies[0].PolicyDocument;
  assert.ok(Statement.some(({ Action }) => Action.includes('firehose:PutRecordBatch')));
  const [trust] = resources.RoleOfArchiveStream.Properties.AssumeRolePolicyDocument.Statement;
  const account = { 'sts:ExternalId': { Ref: 'AWS::AccountId' } };
  assert.deepStrictEqual(trust.Condition, { StringEquals: account });
});

test('no other way than s3 and firehose', () => {
  const [wrong] = problems(stanzas({ archive: { via: 'kinesis' } }));
  assert.match(wrong, /^archive\.via is "kinesis"/);
});

test('its consumers and its sink are not for other consumers', () => {
  const { listingSearch } = stanzas().consumers;
  const [named] = problems(stanzas({ archive: {}, consumers: { archiveShop: listingSearch } }));
  assert.match(named, /^consumers\.archiveShop has the name of the archive's own consumer/);
  const mine = { tables: ['market.listings'], archive: {} };
  const [used] = problems(stanzas({ consumers: { mine } }));
  assert.match(used, /^consumers\.mine\.archive is no sink of yours/);
  const [none] = problems(stanzas({ consumers: { mine: { tables: ['market.listings'] } } }));
  assert.doesNotMatch(none, /archive/);
});

test('only its own function has its zip, and rights on the buckets of the stage alone', () => {
  const made = expanded('400d');
  const zips = Object.entries(made.functions).filter(([, one]) => one.package);
  assert.deepStrictEqual(
    zips.map(([name]) => name),
    ['archive'],
  );
  const { Statement } = made.resources.RoleOfArchive.Properties.Policies[0].PolicyDocument;
  const buckets = Statement.filter(({ Action }) => Action.some((one) => one.startsWith('s3:')));
  assert.ok(buckets.length);
  for (const { Resource } of buckets)
    assert.match(JSON.stringify(Resource), /ArchiveBucket|Claims/);
  assert.deepStrictEqual(overLimits({ Resources: made.resources }), []);
});
