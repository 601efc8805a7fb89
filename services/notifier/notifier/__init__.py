"""Admins, sessions, settings and notifications."""
