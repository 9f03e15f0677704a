'use strict';

const { arn, sub } = require('./intrinsics');

// Statements of a role's policy, one for each integration. docs/iam.md explains each under its Sid.

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

/** The beginning of a service's ARNs in the stack's account and region, for Fn::Sub. */
const account = (service) => `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}`;

/**
 * The ARNs of a secret. Secrets Manager appends a hyphen and six characters to a name; `??????`
 * matches exactly those. An ARN may be given without them. If it looks as if it had them, like
 * `…:secret:rowline-source`, both forms are returned. Source: Secrets Manager user guide, "What's
 * in a Secrets Manager secret?".
 */
function secretArns(secret) {
  if (!secret.startsWith('arn:'))
    return sub(`${account('secretsmanager')}:secret:${secret}-??????`);
  return /-[A-Za-z0-9]{6}$/.test(secret) ? [secret, `${secret}-??????`] : `${secret}-??????`;
}

const logs = (functionName) =>
  allow(
    'Logs',
    ['logs:CreateLogStream', 'logs:PutLogEvents'],
    sub(`${account('logs')}:log-group:/aws/lambda/${functionName}:*`),
  );

// These actions support no resource but "*", except by tags that Lambda does not set. Only
// functions in a VPC need them.
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

// X-Ray knows no resource but "*" for these. Source: Service Authorization Reference, X-Ray. The
// second one is the daemon's, which Lambda runs (Lambda developer guide, "Visualize Lambda function
// invocations using AWS X-Ray", execution role permissions).
const traces = ({ tracing }) =>
  tracing > 0 ? [allow('Traces', ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'], '*')] : [];

const secret = (name) => allow('Secret', ['secretsmanager:GetSecretValue'], secretArns(name));

// `ForAllValues` is also true for a request without a key. Such requests (Scan) are not among the
// actions.
const rows = (sid, actions, table, keys) =>
  allow(sid, actions, arn(table), { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': keys } });

module.exports = { allow, via, logs, network, secret, rows, account, traces };
