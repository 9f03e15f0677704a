'use strict';

const { isOff } = require('../options');

/** What sources that run as containers need and the service does not give, one sentence each. */
function missingForContainers({ sources }, options) {
  const names = Object.entries(sources ?? {})
    .filter(([, source]) => source?.run === 'fargate')
    .map(([name]) => name);
  if (!names.length) return [];
  const missing = [
    !options.subnets.length &&
      'subnets and security groups from which the database and AWS are reached (params subnets, securityGroups)',
    isOff(options.image) &&
      'an image, built from the Dockerfile and pushed to a registry (param relayImage)',
  ].filter(Boolean);
  return missing.length
    ? [
        `sources.${names[0]}.run is fargate, which needs ${missing.join(' and ')}. The page fargate.md has both.`,
      ]
    : [];
}

module.exports = { missingForContainers };
