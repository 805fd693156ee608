"""Schedules: cron expressions and single moments (``http-features.md`` §4.4). Pure; no clock, no I/O."""

from a_parallel_plugins.automations.cron.expression import parse
from a_parallel_plugins.automations.cron.schedule import Cron, Once, Schedule
from a_parallel_plugins.automations.cron.values import ExpressionError

__all__ = ["Cron", "ExpressionError", "Once", "Schedule", "parse"]
