'use strict';

const test = require('node:test');
const assert = require('node:assert');
const { expand } = require('../expand');
const { problems } = require('../schema/problems');
const { missingForContainers } = require('../schema/containers');
const { overLimits } = require('../expand/limits');
const { stanzas, context } = require('./fixtures');

const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/rowline:1.0';
const options = { image: IMAGE, subnets: 'subnet-1,subnet-2', securityGroups: 'sg-1' };
const withSource = (over) => {
  const given = stanzas();
  return { ...given, sources: { shop: { ...given.sources.shop, ...over } } };
};
const fargate = (over = {}) => withSource({ run: 'fargate', ...over });
const made = expand(
  fargate(),
  context({ options, alerts: 'arn:aws:sns:eu-west-1:111122223333:pager', logRetention: 30 }),
);
const { Properties: task } = made.resources.TaskOfRelayShop;
const [container] = task.ContainerDefinitions;
const variables = Object.fromEntries(container.Environment.map(({ Name, Value }) => [Name, Value]));

test('a source that runs as a container has a service and no function', () => {
  assert.deepEqual(Object.keys(made.functions), ['consumeListingSearch', 'watch', 'jobs']);
  const { Properties: service } = made.resources.ServiceOfRelayShop;
  assert.equal(service.DesiredCount, 1);
  assert.equal(service.DeploymentConfiguration.MaximumPercent, 100);
  assert.deepEqual(service.NetworkConfiguration.AwsvpcConfiguration, {
    AssignPublicIp: 'DISABLED',
    Subnets: ['subnet-1', 'subnet-2'],
    SecurityGroups: ['sg-1'],
  });
  assert.deepEqual(
    [task.Cpu, task.Memory, task.RuntimePlatform.CpuArchitecture],
    ['256', '512', 'ARM64'],
  );
  assert.equal(container.Image, IMAGE);
  assert.ok(made.resources.LagOfRelayShop);
  assert.equal(made.resources.LogsOfRelayShop.Properties.RetentionInDays, 30);
  assert.ok(made.outputs.ShopRelayService);
});

test('its settings travel with the task, so that a changed stanza is another task', () => {
  const settings = JSON.parse(variables.ROWLINE_SETTINGS);
  assert.deepEqual(settings, { ...made.settings, consumers: {} });
  const changed = expand(fargate({ lingerMs: 5 }), context({ options })).resources.TaskOfRelayShop
    .Properties.ContainerDefinitions[0].Environment;
  const version = (environment) => environment.find(({ Name }) => Name === 'ROWLINE_VERSION').Value;
  assert.notEqual(version(changed), version(container.Environment));
});

test('it has the rights of the function, and ECS may only pull the image and write the log', () => {
  const statements = (id, from) =>
    from.resources[id].Properties.Policies[0].PolicyDocument.Statement;
  const asFunction = expand(stanzas(), context());
  const own = statements('RoleOfRelayShop', asFunction).filter(({ Sid }) => Sid !== 'Logs');
  assert.deepEqual(statements('TaskRoleOfRelayShop', made), own);
  assert.deepEqual(
    statements('ExecutionRoleOfRelayShop', made).map(({ Sid }) => Sid),
    ['Logs', 'Registry', 'Image'],
  );
  assert.match(
    JSON.stringify(statements('ExecutionRoleOfRelayShop', made)),
    /ecr:eu-west-1:111122223333:repository\/rowline"/,
  );
  const open = expand(
    fargate(),
    context({ options: { ...options, image: 'ghcr.io/someone/rowline:1' } }),
  );
  assert.deepEqual(
    statements('ExecutionRoleOfRelayShop', open).map(({ Sid }) => Sid),
    ['Logs'],
  );
});

test('`relay: off` keeps the service without a task', () => {
  const off = expand(fargate(), context({ options: { ...options, relay: 'off' } }));
  assert.equal(off.resources.ServiceOfRelayShop.Properties.DesiredCount, 0);
});

test('what is missing is named', () => {
  const [said] = missingForContainers(fargate(), context().options);
  assert.match(
    said,
    /run is fargate, .* \(params subnets, securityGroups\) and an image.*\(param relayImage\)/,
  );
  assert.deepEqual(missingForContainers(fargate(), context({ options }).options), []);
  assert.deepEqual(missingForContainers(stanzas(), context().options), []);
});

test('sizes that Fargate does not have are refused', () => {
  assert.deepEqual(problems(fargate({ cpu: 1024, memory: 4096 })), []);
  assert.match(
    problems(fargate({ memory: 700 }))[0],
    /memory is 700; with cpu 256 Fargate has 512 to 2048/,
  );
  assert.match(
    problems(fargate({ cpu: 1024 }))[0],
    /memory is missing\. Add it: with cpu 1024 it is at least 2048/,
  );
  assert.match(problems(withSource({ memory: 20000 }))[0], /at most 10240/);
  assert.equal(
    expand(fargate({ cpu: 512, memory: 1024 }), context({ options })).resources.TaskOfRelayShop
      .Properties.Cpu,
    '512',
  );
});

test('a task definition too large for ECS is found before it is sent', () => {
  const tables = Object.fromEntries(
    Array.from({ length: 900 }, (_, n) => [`market.a_table_with_a_name_of_its_own_${n}`, null]),
  );
  const large = expand(
    fargate({ tables: { ...tables, ...stanzas().sources.shop.tables } }),
    context({ options }),
  );
  assert.match(
    overLimits({ Resources: large.resources }).join(),
    /bytes in the task definition; AWS allows 65536/,
  );
});
