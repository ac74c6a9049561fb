"""What clocks show, and what they show twice or never."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from landingpages.local_times import NoSuchTime, spoken, understand, wall_clock, zone_choices

PARIS, NEW_YORK, LORD_HOWE = ZoneInfo("Europe/Paris"), ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("wall", "zone", "moment"),
    [
        (datetime(2027, 1, 15, 9, 0), PARIS, datetime(2027, 1, 15, 8, 0, tzinfo=UTC)),
        (datetime(2027, 7, 15, 9, 0), PARIS, datetime(2027, 7, 15, 7, 0, tzinfo=UTC)),
        (datetime(2027, 7, 15, 9, 0), NEW_YORK, datetime(2027, 7, 15, 13, 0, tzinfo=UTC)),
        (datetime(2027, 7, 15, 9, 0), ZoneInfo("UTC"), datetime(2027, 7, 15, 9, 0, tzinfo=UTC)),
        (datetime(2027, 3, 28, 1, 59), PARIS, datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        (datetime(2027, 3, 28, 3, 0), PARIS, datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        (datetime(2027, 10, 31, 3, 0), PARIS, datetime(2027, 10, 31, 2, 0, tzinfo=UTC)),
    ],
)
def test_a_wall_clock_is_read_in_its_zone(wall, zone, moment):
    understood = understand(wall, zone)

    assert (understood.moment, understood.remark) == (moment, "")
    assert wall_clock(moment, zone) == wall


@pytest.mark.parametrize(
    ("wall", "zone", "told"),
    [
        (
            datetime(2027, 3, 28, 2, 30),
            PARIS,
            "the clocks in Europe/Paris go forward and never show 02:30: 03:30",
        ),
        (
            datetime(2027, 3, 14, 2, 0),
            NEW_YORK,
            "the clocks in America/New_York go forward and never show 02:00",
        ),
        (datetime(2027, 10, 3, 2, 15), LORD_HOWE, "never show 02:15: 02:45 is the same moment."),
    ],
)
def test_a_time_that_clocks_skip_is_refused_with_the_one_they_show(wall, zone, told):
    with pytest.raises(NoSuchTime) as refusal:
        understand(wall, zone)

    assert told in str(refusal.value)


def test_a_time_that_clocks_show_twice_is_the_first_and_said_so():
    understood = understand(datetime(2027, 10, 31, 2, 30), PARIS)

    assert understood.moment == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert understood.remark == (
        "On 31 October 2027 the clocks in Europe/Paris show 02:30 twice: the first time (UTC+02:00) is meant."
    )


def test_a_moment_is_told_with_its_place_and_offset():
    moment = datetime(2027, 1, 15, 8, 0, tzinfo=UTC)

    assert spoken(moment, PARIS) == "15 January 2027 09:00 (Europe/Paris, UTC+01:00)"
    assert spoken(moment, ZoneInfo("UTC")) == "15 January 2027 08:00 (UTC)"


def test_zones_to_choose_are_places_and_the_default_of_the_installation(settings):
    settings.TIME_ZONE = "Europe/Paris"

    choices = dict(zone_choices())

    assert choices[""] == "Default (Europe/Paris)"
    assert choices["America/New_York"] == "America/New York"
    assert {"UTC", "Asia/Kolkata"} <= choices.keys()
    assert not {"CET", "Etc/GMT+3", "localtime", "US/Pacific"} & choices.keys()
