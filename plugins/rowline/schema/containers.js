'use strict';

const { isOff } = require('../options');

/** The options that containers need and the service lacks, one sentence each. */
function missingForContainers({ sources }, options) {
  const names = Object.entries(sources ?? {})
    .filter(([, source]) => source?.run === 'fargate')
    .map(([name]) => name);
  if (!names.length) return [];
  const missing = [
    !options.subnets.length &&
      'subnets and security groups that reach the database and AWS ' +
        '(params subnets, securityGroups)',
    isOff(options.image) &&
      'an image, built from the Dockerfile and pushed to a registry (param relayImage)',
  ].filter(Boolean);
  return missing.length
    ? [
        `sources.${names[0]}.run is fargate, which needs ${missing.join(' and ')}. See the page ` +
          'fargate.md.',
      ]
    : [];
}

module.exports = { missingForContainers };
