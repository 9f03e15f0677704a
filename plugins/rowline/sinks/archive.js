'use strict';

const { allow, via } = require('../expand/statements');
const { arn, sub, ref } = require('../expand/cloudformation');
const names = require('../expand/names');

const { bucket } = names.archive;

// The stanza `archive:` makes its consumers (schema/archive.js); nobody writes this sink by hand.
const schema = {
  description: 'the archive, which has a stanza of its own',
  type: 'object',
  properties: {},
};

const permissions = (settings, { key }) => [
  allow('Land', ['s3:PutObject'], sub('${bucket}/landing/*', { bucket: arn(bucket) })),
  allow('LandingKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
];

module.exports = {
  internal: true,
  schema,
  settings: () => ({}),
  permissions,
  environment: () => ({ ROWLINE_ARCHIVE_BUCKET: ref(bucket) }),
};
