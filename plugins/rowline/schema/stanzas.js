'use strict';

/** The stanzas as maps: an empty `sources:` or `consumers:` is null in YAML. */
const withMaps = ({ sources, consumers }) => ({
  sources: sources ?? {},
  consumers: consumers ?? {},
});

module.exports = { withMaps };
