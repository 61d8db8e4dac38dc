"""How often a key may ask."""

from serving.access.limits import Bucket, Buckets


def test_a_bucket_holds_a_minutes_worth_and_fills_up_all_the_time():
    bucket = Bucket(6, 0.0)
    assert [bucket.take(0.0) for _ in range(7)] == [True] * 6 + [False]
    assert bucket.wait() == 10
    assert not bucket.take(9.9)
    assert bucket.take(10.0)
    assert not bucket.take(10.1)
    assert [bucket.take(1000.0) for _ in range(7)] == [True] * 6 + [False]


def test_a_client_that_waits_as_told_is_never_refused_again():
    for quota in (1, 7, 600, 1_000_000):
        bucket, at = Bucket(quota, 0.0), 0.0
        while bucket.take(at):
            pass
        for _ in range(5):
            at += bucket.wait()
            assert bucket.take(at), quota
            while bucket.take(at):
                pass


def test_the_headers_say_what_is_left_and_when_all_of_it_is_back():
    bucket = Bucket(60, 0.0)
    for _ in range(20):
        bucket.take(0.0)
    assert dict(bucket.headers(0.0)) == {
        b"ratelimit-policy": b'"per_minute";q=60;w=60',
        b"ratelimit": b'"per_minute";r=40;t=20',
    }
    assert dict(bucket.headers(20.0))[b"ratelimit"] == b'"per_minute";r=60;t=0'


def test_each_key_has_a_bucket_of_its_own_until_its_quota_changes():
    buckets = Buckets()
    first = buckets.of("a", 5, 0.0)
    first.take(0.0)
    assert buckets.of("a", 5, 0.0) is first
    assert buckets.of("b", 5, 0.0) is not first
    assert buckets.of("a", 9, 0.0).quota == 9
