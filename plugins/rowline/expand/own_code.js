'use strict';

const { sinks } = require('../sinks');

/** The references of a consumer's settings to the service's own code. */
const ownCodeOf = ({ sink }) => sinks[sink.kind].ownCode(sink);

module.exports = { ownCodeOf };
