'use strict';

const { sinks } = require('../sinks');

/** The references of a consumer's settings to the service's own code. */
const ownCodeOf = ({ sink, upcasters = {}, mapping }) => [
  ...sinks[sink.kind].ownCode(sink),
  ...Object.values(upcasters).flatMap((versions) => Object.values(versions)),
  ...(mapping === undefined ? [] : [mapping]),
];

module.exports = { ownCodeOf };
