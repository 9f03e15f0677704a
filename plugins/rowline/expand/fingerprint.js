'use strict';

const { createHash } = require('node:crypto');

/** A version made of what it depends on. */
const fingerprint = (parts) =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);

module.exports = { fingerprint };
