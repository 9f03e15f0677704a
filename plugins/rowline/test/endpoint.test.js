'use strict';

const test = require('node:test');
const assert = require('node:assert');
const net = require('node:net');
const { requireEndpoint } = require('../deploy/endpoint');

/** A port of this machine where nobody listens. */
async function freePort() {
  const server = net.createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

test('an emulator that is down is named, with the command that starts it', async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  await assert.rejects(requireEndpoint('deploy', url), (error) => {
    assert.match(
      error.message,
      /AWS_ENDPOINT_URL is http:\/\/127\.0\.0\.1:\d+, but nothing answers there \(ECONNREFUSED\)/,
    );
    assert.match(error.message, /rowline local up/);
    return true;
  });
});

test('what is no URL is named too', () =>
  assert.rejects(requireEndpoint('remove', '127.0.0.1:4566/x y'), /nothing answers/));

test('one that answers, none at all, and a command that asks nobody are right', async (t) => {
  const server = net.createServer((socket) => socket.end());
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close());
  await requireEndpoint('deploy', `http://127.0.0.1:${server.address().port}`);
  await requireEndpoint('deploy', '');
  await requireEndpoint('package', `http://127.0.0.1:${await freePort()}`);
});
