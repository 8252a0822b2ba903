"""The feed on NATS JetStream: the only place that knows the vendor."""
