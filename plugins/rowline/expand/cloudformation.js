'use strict';

// CloudFormation's functions and a few shapes that every resource here uses.
const ref = (id) => ({ Ref: id });
const attribute = (id, name) => ({ 'Fn::GetAtt': [id, name] });
const arn = (id) => attribute(id, 'Arn');
const sub = (text, values) => ({ 'Fn::Sub': values ? [text, values] : text });

// A retained resource survives its removal from the stack, but not a deployment that failed to
// create it. It has no name of its own: CloudFormation makes one up, so that the same consumer,
// added again, does not run into the resource that was kept.
const retained = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

const policyDocument = (statements) => ({ Version: '2012-10-17', Statement: statements });

module.exports = { ref, attribute, arn, sub, retained, policyDocument };
