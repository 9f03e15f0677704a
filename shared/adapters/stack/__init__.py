"""The deployed stack: the plugin's settings and CloudFormation's resources.

Files in the folder may have changed since.
"""

from shared.adapters.stack.cloudformation import Stack

__all__ = ["Stack"]
