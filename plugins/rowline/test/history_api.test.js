'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const path = require('node:path');
const { problems } = require('../schema/problems');
const { expand } = require('../expand');
const { overLimits } = require('../expand/limits');
const { stanzas, context, frozen } = require('./fixtures');

const PAGE = path.join(__dirname, '../../../docs/iam.md');
const expanded = (archive) =>
  expand(frozen(stanzas({ archive })), { ...context(), read: () => '' });
const ofKind = ({ resources }, kind) =>
  Object.values(resources).filter(({ Type }) => Type === kind);

test('without api: on, nothing of it is made', () => {
  for (const archive of ['off', '400d', {}, { api: 'off' }, { api: false }]) {
    const made = expanded(archive);
    assert.ok(!('history' in made.functions));
    assert.deepStrictEqual(
      Object.values(made.resources).filter(({ Type }) => Type.startsWith('AWS::ApiGateway')),
      [],
    );
  }
  assert.match(problems(stanzas({ archive: { api: 'yes' } }))[0], /^archive\.api is "yes"/);
});

test('every route needs IAM credentials, and only API Gateway may call the function', () => {
  for (const api of ['on', true]) {
    assert.deepStrictEqual(problems(stanzas({ archive: { api } })), []);
    const made = expanded({ api });
    const routes = ofKind(made, 'AWS::ApiGatewayV2::Route');
    assert.ok(routes.length);
    for (const { Properties } of routes) {
      assert.strictEqual(Properties.AuthorizationType, 'AWS_IAM');
      assert.match(Properties.RouteKey, /^GET /);
    }
    const [permission] = ofKind(made, 'AWS::Lambda::Permission');
    assert.match(JSON.stringify(permission.Properties.SourceArn), /HistoryApi/);
    assert.deepStrictEqual(overLimits({ Resources: made.resources }), []);
    assert.match(JSON.stringify(made.outputs.HistoryApiUrl), /execute-api/);
  }
});

test('its role is exactly that of the page, and writes nothing but results', () => {
  const { resources, functions } = expanded({ api: 'on' });
  const { Statement } = resources.RoleOfHistory.Properties.Policies[0].PolicyDocument;
  const [, section] = /\n## History API\n(.*?)\n## /s.exec(fs.readFileSync(PAGE, 'utf8'));
  const page = section
    .split('\n')
    .filter((line) => /^\| [A-Z]/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, sid, actions]) => [sid, actions.match(/[a-z0-9]+:\w+/g).sort()]);
  assert.deepStrictEqual(
    Statement.map(({ Sid, Action }) => [Sid, [...Action].sort()]),
    page,
  );
  const writing = Statement.filter(({ Action }) => Action.includes('s3:PutObject'));
  assert.strictEqual(writing.length, 1);
  assert.match(JSON.stringify(writing[0].Resource), /results\/\*/);
  assert.ok(functions.history.timeout < 30);
});
