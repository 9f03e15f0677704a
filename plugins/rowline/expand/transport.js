'use strict';

const { ref, arn, sub, retained, policyDocument } = require('./intrinsics');
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

/**
 * Lets other accounts subscribe queues. In the stack's own account a policy of the user or role
 * suffices. Sources: SNS developer guide, "Example cases for Amazon SNS access control"; Service
 * Authorization Reference, "Condition keys for Amazon SNS".
 */
const subscribing = ({ subscribers, resources: { topic } }) =>
  subscribers.length
    ? [
        {
          Sid: 'SubscribeQueues',
          Effect: 'Allow',
          Principal: {
            AWS: subscribers.map((id) => sub(`arn:\${AWS::Partition}:iam::${id}:root`)),
          },
          Action: ['sns:Subscribe', 'sns:GetTopicAttributes'],
          Resource: ref(topic),
          Condition: { StringEqualsIfExists: { 'sns:Protocol': 'sqs' } },
        },
      ]
    : [];

/** The policies of the topic and the claims bucket, which all sources and consumers share. */
function sharedPolicies(options) {
  const { topic, claims } = options.resources;
  const toTopic = [...onlyByTls(options, 'sns:Publish', ref(topic)), ...subscribing(options)];
  return {
    ...(toTopic.length && {
      AccessToTopic: {
        Type: 'AWS::SNS::TopicPolicy',
        Properties: { Topics: [ref(topic)], PolicyDocument: policyDocument(toTopic) },
      },
    }),
    ...(!isOff(options.tls) && accessToClaims(options, claims)),
  };
}

function accessToClaims(options, claims) {
  return {
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
