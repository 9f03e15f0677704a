'use strict';

const {
  CloudFormationClient,
  GetTemplateCommand,
  paginateListStackResources,
} = require('@aws-sdk/client-cloudformation');

const KEEPS = ['Retain', 'RetainExceptOnCreate'];
const INTERESTING = ['AWS::DynamoDB::Table', 'AWS::S3::Bucket', 'AWS::SQS::Queue', 'AWS::KMS::Key'];

/**
 * Lists the resources that removing the deployed stack keeps: [{type, id}]. Empty without a
 * stack.
 */
async function retainedResources(aws) {
  const client = new CloudFormationClient(await aws.getAwsSdkV3Config());
  const StackName = aws.naming.getStackName();
  try {
    const { TemplateBody } = await client.send(
      new GetTemplateCommand({ StackName, TemplateStage: 'Original' }),
    );
    const template = JSON.parse(TemplateBody);
    const kept = [];
    for await (const page of paginateListStackResources({ client }, { StackName })) {
      for (const {
        LogicalResourceId,
        ResourceType,
        PhysicalResourceId,
      } of page.StackResourceSummaries) {
        const declared = template.Resources[LogicalResourceId];
        if (INTERESTING.includes(ResourceType) && KEEPS.includes(declared?.DeletionPolicy))
          kept.push({ type: ResourceType, id: PhysicalResourceId });
      }
    }
    return kept;
  } catch (error) {
    if (error.name === 'ValidationError') return []; // no such stack
    throw error;
  }
}

module.exports = { retainedResources };
