'use strict';

const names = require('./logical_ids');
const permissions = require('./permissions');
const { lambda, logGroup, outsideVpc } = require('./function');
const { allow, via, logs, rows, account } = require('./policy_statements');
const { ref, arn, sub } = require('./intrinsics');
const { sourceOf } = require('../schema/relays');

const MEMORY = 512;
const TIMEOUT = 29; // seconds; an HTTP API waits 30

/**
 * The history API: an HTTP API whose callers need IAM rights, and the function that answers it. The
 * function uses the archive's zip, because that contains the reader of the ledger.
 */
function historyApi(sources, context) {
  const { options, prefix } = context;
  const ids = names.historyApi;
  const kept = names.archive;
  const name = `${prefix}-${ids.function}`;
  return {
    functions: {
      [ids.function]: {
        ...lambda({
          name,
          handler: options.handlers.history,
          role: ids.role,
          memory: MEMORY,
          timeout: TIMEOUT,
          environment: {
            ROWLINE_ARCHIVE_BUCKET: ref(kept.bucket),
            ROWLINE_ARCHIVE_DATABASE: ref(kept.database),
            ROWLINE_ARCHIVE_WORKGROUP: ref(kept.workgroup),
          },
          context: outsideVpc(context),
        }),
        description: 'Answers questions about the past from the archive',
        package: { artifact: '.serverless/rowline-archive.zip' },
        events: [], // the gateway below calls it
      },
    },
    resources: {
      ...gateway(ids, prefix),
      [ids.role]: permissions.role(rights(name, sources, options), options),
      [ids.logGroup]: logGroup(name, options),
    },
    outputs: {
      [names.output.historyApi]: {
        Value: sub('https://${api}.execute-api.${AWS::Region}.${AWS::URLSuffix}', {
          api: ref(ids.api),
        }),
      },
    },
  };
}

/** API Gateway checks signature and IAM policy before the function is called; without: 403. */
function gateway(ids, prefix) {
  const lambdaArn = arn(ids.lambda);
  return {
    [ids.api]: {
      Type: 'AWS::ApiGatewayV2::Api',
      Properties: {
        Name: `${prefix}-history`,
        Description: 'Questions about the past of captured tables',
        ProtocolType: 'HTTP',
      },
    },
    [ids.stage]: {
      Type: 'AWS::ApiGatewayV2::Stage',
      Properties: {
        ApiId: ref(ids.api),
        StageName: '$default',
        AutoDeploy: true,
        // each question is a query of Athena, which costs money
        DefaultRouteSettings: { ThrottlingBurstLimit: 20, ThrottlingRateLimit: 10 },
      },
    },
    [ids.integration]: {
      Type: 'AWS::ApiGatewayV2::Integration',
      Properties: {
        ApiId: ref(ids.api),
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: lambdaArn,
        PayloadFormatVersion: '2.0',
      },
    },
    [ids.route]: {
      Type: 'AWS::ApiGatewayV2::Route',
      Properties: {
        ApiId: ref(ids.api),
        RouteKey: 'GET /{proxy+}',
        AuthorizationType: 'AWS_IAM',
        Target: sub('integrations/${integration}', { integration: ref(ids.integration) }),
      },
    },
    [ids.permission]: {
      Type: 'AWS::Lambda::Permission',
      Properties: {
        Action: 'lambda:InvokeFunction',
        FunctionName: lambdaArn,
        Principal: 'apigateway.amazonaws.com',
        SourceArn: sub(`${account('execute-api')}:\${api}/*`, { api: ref(ids.api) }),
      },
    },
  };
}

function rights(functionName, sources, options) {
  const { bucket, database, workgroup } = names.archive;
  const { state, key } = options.resources;
  const streams = [
    ...new Set(Object.values(sources).map((one) => `stream#${sourceOf(one.name, one)}`)),
  ];
  const glue = (resource) => sub(`${account('glue')}:${resource}`, { database: ref(database) });
  return [
    logs(functionName),
    allow(
      'Queries',
      ['athena:StartQueryExecution', 'athena:GetQueryExecution', 'athena:GetQueryResults'],
      sub(`${account('athena')}:workgroup/\${workgroup}`, { workgroup: ref(workgroup) }),
    ),
    allow(
      'Catalog',
      ['glue:GetDatabase', 'glue:GetTable'],
      [glue('catalog'), glue('database/${database}'), glue('table/${database}/*')],
    ),
    allow(
      'Table',
      ['s3:GetObject'],
      ['lake', 'snapshots/table', 'snapshots/manifests'].map((folder) =>
        sub(`\${bucket}/${folder}/*`, { bucket: arn(bucket) }),
      ),
    ),
    allow(
      'Results',
      ['s3:GetObject', 's3:PutObject'],
      sub('${bucket}/results/*', { bucket: arn(bucket) }),
    ),
    allow('Bucket', ['s3:GetBucketLocation', 's3:ListBucket'], arn(bucket)),
    allow('ObjectsKey', ['kms:GenerateDataKey', 'kms:Decrypt'], arn(key), via('s3')),
    rows('Streams', ['dynamodb:GetItem', 'dynamodb:Query'], state, streams),
  ];
}

module.exports = { historyApi };
