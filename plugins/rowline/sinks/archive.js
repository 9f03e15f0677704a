'use strict';

const { allow, via, account } = require('../expand/policy_statements');
const { arn, sub, ref } = require('../expand/intrinsics');
const names = require('../expand/logical_ids');

const { bucket, stream } = names.archive;
const byFirehose = ({ via: way }) => way === 'firehose';

// The stanza `archive:` makes its consumers (schema/archive.js); nobody writes this sink by hand.
const schema = {
  hidden: true,
  description: 'the archive, which has a stanza of its own',
  type: 'object',
  properties: { via: { type: 'string', enum: ['s3', 'firehose'], description: 'As the archive.' } },
};

const permissions = (settings, { key }, prefix) => [
  allow('Land', ['s3:PutObject'], sub('${bucket}/landing/*', { bucket: arn(bucket) })),
  ...(byFirehose(settings) ? [allow('Stream', ['firehose:PutRecordBatch'], arn(stream))] : []),
  allow('LandingKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
  allow(
    'Commit',
    ['lambda:InvokeFunction'],
    sub(`${account('lambda')}:function:${prefix}-${names.archive.function}`),
  ),
];

module.exports = {
  internal: true,
  drained: true,
  schema,
  settings: (stanza) => (byFirehose(stanza) ? { via: 'firehose' } : {}),
  permissions,
  environment: (settings, prefix) => ({
    ROWLINE_ARCHIVE_BUCKET: ref(bucket),
    ROWLINE_ARCHIVE_FUNCTION: `${prefix}-${names.archive.function}`,
    ...(byFirehose(settings) && { ROWLINE_ARCHIVE_STREAM: ref(stream) }),
  }),
};
