"""The deployed stack: what the plugin expanded and CloudFormation made of it, not what lies in the
folder.
"""

from shared.adapters.stack.cloudformation import Stack

__all__ = ["Stack"]
