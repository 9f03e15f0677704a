'use strict';

const net = require('node:net');

const TIMEOUT = 2000; // milliseconds
// commands that call no AWS service
const OFFLINE = new Set(['package', 'print', 'config', 'plugin', 'help', 'rowline']);

/**
 * Throws an Error when nothing listens at AWS_ENDPOINT_URL. The SDK would only report ECONNREFUSED
 * and not name the call.
 */
async function requireEndpoint(command, url = process.env.AWS_ENDPOINT_URL) {
  if (!url || OFFLINE.has(command)) return;
  const problem = await problemOf(url);
  if (!problem) return;
  throw new Error(
    `AWS_ENDPOINT_URL is ${url}, but nothing answers there (${problem}). If it is the emulator ` +
      'of a local stage, start that: rowline local up (after a purge also set its new address: ' +
      'eval "$(rowline local env)"). To deploy to an account, unset the variable.',
  );
}

function problemOf(url) {
  let place;
  try {
    place = new URL(url);
  } catch {
    return Promise.resolve('no URL');
  }
  const port = Number(place.port || (place.protocol === 'https:' ? 443 : 80));
  return new Promise((resolve) => {
    const socket = net.connect({ host: place.hostname.replace(/^\[|\]$/g, ''), port });
    const end = (problem) => {
      socket.destroy();
      resolve(problem);
    };
    socket.setTimeout(TIMEOUT, () => end(`no answer in ${TIMEOUT / 1000} s`));
    socket.once('connect', () => end(''));
    socket.once('error', (error) => end(error.code ?? error.message));
  });
}

module.exports = { requireEndpoint, OFFLINE };
