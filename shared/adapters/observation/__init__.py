"""What AWS itself says of a stage: metrics, subscriptions, queues that were kept."""
