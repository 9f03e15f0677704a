"""Functions: the Lambda functions of a stage, and what gives them messages."""
