'use strict';

const { createHash } = require('node:crypto');

/** A version that changes with the values that it is made of. */
const fingerprint = (parts) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

module.exports = { fingerprint };
