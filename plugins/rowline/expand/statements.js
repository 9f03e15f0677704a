'use strict';

const { arn, sub } = require('./cloudformation');

// Statements of a role's policy, one an integration. The Sid is the name under which docs/iam.md
// explains it.

const allow = (sid, actions, resource, condition) => ({
  Sid: sid,
  Effect: 'Allow',
  Action: actions,
  Resource: resource,
  ...(condition && { Condition: condition }),
});

const via = (service) => ({
  StringEquals: { 'kms:ViaService': sub(`${service}.\${AWS::Region}.\${AWS::URLSuffix}`) },
});

/**
 * The ARNs of a secret. Secrets Manager adds a hyphen and six characters to a name; `??????` stands
 * for exactly these. An ARN may be given without them. Where it ends like one that has them, as
 * `…:secret:rowline-source` does, it is either. Source: Secrets Manager user guide, "What's in a
 * Secrets Manager secret?".
 */
function secretArns(secret) {
  if (!secret.startsWith('arn:'))
    return sub(
      `arn:\${AWS::Partition}:secretsmanager:\${AWS::Region}:\${AWS::AccountId}:secret:${secret}-??????`,
    );
  return /-[A-Za-z0-9]{6}$/.test(secret) ? [secret, `${secret}-??????`] : `${secret}-??????`;
}

const logs = (functionName) =>
  allow(
    'Logs',
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    sub(
      `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${functionName}:*`,
    ),
  );

// These actions know no resource below "*", except by tags that Lambda does not set. Needed only
// inside a VPC.
const network = () =>
  allow(
    'Network',
    [
      'ec2:CreateNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:DeleteNetworkInterface',
      'ec2:AssignPrivateIpAddresses',
      'ec2:UnassignPrivateIpAddresses',
    ],
    '*',
  );

const secret = (name) => allow('Secret', ['secretsmanager:GetSecretValue'], secretArns(name));

// `ForAllValues` holds too when a request names no key; such requests (Scan) are not among the
// actions.
const rows = (sid, actions, table, keys) =>
  allow(sid, actions, arn(table), { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } });

module.exports = { allow, via, logs, network, secret, rows };
