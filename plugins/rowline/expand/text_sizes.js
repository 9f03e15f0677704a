'use strict';

// How long values become at least that CloudFormation fills in. It names a resource
// STACK-ID-RANDOM; the name of a queue has 80 characters at most. Source: CloudFormation user
// guide, "Name type".
const RANDOM = '-xxxxxxxxxxxx.fifo'.length;
const LONGEST_NAME = 80;
const ARN = 'arn:aws:sqs:eu-west-1:111122223333:'.length; // before a name
const URL = 'https://sqs.eu-west-1.amazonaws.com/111122223333/'.length;
const PSEUDO = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::AccountId': '111122223333',
  'AWS::URLSuffix': 'amazonaws.com',
};

const filler = (length) => 'x'.repeat(length);
const nameOf = (id, stack) => filler(Math.min(LONGEST_NAME, stack.length + id.length + 1 + RANDOM));

/** A value with text as long as what CloudFormation fills in. stack: the name of the stack. */
function filledIn(value, stack) {
  if (Array.isArray(value)) return value.map((one) => filledIn(one, stack));
  if (typeof value !== 'object' || value === null) return value;
  if (value.Ref) return PSEUDO[value.Ref] ?? filler(URL) + nameOf(value.Ref, stack);
  const { 'Fn::GetAtt': attribute, 'Fn::Sub': sub, 'Fn::Join': join } = value;
  if (attribute) return filler(ARN) + nameOf(attribute[0], stack);
  if (join) return filledIn(join[1], stack).join(join[0]);
  if (sub) {
    const [text, values = {}] = [sub].flat();
    return text.replaceAll(/\$\{([^}.]+)[^}]*\}/g, (_, id) =>
      id in values ? filledIn(values[id], stack) : (PSEUDO[id] ?? nameOf(id, stack)),
    );
  }
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filledIn(one, stack)]));
}

module.exports = { filledIn };
