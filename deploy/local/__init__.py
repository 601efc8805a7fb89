"""Callout on one machine: all five services, PostgreSQL and NATS in one go."""
