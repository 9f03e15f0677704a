'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const { environment } = require('./function');
const { relayAlarms } = require('./alarms');
const { ref, arn } = require('./intrinsics');
const { isOff } = require('../options');
const { fingerprint } = require('./fingerprint');

/**
 * The relay container of one source, which always runs: cluster, task, service, roles, log group
 * and alarms. It needs no function and no schedule.
 */
function relayContainer(source, { memory, cpu }, context) {
  const { options, prefix, alerts, service, stage } = context;
  const ids = names.relayService(source.name);
  const group = `/rowline/${prefix}-${ids.family}`;
  const running = !isOff(options.relay);
  // All relays share one image. The task definition holds the stanza's settings, so a changed
  // stanza starts a new task.
  const settings = JSON.stringify({
    service,
    stage,
    ...(options.tracing > 0 && { tracing: String(options.tracing) }),
    sources: { [source.name]: source },
    consumers: {},
  });
  const variables = {
    ...environment(context),
    ROWLINE_STREAM: source.name,
    ROWLINE_TOPIC_ARN: ref(options.resources.topic),
    ROWLINE_SETTINGS: settings,
    ROWLINE_VERSION: fingerprint([options.image, settings]),
    AWS_DEFAULT_REGION: ref('AWS::Region'),
  };
  return {
    functions: {},
    resources: {
      [ids.taskRole]: permissions.role(
        permissions.relayTask({ source, options }),
        options,
        'ecs-tasks.amazonaws.com',
      ),
      [ids.executionRole]: permissions.role(
        permissions.relayExecution({ logGroup: ids.logGroup, image: options.image }),
        options,
        'ecs-tasks.amazonaws.com',
      ),
      [ids.logGroup]: {
        Type: 'AWS::Logs::LogGroup',
        Properties: {
          LogGroupName: group,
          KmsKeyId: arn(options.resources.key),
          ...(context.logRetention && { RetentionInDays: context.logRetention }),
        },
      },
      [ids.cluster]: { Type: 'AWS::ECS::Cluster', Properties: {} },
      [ids.task]: {
        Type: 'AWS::ECS::TaskDefinition',
        Properties: {
          Family: `${prefix}-${ids.family}`,
          RequiresCompatibilities: ['FARGATE'],
          NetworkMode: 'awsvpc',
          Cpu: String(cpu),
          Memory: String(memory),
          RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
          TaskRoleArn: arn(ids.taskRole),
          ExecutionRoleArn: arn(ids.executionRole),
          ContainerDefinitions: [
            {
              Name: 'relay',
              Image: options.image,
              Essential: true,
              StopTimeout: 30, // seconds; a running request takes at most 5
              Environment: Object.entries(variables).map(([Name, Value]) => ({ Name, Value })),
              HealthCheck: {
                Command: ['CMD', ...options.alive],
                Interval: 30,
                Timeout: 10,
                Retries: 3,
                StartPeriod: 60,
              },
              LogConfiguration: {
                LogDriver: 'awslogs',
                Options: {
                  'awslogs-group': ref(ids.logGroup),
                  'awslogs-region': ref('AWS::Region'),
                  'awslogs-stream-prefix': 'relay',
                },
              },
            },
          ],
        },
      },
      [ids.service]: {
        Type: 'AWS::ECS::Service',
        Properties: {
          Cluster: ref(ids.cluster),
          TaskDefinition: ref(ids.task),
          LaunchType: 'FARGATE',
          DesiredCount: running ? 1 : 0,
          // The old task ends before the new one starts, because only one can hold the lease.
          DeploymentConfiguration: {
            MinimumHealthyPercent: 0,
            MaximumPercent: 100,
            DeploymentCircuitBreaker: { Enable: true, Rollback: true },
          },
          NetworkConfiguration: {
            AwsvpcConfiguration: {
              AssignPublicIp: 'DISABLED',
              Subnets: options.subnets,
              SecurityGroups: options.securityGroups,
            },
          },
          PropagateTags: 'SERVICE',
        },
      },
      ...(alerts && running && relayAlarms(ids, source.name, prefix, alerts)),
    },
    outputs: { [names.output.relayService(source.name)]: { Value: ref(ids.service) } },
  };
}

module.exports = { relayContainer };
