'use strict';

const { ref, arn, sub } = require('./intrinsics');

/** The variables of every function and container. */
const common = ({ options, service, stage }) => ({
  ROWLINE_SERVICE: service,
  ROWLINE_STAGE: stage,
  ROWLINE_STATE_TABLE: ref(options.resources.state),
  ROWLINE_CLAIMS_BUCKET: ref(options.resources.claims),
});

/**
 * The common part of all functions, as an entry of `functions:`. traced: whether messages pass it.
 */
function lambda({ name, handler, role, memory, timeout, environment, context, traced = false }) {
  const { options, runtime, architecture } = context;
  return {
    name,
    handler,
    // an ARN: for a logical id the framework would add a redundant DependsOn
    role: sub(`\${${role}.Arn}`),
    runtime,
    architecture,
    memorySize: memory,
    timeout,
    environment: { ...common(context), ...environment },
    ...(traced && options.tracing > 0 && { tracing: 'Active' }),
    ...(options.subnets.length && {
      vpc: { subnetIds: options.subnets, securityGroupIds: options.securityGroups },
    }),
  };
}

/** The context of a function that calls only AWS: the VPC would keep it from that. */
const outsideVpc = (context) => ({ ...context, options: { ...context.options, subnets: [] } });

/** Merged into the log group that the framework creates for the function; it adds the key. */
const logGroup = (name, options) => ({
  Type: 'AWS::Logs::LogGroup',
  Properties: { LogGroupName: `/aws/lambda/${name}`, KmsKeyId: arn(options.resources.key) },
});

module.exports = { lambda, outsideVpc, logGroup, environment: common };
