'use strict';

const test = require('node:test');
const assert = require('node:assert');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { useLocalStage } = require('../deploy/local');

const LOCAL = { stage: 'local', record: 'stage.json' };
const HERE = {
  AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
};

/** A service's folder, with the record of a running local stage. */
function folder(t, record) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'rowline-local-'));
  t.after(() => fs.rmSync(made, { recursive: true }));
  if (record) fs.writeFileSync(path.join(made, LOCAL.record), JSON.stringify(record));
  return made;
}

test('a fresh shell finds the local stage, and real credentials stay unused', (t) => {
  const record = { environment: { ...HERE, ROWLINE_SOURCE: 'mysql://x' } };
  const shell = {
    PATH: '/bin',
    AWS_PROFILE: 'prod',
    AWS_SESSION_TOKEN: 'real',
    AWS_ACCESS_KEY_ID: 'AKIAREAL',
    AWS_SECRET_ACCESS_KEY: 'real',
    AWS_ENDPOINT_URL_SQS: 'https://sqs.eu-west-1.amazonaws.com',
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
  };
  useLocalStage('deploy', 'local', LOCAL, folder(t, record), shell);
  assert.deepStrictEqual(shell, { PATH: '/bin', ...HERE });
});

test('without a local stage nothing is deployed', (t) => {
  const shell = { AWS_ACCESS_KEY_ID: 'AKIAREAL' };
  const deploy = () => useLocalStage('deploy', 'local', LOCAL, folder(t), shell);
  assert.throws(deploy, /is not up\. Start it: rowline local up/);
});

test('stage local never reaches AWS', (t) => {
  for (const host of ['sns.eu-west-1.amazonaws.com', 'sqs.eu-west-1.api.aws', 'AMAZONAWS.com.cn'])
    assert.throws(
      () =>
        useLocalStage('deploy', 'local', LOCAL, folder(t), { AWS_ENDPOINT_URL: `https://${host}` }),
      /which is AWS/,
    );
});

test('another emulator, another stage and packaging keep what the shell says', (t) => {
  const shell = { AWS_ENDPOINT_URL: 'http://emulator:4566', AWS_ACCESS_KEY_ID: 'x' };
  const before = { ...shell };
  useLocalStage('deploy', 'local', LOCAL, folder(t), shell);
  useLocalStage('deploy', 'prod', LOCAL, folder(t), shell);
  useLocalStage('package', 'local', LOCAL, folder(t), shell);
  assert.deepStrictEqual(shell, before);
});
