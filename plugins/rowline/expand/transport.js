'use strict';

const { ref, arn, sub, retained, policyDocument } = require('./cloudformation');
const { isOff } = require('../options');

/**
 * Statements that refuse requests without TLS. None if `tls` is off, because an emulator speaks
 * plain HTTP and would refuse every request.
 */
const onlyByTls = (options, action, resource) =>
  isOff(options.tls)
    ? []
    : [
        {
          Sid: 'OnlyByTls',
          Effect: 'Deny',
          Principal: '*',
          Action: action,
          Resource: resource,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ];

/** The policies of the topic and the claims bucket, which all sources and consumers share. */
function sharedPolicies(options) {
  const { topic, claims } = options.resources;
  if (isOff(options.tls)) return {};
  return {
    AccessToTopic: {
      Type: 'AWS::SNS::TopicPolicy',
      Properties: {
        Topics: [ref(topic)],
        PolicyDocument: policyDocument(onlyByTls(options, 'sns:Publish', ref(topic))),
      },
    },
    AccessToClaims: {
      Type: 'AWS::S3::BucketPolicy',
      ...retained,
      Properties: {
        Bucket: ref(claims),
        PolicyDocument: policyDocument(
          onlyByTls(options, 's3:*', [arn(claims), sub('${bucket}/*', { bucket: arn(claims) })]),
        ),
      },
    },
  };
}

module.exports = { onlyByTls, sharedPolicies };
