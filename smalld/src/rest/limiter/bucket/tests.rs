use super::*;

fn limits(limit: u32, remaining: u32, reset_after: f64) -> LimitHeaders {
    LimitHeaders {
        limit: Some(limit),
        remaining: Some(remaining),
        reset_after: Some(Duration::from_secs_f64(reset_after)),
        ..LimitHeaders::default()
    }
}

fn at(start: Instant, seconds: f64) -> Instant {
    start + Duration::from_secs_f64(seconds)
}

fn leave(bucket: &mut Bucket, now: Instant) -> usize {
    let mut left = 0;
    while bucket.gate(now) == Gate::Open && left < 100 {
        bucket.take();
        left += 1;
    }
    left
}

/// A bucket after its first response: limit 5, 4 remaining, one second.
fn found(start: Instant) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.take();
    bucket.answer(Some(&limits(5, 4, 1.0)), start, start);
    bucket
}

#[test]
fn one_request_finds_out_and_then_as_many_leave_as_remain() {
    let (start, mut bucket) = (Instant::now(), Bucket::default());
    assert_eq!(bucket.gate(start), Gate::Open);
    bucket.take();
    assert_eq!(bucket.gate(start), Gate::AfterResponse);
    bucket.answer(Some(&limits(5, 4, 1.0)), start, start);
    assert_eq!(leave(&mut bucket, start), 4);
    assert_eq!(bucket.gate(start), Gate::Until(at(start, 1.05)));
}

#[test]
fn a_response_without_limits_holds_nothing_back() {
    let (start, mut bucket) = (Instant::now(), Bucket::default());
    bucket.take();
    bucket.answer(Some(&LimitHeaders::default()), start, start);
    assert_eq!(leave(&mut bucket, start), 100);
}

#[test]
fn the_request_that_found_out_counts_and_so_do_those_in_flight() {
    let (start, mut bucket) = (Instant::now(), Bucket::default());
    for _ in 0..3 {
        bucket.take();
    }
    bucket.answer(Some(&limits(5, 4, 1.0)), start, start);
    assert_eq!(leave(&mut bucket, start), 2);
}

#[test]
fn responses_out_of_order_never_raise_the_count() {
    let start = Instant::now();
    let mut bucket = found(start);
    leave(&mut bucket, start);
    for remaining in [1, 3, 0, 2] {
        bucket.answer(Some(&limits(5, remaining, 1.0)), start, start);
        assert!(matches!(bucket.gate(start), Gate::Until(_)));
    }
}

#[test]
fn a_new_window_is_smaller_by_what_is_in_flight() {
    let start = Instant::now();
    let mut bucket = found(start);
    leave(&mut bucket, start);
    for _ in 0..2 {
        bucket.answer(Some(&limits(5, 2, 1.0)), start, start);
    }
    assert_eq!(leave(&mut bucket, at(start, 1.1)), 3);
    assert_eq!(bucket.gate(at(start, 1.1)), Gate::AfterResponse);
}

#[test]
fn a_late_response_of_the_window_before_gives_its_place_back() {
    let start = Instant::now();
    let mut bucket = found(start);
    leave(&mut bucket, start);
    let later = at(start, 1.1);
    assert_eq!(
        leave(&mut bucket, later),
        1,
        "the limit less four in flight"
    );
    bucket.answer(Some(&limits(5, 0, 0.02)), start, at(start, 0.98));
    assert_eq!(leave(&mut bucket, later), 1);
}

#[test]
fn a_late_response_of_the_window_before_does_not_end_the_new_one() {
    let start = Instant::now();
    let mut bucket = found(start);
    leave(&mut bucket, start);
    for _ in 0..3 {
        bucket.answer(Some(&limits(5, 1, 0.9)), start, at(start, 0.1));
    }
    let later = at(start, 1.1);
    assert_eq!(leave(&mut bucket, later), 4);
    bucket.answer(Some(&limits(5, 4, 1.0)), later, later);
    bucket.answer(Some(&limits(5, 0, 0.02)), start, later);
    assert_eq!(leave(&mut bucket, later), 1);
    assert_eq!(bucket.gate(later), Gate::Until(at(later, 1.05)));
}

#[test]
fn a_request_that_left_in_one_window_can_be_counted_in_the_next() {
    let start = Instant::now();
    let mut bucket = found(start);
    leave(&mut bucket, at(start, 0.9));
    let later = at(start, 1.1);
    bucket.answer(Some(&limits(5, 0, 0.95)), at(start, 0.9), later);
    assert_eq!(bucket.gate(later), Gate::Until(at(later, 1.0)));
}

#[test]
fn a_response_that_may_be_of_either_window_gives_nothing_back() {
    let start = Instant::now();
    let mut bucket = found(start);
    leave(&mut bucket, start);
    let later = at(start, 1.1);
    assert_eq!(leave(&mut bucket, later), 1);
    // It was on its way for longer than a window lasts.
    bucket.answer(Some(&limits(5, 0, 0.9)), start, later);
    assert_eq!(bucket.gate(later), Gate::AfterResponse);
}

#[test]
fn a_request_without_a_response_counts_until_it_has_surely_arrived() {
    let start = Instant::now();
    let mut bucket = found(start);
    let sent = at(start, 0.9);
    assert_eq!(leave(&mut bucket, sent), 4);
    for _ in 0..4 {
        bucket.lose(sent);
    }
    assert_eq!(leave(&mut bucket, at(start, 1.1)), 1);
    let (start, mut bucket) = (at(start, 10.0), bucket);
    bucket.lose(at(start, -0.0));
    assert_eq!(
        leave(&mut bucket, at(start, 2.1)),
        5,
        "after a window and a second"
    );
}

#[test]
fn a_window_that_was_used_up_by_lost_requests_is_waited_for() {
    let start = Instant::now();
    let mut bucket = found(start);
    let later = at(start, 2.0);
    assert_eq!(leave(&mut bucket, later), 5);
    for _ in 0..5 {
        bucket.lose(later);
    }
    let end = at(start, 2.0 + 1.0 + 1.0 + 0.05);
    assert_eq!(bucket.gate(later), Gate::Perhaps(end));
    assert_eq!(leave(&mut bucket, end), 5);
}

#[test]
fn a_used_up_window_without_an_end_is_tried_by_one_after_a_second() {
    let (start, mut bucket) = (Instant::now(), Bucket::default());
    bucket.take();
    let limits = LimitHeaders {
        reset_after: None,
        ..limits(5, 0, 0.0)
    };
    bucket.answer(Some(&limits), start, start);
    assert_eq!(bucket.gate(start), Gate::Until(at(start, 1.05)));
    assert_eq!(leave(&mut bucket, at(start, 1.1)), 1);
}

#[test]
fn a_429_closes_until_the_latest_time_that_was_said() {
    let start = Instant::now();
    let mut bucket = found(start);
    for retry_after in [2.05, 1.95, 1.75] {
        bucket.close(at(start, retry_after));
    }
    assert_eq!(bucket.gate(start), Gate::Until(at(start, 2.05)));
    assert_eq!(leave(&mut bucket, at(start, 2.1)), 5);
}

#[test]
fn a_falling_limit_counts_at_once() {
    let start = Instant::now();
    let mut bucket = found(start);
    bucket.take();
    bucket.answer(Some(&limits(2, 1, 1.0)), start, start);
    assert_eq!(leave(&mut bucket, start), 1);
    assert_eq!(leave(&mut bucket, at(start, 1.1)), 1);
}

#[test]
fn a_request_that_was_not_sent_is_given_back() {
    let start = Instant::now();
    let mut bucket = found(start);
    bucket.take();
    bucket.give_back();
    assert_eq!(leave(&mut bucket, start), 4);
}

#[test]
fn a_bucket_that_becomes_one_with_another_keeps_what_is_in_flight() {
    let start = Instant::now();
    let (mut bucket, mut other) = (found(start), Bucket::default());
    other.take();
    bucket.absorb(other);
    assert_eq!(leave(&mut bucket, start), 3);
    assert_eq!(leave(&mut bucket, at(start, 1.1)), 1);
}

#[test]
fn a_bucket_is_forgotten_when_its_window_is_over() {
    let start = Instant::now();
    let mut bucket = found(start);
    assert!(!bucket.is_idle(start));
    assert!(bucket.is_idle(at(start, 1.1)));
}
