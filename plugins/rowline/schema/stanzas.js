'use strict';

const { archiveConsumers } = require('./archive');
const { isOff } = require('../options');

/**
 * The stanzas as maps: an empty `sources:` or `consumers:` is null in YAML. `archive: 400d` is
 * short for its retention, since stage params are strings.
 */
const withMaps = ({ sources, consumers, archive }) => ({
  sources: sources ?? {},
  consumers: consumers ?? {},
  archive: typeof archive === 'string' && !isOff(archive) ? { retention: archive } : archive,
});

/** The same with the consumers that the archive needs. The stanzas are valid. */
function withArchive(stanzas) {
  const { sources, consumers, archive } = withMaps(stanzas);
  return {
    sources,
    consumers: { ...consumers, ...archiveConsumers(sources, archive) },
    archive,
  };
}

module.exports = { withMaps, withArchive };
