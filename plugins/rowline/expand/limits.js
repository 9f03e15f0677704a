'use strict';

const { filledIn } = require('./text_sizes');

// Limits of AWS, checked before anything is sent. Sources: CloudFormation quotas, Lambda quotas,
// ECS quotas, SQS and SNS API references, "SNS subscription filter policy constraints".
const LIMITS = {
  resources: 500,
  outputs: 200,
  templateBytes: 1000000,
  functionName: 64,
  queueName: 80,
  topicName: 256,
  roleName: 64,
  rolePolicy: 10240, // characters of all inline policies of a role, white space not counted
  environment: 4096, // bytes of all names and values
  filterKeys: 5,
  filterCombinations: 150,
  taskDefinition: 65536, // bytes
};
const nameOf = (value) => (typeof value === 'string' ? value : '');

const rules = {
  'AWS::Lambda::Function': ({ FunctionName, Environment }) => {
    const bytes = Object.entries(Environment?.Variables ?? {}).reduce(
      (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(value)),
      0,
    );
    return [
      over(
        nameOf(FunctionName).length,
        LIMITS.functionName,
        `characters in the function name ${FunctionName}`,
        'Shorten the name of the source or consumer, or of the service.',
      ),
      over(
        bytes,
        LIMITS.environment,
        'bytes of environment variables',
        'Shorten the names of the consumers, or split them over two services.',
      ),
    ];
  },
  'AWS::SQS::Queue': ({ QueueName }) => [
    over(
      nameOf(QueueName).length,
      LIMITS.queueName,
      `characters in the queue name ${QueueName}`,
      'Shorten it.',
    ),
  ],
  'AWS::SNS::Topic': ({ TopicName }) => [
    over(
      nameOf(TopicName).length,
      LIMITS.topicName,
      `characters in the topic name ${TopicName}`,
      'Shorten the name of the service.',
    ),
  ],
  'AWS::IAM::Role': ({ RoleName, Policies = [] }) => [
    over(
      nameOf(RoleName).length,
      LIMITS.roleName,
      `characters in the role name ${RoleName}`,
      'Shorten it.',
    ),
    over(
      JSON.stringify(Policies.map((policy) => policy.PolicyDocument)).length,
      LIMITS.rolePolicy,
      'characters of inline policies',
      'Let consumers share a secret, or split them over two services.',
    ),
  ],
  'AWS::ECS::TaskDefinition': (properties) => [
    over(
      Buffer.byteLength(JSON.stringify(properties)),
      LIMITS.taskDefinition,
      'bytes in the task definition',
      'Run this source as a function, or capture fewer tables.',
    ),
  ],
  'AWS::SNS::Subscription': ({ FilterPolicy = {} }) => [
    over(
      Object.keys(FilterPolicy).length,
      LIMITS.filterKeys,
      'attributes in the filter policy',
      'Filter on fewer.',
    ),
    over(
      Object.values(FilterPolicy).reduce((product, values) => product * values.length, 1),
      LIMITS.filterCombinations,
      'combinations of values in the filter policy',
      'Write DATABASE.* instead of single tables, or split the consumer.',
    ),
  ],
};

const over = (value, limit, what, advice) =>
  value > limit ? `${value} ${what}; AWS allows ${limit}. ${advice}` : null;

/** The ways out of a stack with too many resources, by what it has most of. */
function fewerResources(resources) {
  const count = (type) => resources.filter(([, { Type }]) => Type === type).length;
  const [consumers, alarms] = [count('AWS::SNS::Subscription'), count('AWS::CloudWatch::Alarm')];
  const each = consumers ? Math.round(resources.length / consumers) : 0;
  return (
    `${consumers} consumers take about ${each} each, and ${alarms} of all are alarms. ` +
    `${alarms ? 'Write alarms: off in consumers that need none, give' : 'Give'} one consumer the ` +
    'tables of several, or split the consumers over two services.'
  );
}

/**
 * The parts of a template that exceed a limit of AWS, one sentence each.
 *
 * stack: the name of the stack. ownerOf: the key of the stanza that a resource belongs to, by its
 * logical id; undefined for one of the stage.
 */
function overLimits(template, { stack = '', ownerOf = () => undefined } = {}) {
  const resources = Object.entries(template.Resources ?? {});
  const whole = [
    over(resources.length, LIMITS.resources, 'resources in the stack', fewerResources(resources)),
    over(
      Object.keys(template.Outputs ?? {}).length,
      LIMITS.outputs,
      'outputs in the stack',
      'Split the consumers over two services.',
    ),
    over(
      Buffer.byteLength(JSON.stringify(template)),
      LIMITS.templateBytes,
      'bytes in the template',
      'Split the consumers over two services.',
    ),
  ].filter(Boolean);
  const single = resources.flatMap(([id, { Type, Properties = {} }]) =>
    (rules[Type]?.(filledIn(Properties, stack)) ?? [])
      .filter(Boolean)
      .map((problem) => `${ownerOf(id) ? `${ownerOf(id)} (${id})` : id}: ${problem}`),
  );
  return [...whole, ...single];
}

module.exports = { overLimits, LIMITS };
