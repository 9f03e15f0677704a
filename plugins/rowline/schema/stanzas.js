'use strict';

/** `sources:` or `consumers:` with nothing below is null in YAML, and means an empty map. */
const withMaps = ({ sources, consumers }) => ({
  sources: sources ?? {},
  consumers: consumers ?? {},
});

module.exports = { withMaps };
