"""The data's days on the chain's clock."""

from datetime import UTC, date, datetime, timedelta

from node_api.domain.ids import UnixSeconds

LAST_DAY = date(2018, 1, 1)
"""Day of the data's last basket, as its time stamps stand."""
NOON = 12 * 3600
DAY = 86_400
WEEK = 7 * DAY


def unix(day: date) -> UnixSeconds:
    """The first second of a day, the time stamps being read as UTC."""
    return UnixSeconds(int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()))


def after(day: date) -> UnixSeconds:
    """The first second behind a day: the exclusive end of an interval whose last day is inclusive."""
    return unix(day + timedelta(days=1))


def weeks_behind(today: date) -> int:
    """How many whole weeks forward put the data's last day before `today` by one to seven days."""
    return (today - LAST_DAY - timedelta(days=1)).days // 7
