//! Clocks, odd headers and the rest: cases 40 to 56.

use super::*;

/// No requests remain for a second, and the reset time is `skew` seconds off our clock.
fn skewed(skew: f64) -> Response {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let reset = format!("{:.3}", now.as_secs_f64() + 1.0 + skew);
    with(200, "m 5/0 1.0", &[("x-ratelimit-reset", &reset)], "")
}

#[test]
fn case_40_a_clock_that_is_ahead_changes_nothing() {
    let mut client = Client::new();
    client.exchange(POST_A, &skewed(-90.0), 0.0);
    client.may_not_leave_before(POST_A, 0.1, 1.0 + MARGIN);
}

#[test]
fn case_41_a_clock_that_is_behind_changes_nothing() {
    let mut client = Client::new();
    client.exchange(POST_A, &skewed(90.0), 0.0);
    client.may_not_leave_before(POST_A, 0.1, 1.0 + MARGIN);
}

#[test]
fn case_42_a_reset_is_compared_with_the_date_of_the_same_response() {
    let mut client = Client::new();
    let headers = [
        ("x-ratelimit-bucket", "m"),
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "784111779.5"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ];
    client.exchange(POST_A, &response(200, &headers, ""), 0.0);
    client.may_not_leave_before(POST_A, 0.1, 2.5 + MARGIN);
}

#[test]
fn case_43_a_used_up_window_without_an_end_is_tried_by_one_after_a_second() {
    let mut client = Client::new();
    let headers = [("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "0")];
    client.exchange(POST_A, &response(200, &headers, ""), 0.0);
    client.may_not_leave_before(POST_A, 0.1, 1.0 + MARGIN);
    let mut claims = client.several(POST_A, 5);
    assert_eq!(client.leaving(&mut claims, 1.1), 1);
    client.hears(&mut claims[0], &ok("m 5/4 1"), 1.2);
    assert_eq!(client.leaving(&mut claims[1..], 1.2), 4);
}

#[test]
fn case_44_names_of_headers_come_in_any_case() {
    for names in [
        [
            "x-ratelimit-limit",
            "x-ratelimit-remaining",
            "x-ratelimit-reset-after",
        ],
        [
            "X-RateLimit-Limit",
            "X-RATELIMIT-REMAINING",
            "X-Ratelimit-Reset-After",
        ],
    ] {
        let mut client = Client::new();
        let headers = [(names[0], "5"), (names[1], "0"), (names[2], "0.5")];
        client.exchange(POST_A, &response(200, &headers, ""), 0.0);
        client.may_not_leave_before(POST_A, 0.1, 0.5 + MARGIN);
    }
}

#[test]
fn case_45_malformed_values_are_ignored() {
    let headers = [
        ("x-ratelimit-limit", "5"),
        ("x-ratelimit-remaining", "banana"),
        ("x-ratelimit-reset-after", "-1"),
    ];
    let odd = response(200, &headers, "");
    assert!(LimitHeaders::read(&odd).odd);
    let mut client = Client::new();
    client.exchange(POST_A, &odd, 0.0);
    assert_eq!(client.room(POST_A, 0.0), 49, "up to the global limit");
    for after in ["NaN", "inf", "1e300", "-0.1", ""] {
        let mut client = Client::new();
        client.exchange(POST_A, &ok(&format!("m 5/0 {after}")), 0.0);
        assert!(client.refused(POST_A, 0.0).until > client.start, "{after}");
    }
}

#[test]
fn case_46_a_wait_ends_while_the_machine_sleeps() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/0 2"), 0.0);
    let mut waiting = client.asks(POST_A);
    assert!(!client.leaves(&mut waiting, 0.1));
    assert!(client.leaves(&mut waiting, 3600.0));
}

fn channels(client: &mut Client, count: usize) -> Vec<Claim> {
    let paths = (0..count).map(|channel| format!("/channels/{channel}/messages"));
    paths.map(|path| client.asks(("POST", &path))).collect()
}

/// Sixty requests ask, fifty are sent and get their responses after a tenth of a second.
fn sixty(client: &mut Client) -> Vec<Claim> {
    let mut claims = channels(client, 60);
    assert_eq!(client.leaving(&mut claims, 0.0), 50);
    for claim in &mut claims[..50] {
        client.hears(claim, &ok("m 5/4 1"), 0.1);
    }
    claims.split_off(50)
}

#[test]
fn case_47_fifty_are_sent_in_a_second_and_the_others_in_the_next() {
    let mut client = Client::new();
    let mut waiting = sixty(&mut client);
    let limited = client.refused(("POST", "/channels/99/messages"), 0.0);
    assert_eq!(limited.scope, Scope::Global);
    assert_eq!(client.leaving(&mut waiting, 1.0), 0);
    assert_eq!(client.leaving(&mut waiting, 1.15), 10);
}

#[test]
fn case_47_requests_that_do_not_wait_are_refused_only_if_the_limit_is_surely_reached() {
    let mut client = Client::new();
    let mut claims = channels(&mut client, 50);
    assert_eq!(client.leaving(&mut claims, 0.0), 50);
    client.refused(("GET", "/users/@me"), 0.9);
    let route = Route::new("GET", "/users/@me");
    let mut claim = client.limiter.claim(route, Patience::None);
    let answer = client.answer(&mut claim, 1.1);
    assert_eq!(answer, Decision::Wait(Some(at(client.start, 2.01))));
    assert!(client.leaves(&mut claim, 2.1));
}

#[test]
fn case_47_the_queue_of_the_global_limit_is_first_come_first_served() {
    let mut client = Client::with_global_limit(1);
    let mut sent = client.sends(("POST", "/channels/1/messages"), 0.0);
    client.hears(&mut sent, &ok("m 5/4 9"), 0.0);
    let mut first = client.asks(("POST", "/channels/2/messages"));
    let mut second = client.asks(("POST", "/channels/3/messages"));
    assert!(!client.leaves(&mut first, 0.1) && !client.leaves(&mut second, 0.1));
    assert!(!client.leaves(&mut second, 1.2), "the first goes first");
    assert!(client.leaves(&mut first, 1.2));
}

#[test]
fn case_48_follow_ups_do_not_count_towards_the_fifty() {
    let mut client = Client::new();
    let mut waiting = sixty(&mut client);
    for nth in 0..20 {
        let path = format!("/webhooks/9/aW50ZXJhY3Rpb246{nth}");
        client.sends(("POST", &path), 0.1);
    }
    assert_eq!(client.leaving(&mut waiting, 1.0), 0);
    assert_eq!(client.leaving(&mut waiting, 1.15), 10);
}

#[test]
fn case_49_a_failure_without_headers_changes_nothing() {
    let mut client = Client::new();
    let page = response(502, &[("content-type", "text/html")], "<html>");
    client.exchange(GET_A, &page, 0.0);
    let mut claims = client.several(GET_A, 2);
    assert_eq!(client.leaving(&mut claims, 0.1), 1, "still unknown");
    client.limiter.quit(&mut claims[1]);
    client.hears(&mut claims[0], &ok("g 5/4 9"), 0.1);
    client.exchange(GET_A, &page, 0.2);
    assert_eq!(client.room(GET_A, 0.2), 3, "less what was used");
}

#[test]
fn case_50_a_failure_with_headers_counts() {
    let mut client = Client::new();
    client.exchange(GET_A, &with(500, "m 5/3 1", &[], "{}"), 0.0);
    assert_eq!(client.room(GET_A, 0.1), 3);
}

#[test]
fn case_51_a_request_without_a_response_is_used_but_not_in_flight() {
    let mut client = Client::new();
    client.exchange(GET_A, &ok("g 5/4 1"), 0.0);
    let mut claims = client.several(GET_A, 4);
    assert_eq!(client.leaving(&mut claims, 0.1), 4);
    client.gone(&mut claims);
    client.may_not_leave_before(GET_A, 0.2, 1.0 + MARGIN);
    assert_eq!(client.room(GET_A, 1.1), 5);
    // It was sent to find out about an unknown bucket; the next request does so instead.
    let mut lost = client.sends(POST_A, 2.0);
    let mut next = client.asks(POST_A);
    assert!(!client.leaves(&mut next, 2.0));
    client.limiter.quit(&mut lost);
    assert!(client.leaves(&mut next, 2.0));
}

#[test]
fn case_55_a_falling_limit_counts_at_once() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/4 1"), 0.0);
    client.exchange(POST_A, &ok("m 2/1 1"), 0.1);
    client.sends(POST_A, 0.2);
    client.may_not_leave_before(POST_A, 0.2, 1.1 + MARGIN);
    assert_eq!(client.room(POST_A, 1.2), 1, "two, less one in flight");
}

#[test]
fn case_56_an_idle_bucket_may_be_forgotten_and_its_route_remembered() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/0 1"), 0.0);
    client.limiter.buckets.sweep_at = 1;
    client.sends(POST_B, 600.0);
    assert_eq!(
        client.limiter.buckets.len(),
        1,
        "the bucket of channel 1 has been removed"
    );
    let post_a = Route::new(POST_A.0, POST_A.1);
    assert!(client.limiter.buckets.name_of(&post_a).is_some());
    client.sends(POST_A, 600.0);
}

#[test]
fn a_hundred_thousand_channels_are_forgotten_again() {
    let mut client = Client::with_global_limit(u32::MAX);
    for channel in 0..100_000_u32 {
        let path = format!("/channels/{channel}/messages");
        client.exchange(("POST", &path), &ok("m 5/4 1"), f64::from(channel) / 100.0);
    }
    let buckets = client.limiter.buckets.len();
    assert!(buckets <= 2 * MIN_SWEEP, "{buckets}");
}

#[test]
fn routes_that_are_closed_on_their_own_are_forgotten_again() {
    let mut client = Client::with_global_limit(u32::MAX);
    for channel in 0..10_000_u32 {
        let path = format!("/channels/{channel}");
        let refused = with(
            429,
            "c 5/4 1",
            &[("x-ratelimit-scope", "user")],
            &limited_for("2"),
        );
        client.exchange(("PATCH", &path), &refused, f64::from(channel) / 10.0);
    }
    let closed = client.limiter.closed.len();
    assert!(closed <= 2 * MIN_SWEEP, "{closed}");
}
