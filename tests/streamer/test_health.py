from streamer.health import Health


def test_redis_is_taken_to_be_out_until_it_has_answered() -> None:
    told: list[bool] = []
    assert not Health(told.append).redis
    assert told == []


def test_every_change_is_told() -> None:
    told: list[bool] = []
    health = Health(told.append)
    for up in (True, False, True):
        health.saw_redis(up)
        assert health.redis is up
    assert told == [True, False, True]
