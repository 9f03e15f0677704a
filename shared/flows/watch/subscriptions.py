"""Subscriptions: compares each consumer's subscription with the one that was deployed.

What was published while a subscription was absent, or had another filter, did not reach the
consumer. So its tables are due when that is seen, and once more when the subscription is right
again: a resync that began in between has missed what came after it.

A deployment changes subscriptions on purpose, one resource after the other, and the settings of
this function with them. Nothing is judged meanwhile. The next run compares both as they are then.
"""

from shared.domain.subscription_filter import filter_policy, filter_text, same_filter
from shared.flows.watch.for_each_consumer import for_each
from shared.flows.watch.watch_setup import WatchSetup
from shared.values.due_cause import DueCause
from shared.values.pulse import Subscribed

WRONG = "the subscription was missing, or had another filter than was deployed"


def compare_subscriptions(setup: WatchSetup) -> None:
    """Note the tables of consumers whose subscription is, or was until now, not as deployed."""
    consumers = setup.parts.settings.consumers
    held = setup.parts.observation.filters(list(consumers))
    if setup.parts.is_changing():  # asked last: a deployment may begin at any time
        return

    def compare(consumer: str) -> None:
        policy, settings = held[consumer], consumers[consumer]
        right = policy is not None and same_filter(policy, filter_policy(settings))
        text, seen = filter_text(policy), setup.memory.subscribed.get(consumer)
        if seen is None or seen.filter != text:
            setup.memory.subscribed[consumer] = Subscribed(text, setup.now_ms)
        was_right = consumer not in setup.memory.unsubscribed
        if right == was_right:
            return
        cause = DueCause(f"subscription:{setup.now_ms}", WRONG)
        for table in settings.tables:
            setup.parts.state.dues.note_consumer(consumer, table, cause)
        if right:
            del setup.memory.unsubscribed[consumer]
        else:
            setup.memory.unsubscribed[consumer] = setup.now_ms

    for_each(setup, consumers, compare)
