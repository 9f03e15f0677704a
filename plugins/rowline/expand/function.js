'use strict';

const { ref, arn, sub } = require('./cloudformation');

/** The variables of everything that runs. */
const common = ({ options, service, stage }) => ({
  ROWLINE_SERVICE: service,
  ROWLINE_STAGE: stage,
  ROWLINE_STATE_TABLE: ref(options.resources.state),
  ROWLINE_CLAIMS_BUCKET: ref(options.resources.claims),
});

/** What relay and consumer functions have in common, as an entry of `functions:`. */
function lambda({ name, handler, role, memory, timeout, environment, context }) {
  const { options, runtime, architecture } = context;
  return {
    name,
    handler,
    // as text: for a logical id the framework adds a DependsOn that says the same twice
    role: sub(`\${${role}.Arn}`),
    runtime,
    architecture,
    memorySize: memory,
    timeout,
    environment: { ...common(context), ...environment },
    ...(options.subnets.length && {
      vpc: { subnetIds: options.subnets, securityGroupIds: options.securityGroups },
    }),
  };
}

/** Merged into the log group that the framework makes for the function: only the key is ours. */
const logGroup = (name, options) => ({
  Type: 'AWS::Logs::LogGroup',
  Properties: { LogGroupName: `/aws/lambda/${name}`, KmsKeyId: arn(options.resources.key) },
});

module.exports = { lambda, logGroup, environment: common };
