'use strict';

// A tiny service, packaged by the framework itself: what a user types is what is tested.
const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');

const PLUGIN = path.resolve(__dirname, '..');
const CLI = require.resolve('osls/bin/serverless.js');
const SHARED = ['AWS::KMS::Key', 'AWS::SNS::Topic', 'AWS::DynamoDB::Table', 'AWS::S3::Bucket'].map(
  (type, i) => `    ${['Key', 'Topic', 'State', 'Claims'][i]}: {Type: "${type}"}`,
);

const yaml = ({
  consumer = '    tables: [market.listings]\n    elasticsearch: {secret: search}',
  extra = '',
  provider = '',
  shared = SHARED,
} = {}) => `
service: tiny
provider: {name: aws, runtime: python3.13, architecture: arm64, region: eu-west-1${provider}}
plugins: [./rowline]
sources:
  shop:
    secret: source
    tables:
      market.listings:
consumers:
  listingSearch:
${consumer}
${extra}
resources:
  Resources:
${shared.join('\n')}
`;

/** A folder with a tiny service in it, gone after the test: {dir, env}. */
function service(t, text, files = {}) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-service-'));
  t.after(() => fs.rmSync(dir, { recursive: true, force: true }));
  fs.symlinkSync(PLUGIN, path.join(dir, 'rowline'));
  const all = {
    'serverless.yml': text,
    'requirements.txt': '',
    'handlers/relay.py': '',
    'shared/a.py': '',
    ...files,
  };
  for (const [name, content] of Object.entries(all)) {
    fs.mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), content);
  }
  const env = { ...process.env, SLS_NOTIFICATIONS_MODE: 'off' };
  // packaging needs no credentials
  for (const name of Object.keys(env)) if (name.startsWith('AWS_')) delete env[name];
  return { dir, env };
}

const words = (command) => [CLI, command, '--stage', 'test'];

function sls(t, text, files = {}, command = 'package', variables = {}) {
  const { dir, env } = service(t, text, files);
  const done = spawnSync(process.execPath, words(command), {
    cwd: dir,
    env: { ...env, ...variables },
    encoding: 'utf8',
  });
  const template = path.join(dir, '.serverless', 'cloudformation-template-update-stack.json');
  return {
    ...done,
    said: done.stdout + done.stderr,
    dir,
    template: fs.existsSync(template) && JSON.parse(fs.readFileSync(template)),
  };
}

/** The same while this process continues, for a service that asks a server of the test. */
function slsBeside(t, text, command, variables) {
  const { dir, env } = service(t, text);
  const child = spawn(process.execPath, words(command), {
    cwd: dir,
    env: { ...env, ...variables },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  return new Promise((done) => child.on('close', (status) => done({ status, said })));
}

test('three lines become queue, DLQ, function, role, subscription and log group', (t) => {
  const { status, said, template, dir } = sls(t, yaml());
  assert.equal(status, 0, said);
  const types = Object.values(template.Resources).map((resource) => resource.Type);
  const count = (type) => types.filter((one) => one === type).length;
  assert.deepEqual(
    [
      'SQS::Queue',
      'SQS::QueuePolicy',
      'SNS::Subscription',
      'Lambda::Function',
      'IAM::Role',
      'Logs::LogGroup',
      'Lambda::EventSourceMapping',
      'Events::Rule',
    ].map((type) => count(`AWS::${type}`)),
    [3, 3, 1, 4, 4, 4, 1, 2],
  );
  assert.deepEqual(template.Metadata.Rowline.consumers.listingSearch.tables, ['market.listings']);
  assert.deepEqual(template.Resources.ConsumeListingSearchLogGroup.Properties.KmsKeyId, {
    'Fn::GetAtt': ['Key', 'Arn'],
  });
  const { Properties } = template.Resources.RelayShopLambdaFunction;
  assert.deepEqual(
    [Properties.Runtime, Properties.Architectures, Properties.Environment.Variables.ROWLINE_STREAM],
    ['python3.13', ['arm64'], 'shop'],
  );
  assert.match(Properties.Environment.Variables.ROWLINE_VERSION, /^[0-9a-f]{16}$/);
  assert.ok(fs.existsSync(path.join(dir, '.serverless', 'rowline.zip')));
});

const refused = [
  [
    'a wrong key',
    { consumer: '    table: [market.listings]\n    elasticsearch: {secret: search}' },
    /listingSearch\.table is no known key\. Did you mean consumers\.listingSearch\.tables\?/,
  ],
  [
    'an index file that is not there',
    {
      consumer:
        '    tables: [market.listings]\n    elasticsearch: {secret: search, index: nope.json}',
    },
    /consumers\.listingSearch\.elasticsearch\.index: there is no file nope\.json/,
  ],
  [
    'an option nobody knows',
    { extra: 'custom: {rowline: {bild: aws}}' },
    /custom\.rowline\.bild is no option/,
  ],
  [
    'a missing shared resource',
    { shared: SHARED.slice(1) },
    /resources: Key \(the stage's key\) is missing\. Declare it below resources:/,
  ],
  [
    'a function of a name that Rowline needs',
    { extra: 'functions: {jobs: {handler: a.b}}' },
    /serverless\.yml:\d+: functions\.jobs has the name of a function of Rowline/,
  ],
  [
    'a resource of a name that Rowline needs',
    { shared: [...SHARED, '    RoleOfWatch: {Type: "AWS::IAM::Role"}'] },
    /resources: RoleOfWatch is the name of a resource of Rowline/,
  ],
  [
    'a stack of another name',
    { provider: ', stackName: mine' },
    /serverless\.yml:3: provider\.stackName makes mine of the stack.* tiny-test/,
  ],
  [
    'a VPC by half',
    { extra: 'custom: {rowline: {subnets: subnet-1}}' },
    /subnets and securityGroups go together/,
  ],
];
for (const [what, change, message] of refused) {
  test(`${what} ends the command with one paragraph and no stack trace`, (t) => {
    const { status, said } = sls(t, yaml(change));
    assert.notEqual(status, 0);
    assert.match(said, message);
    assert.doesNotMatch(said, /^\s+at /m);
  });
}

test('an index file becomes part of the settings', (t) => {
  const consumer =
    '    tables: [market.listings]\n' +
    '    elasticsearch: {secret: search, index: search/listings.json}';
  const { status, said, template } = sls(t, yaml({ consumer }), {
    'search/listings.json': '{"mappings": {"properties": {"title": {"type": "text"}}}}',
  });
  assert.equal(status, 0, said);
  assert.equal(
    template.Metadata.Rowline.consumers.listingSearch.sink.index.mappings.properties.title.type,
    'text',
  );
});

for (const [what, content, message] of [
  ['no JSON', '{', /search\/listings\.json is not JSON/],
  ['a list', '[]', /must hold a map with settings and mappings/],
  ['another key', '{"aliases": {}}', /has aliases at its top; only settings and mappings/],
]) {
  test(`an index file with ${what} is refused`, (t) => {
    const consumer =
      '    tables: [market.listings]\n' +
      '    elasticsearch: {secret: search, index: search/listings.json}';
    const { status, said } = sls(t, yaml({ consumer }), { 'search/listings.json': content });
    assert.notEqual(status, 0);
    assert.match(said, message);
  });
}

test('a deploy to an emulator that is down says so, and packaging for it works', (t) => {
  const down = {
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const { status, said } = sls(t, yaml(), {}, 'deploy', down);
  assert.notEqual(status, 0);
  assert.match(said, /AWS_ENDPOINT_URL is http:\/\/127\.0\.0\.1:1, but nothing answers there/);
  assert.match(said, /rowline local up/);
  assert.equal(sls(t, yaml(), {}, 'package', down).status, 0);
});

test('the SDK does not ask for another Node.js at every deployment', async (t) => {
  const server = http.createServer((request, response) => {
    response.statusCode = 400;
    response.end('<ErrorResponse><Error><Code>Refused</Code></Error></ErrorResponse>');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  const here = {
    AWS_ENDPOINT_URL: `http://127.0.0.1:${server.address().port}`,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const { said } = await slsBeside(t, yaml(), 'deploy', here);
  assert.match(said, /Stack tiny-test failed to deploy/);
  assert.doesNotMatch(said, /NodeVersionSupportWarning/);
});
