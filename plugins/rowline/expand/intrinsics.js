'use strict';

// CloudFormation's intrinsic functions, and shapes that several resources share.
const ref = (id) => ({ Ref: id });
const attribute = (id, name) => ({ 'Fn::GetAtt': [id, name] });
const arn = (id) => attribute(id, 'Arn');
const sub = (text, values) => ({ 'Fn::Sub': values ? [text, values] : text });

// A retained resource is kept when it leaves the stack, but a failed deployment removes one that it
// has just created. CloudFormation chooses its name, so a consumer that is added again does not
// clash with the kept resource.
const retained = { DeletionPolicy: 'RetainExceptOnCreate', UpdateReplacePolicy: 'Retain' };

const policyDocument = (statements) => ({ Version: '2012-10-17', Statement: statements });

module.exports = { ref, attribute, arn, sub, retained, policyDocument };
