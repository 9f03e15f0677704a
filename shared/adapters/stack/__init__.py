"""The deployed stack: the plugin's settings and CloudFormation's resources.

Files in the folder may have changed since.
"""

from shared.adapters.stack.cloudformation import Stack
from shared.adapters.stack.not_deployed import NotDeployed

__all__ = ["NotDeployed", "Stack"]
