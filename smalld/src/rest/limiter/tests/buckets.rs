//! Buckets: cases 1 to 22.

use super::*;

#[test]
fn case_01_a_known_bucket_lets_its_remaining_requests_go_at_once() {
    let mut client = Client::new();
    let mut first = client.sends(POST_A, 0.0);
    client.hears(&mut first, &ok("m 5/4 1.0"), 0.1);
    client.sends(POST_A, 0.2);
    assert_eq!(client.room(POST_A, 0.2), 3);
}

/// Five requests in a row, the last answered at 0.5, with none remaining until 1.1.
fn used_up() -> Client {
    let mut client = Client::new();
    for (nth, h) in ["4 1.0", "3 0.9", "2 0.8", "1 0.7", "0 0.6"]
        .into_iter()
        .enumerate()
    {
        let seconds = [0.1, 0.2, 0.3, 0.4, 0.5][nth];
        client.exchange(POST_A, &ok(&format!("m 5/{h}")), seconds);
    }
    client
}

#[test]
fn case_02_a_used_up_bucket_waits_for_its_window_to_end() {
    let mut client = used_up();
    client.may_not_leave_before(POST_A, 0.5, 1.1 + MARGIN);
    client.sends(POST_A, 1.2);
}

#[test]
fn case_03_another_channel_is_another_bucket() {
    let mut client = used_up();
    client.sends(POST_B, 0.5);
}

#[test]
fn case_04_ten_at_once_are_one_then_four_then_five() {
    let mut client = Client::new();
    let mut claims = client.several(POST_A, 10);
    assert_eq!(client.leaving(&mut claims, 0.0), 1);
    assert_eq!(client.answer(&mut claims[1], 0.1), Decision::Wait(None));
    client.hears(&mut claims[0], &ok("m 5/4 1.0"), 0.2);
    assert!(
        !client.leaves(&mut claims[2], 0.2),
        "first come first served"
    );
    assert_eq!(client.leaving(&mut claims[1..], 0.2), 4);
    for (claim, remaining) in claims[1..5].iter_mut().zip([3, 2, 1, 0]) {
        client.hears(claim, &ok(&format!("m 5/{remaining} 0.9")), 0.3);
    }
    let end = at(client.start, 1.2 + MARGIN);
    assert_eq!(
        client.answer(&mut claims[5], 1.0),
        Decision::Wait(Some(end))
    );
    assert_eq!(client.answer(&mut claims[6], 1.0), Decision::Wait(None));
    assert_eq!(client.leaving(&mut claims[5..], 1.3), 5);
}

#[test]
fn case_04_requests_that_do_not_wait_are_refused_by_a_known_window_only() {
    let mut client = Client::new();
    let route = || Route::new("POST", "/channels/1/messages");
    let mut claims: Vec<Claim> = (0..3)
        .map(|_| client.limiter.claim(route(), Patience::None))
        .collect();
    assert!(client.leaves(&mut claims[0], 0.0));
    assert_eq!(client.answer(&mut claims[1], 0.0), Decision::Wait(None));
    assert_eq!(client.answer(&mut claims[2], 0.0), Decision::Wait(None));
    client.hears(&mut claims[0], &ok("m 2/1 5"), 0.1);
    assert!(client.leaves(&mut claims[1], 0.1));
    let Decision::Refuse(Refusal::Limited(limited)) = client.answer(&mut claims[2], 0.1) else {
        panic!("not refused")
    };
    assert_eq!(
        (limited.until, limited.bucket.as_deref(), limited.scope),
        (at(client.start, 5.1 + MARGIN), Some("m"), Scope::User)
    );
}

#[test]
fn case_05_a_response_without_limits_delays_no_request() {
    let mut client = Client::new();
    let mut claims = client.several(POST_A, 10);
    assert_eq!(client.leaving(&mut claims, 0.0), 1);
    client.hears(&mut claims[0], &response(200, &[], "{}"), 0.1);
    assert_eq!(client.leaving(&mut claims[1..], 0.1), 9);
}

#[test]
fn case_06_routes_of_one_hash_share_a_bucket() {
    let mut client = Client::new();
    let edit = ("PATCH", "/channels/1/messages/9");
    client.exchange(POST_A, &ok("m 5/4 1"), 0.0);
    client.exchange(edit, &ok("m 5/3 0.9"), 0.0);
    client.sends(POST_A, 0.1);
    client.sends(edit, 0.1);
    client.sends(POST_A, 0.1);
    client.may_not_leave_before(edit, 0.1, 1.0 + MARGIN);
    client.may_not_leave_before(POST_A, 0.1, 1.0 + MARGIN);
}

#[test]
fn case_07_another_hash_is_another_bucket() {
    let mut client = Client::new();
    client.exchange(POST_B, &ok("m 5/4 1"), 0.0);
    client.exchange(GET_A, &ok("g 5/0 2.0"), 0.0);
    client.sends(POST_A, 0.1);
    client.may_not_leave_before(GET_A, 0.1, 2.0 + MARGIN);
}

#[test]
fn case_08_a_cancelled_waiter_takes_nothing() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 2/0 1.0"), 0.0);
    let mut claims = client.several(POST_A, 3);
    assert_eq!(client.leaving(&mut claims, 0.1), 0);
    client.limiter.quit(&mut claims[0]);
    assert!(client.leaves(&mut claims[1], 1.1) && client.leaves(&mut claims[2], 1.1));
}

#[test]
fn case_09_responses_out_of_order_never_raise_the_count() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/4 1.0"), 0.0);
    let mut claims = client.several(POST_A, 5);
    assert_eq!(client.leaving(&mut claims, 2.0), 5);
    for (claim, remaining) in claims.iter_mut().zip([1, 3, 0, 2, 4]) {
        client.hears(claim, &ok(&format!("m 5/{remaining} 1.0")), 2.1);
        client.may_not_leave_before(POST_A, 2.1, 3.1 + MARGIN);
    }
    client.sends(POST_A, 3.2);
}

/// The window ended at 1.05, and two of its requests are in flight.
fn with_two_late() -> (Client, Vec<Claim>) {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/4 1.0"), 0.0);
    let mut claims = client.several(POST_A, 4);
    assert_eq!(client.leaving(&mut claims, 0.1), 4);
    for claim in &mut claims[..2] {
        client.hears(claim, &ok("m 5/2 0.8"), 0.2);
    }
    (client, claims.split_off(2))
}

#[test]
fn case_10_a_new_window_is_smaller_by_what_is_in_flight() {
    let (mut client, mut late) = with_two_late();
    let mut claims = client.several(POST_A, 5);
    assert_eq!(client.leaving(&mut claims, 1.1), 3);
    assert_eq!(client.answer(&mut claims[3], 1.1), Decision::Wait(None));
    client.hears(&mut late[0], &ok("m 5/0 0.01"), 1.15);
    assert_eq!(client.leaving(&mut claims[3..], 1.15), 1);
    client.hears(&mut late[1], &ok("m 5/0 0.01"), 1.2);
    assert!(client.leaves(&mut claims[4], 1.2));
}

#[test]
fn case_11_a_late_response_of_the_old_window_does_not_count_in_the_new_one() {
    let (mut client, mut late) = with_two_late();
    client.exchange(POST_A, &ok("m 5/4 1.0"), 1.1);
    client.hears(&mut late[0], &ok("m 5/0 0.02"), 1.15);
    client.hears(&mut late[1], &ok("m 5/0 0.02"), 1.15);
    let mut claims = client.several(POST_A, 5);
    assert_eq!(client.leaving(&mut claims, 1.15), 4);
    client.limiter.quit(&mut claims[4]);
    client.may_not_leave_before(POST_A, 1.15, 2.1 + MARGIN);
}

#[test]
fn case_12_waiting_requests_follow_a_route_to_its_newest_bucket() {
    let mut client = Client::new();
    let delete = ("DELETE", "/channels/1/messages/1");
    let mut under_way = client.sends(delete, 0.0);
    client.hears(&mut under_way, &ok("d1 5/4 9"), 0.0);
    let (mut other, mut third) = (client.sends(delete, 0.1), client.sends(delete, 0.1));
    client.hears(&mut other, &ok("d1 5/0 8.9"), 0.1);
    let mut waiting = client.asks(delete);
    assert!(!client.leaves(&mut waiting, 0.1));
    // An old message has another bucket, in which requests remain.
    client.hears(&mut third, &ok("d2 30/29 4"), 0.2);
    assert!(client.leaves(&mut waiting, 0.2));
    // Back to the first bucket, which has kept its count.
    client.hears(&mut waiting, &ok("d1 5/0 8.8"), 0.2);
    client.may_not_leave_before(delete, 0.3, 9.0 + MARGIN);
}

#[test]
fn case_12_a_request_cancelled_while_its_queue_moves_blocks_no_other() {
    let mut client = Client::new();
    let mut claims = client.several(POST_A, 4);
    assert_eq!(client.leaving(&mut claims, 0.0), 1);
    client.hears(&mut claims[0], &ok("m1 5/4 9"), 0.1);
    client.hears(&mut claims[0], &ok("m2 5/4 9"), 0.1);
    client.limiter.quit(&mut claims[1]);
    assert_eq!(client.leaving(&mut claims[2..], 0.1), 2);
    client.sends(POST_A, 0.1);
    assert!(
        client
            .limiter
            .buckets
            .iter()
            .all(|bucket| bucket.queue.is_empty())
    );
}

#[test]
fn case_14_reactions_wait_by_channel() {
    let mut client = Client::new();
    client.exchange(
        ("PUT", "/channels/1/messages/1/reactions/x/@me"),
        &ok("r 1/0 0.25"),
        0.0,
    );
    let second = ("PUT", "/channels/1/messages/2/reactions/y/@me");
    client.may_not_leave_before(second, 0.0, 0.25 + MARGIN);
    client.exchange(
        ("PUT", "/channels/2/messages/3/reactions/x/@me"),
        &ok("r 1/0 0.25"),
        0.0,
    );
    client.exchange(second, &ok("r 1/0 0.25"), 0.3);
    client.may_not_leave_before(second, 0.3, 0.55 + MARGIN);
}

#[test]
fn case_15_the_first_response_of_a_route_names_its_bucket() {
    let mut client = Client::new();
    let (react, clear) = (
        ("PUT", "/channels/1/messages/1/reactions/x/@me"),
        ("DELETE", "/channels/1/messages/1/reactions"),
    );
    client.exchange(react, &ok("r 1/0 0.25"), 0.0);
    client.exchange(clear, &ok("r 1/0 0.25"), 0.1);
    client.may_not_leave_before(react, 0.1, 0.35 + MARGIN);
    client.may_not_leave_before(clear, 0.1, 0.35 + MARGIN);
}

#[test]
fn case_16_members_wait_by_guild() {
    let mut client = Client::new();
    client.exchange(("PATCH", "/guilds/1/members/1"), &ok("p 10/0 10"), 0.0);
    client.may_not_leave_before(("PATCH", "/guilds/1/members/2"), 0.0, 10.0 + MARGIN);
    client.sends(("PATCH", "/guilds/2/members/1"), 0.0);
}

#[test]
fn case_17_routes_without_a_top_level_resource_are_independent() {
    let mut client = Client::new();
    client.exchange(("GET", "/applications/@me"), &ok("u1 5/0 9"), 0.0);
    client.exchange(("GET", "/users/@me"), &ok("u2 5/4 9"), 0.0);
    client.sends(("GET", "/users/@me"), 0.1);
    client.may_not_leave_before(("GET", "/applications/@me"), 0.1, 9.0 + MARGIN);
}

#[test]
fn case_18_only_the_start_of_a_path_names_a_top_level_resource() {
    let mut client = Client::new();
    client.exchange(
        ("GET", "/applications/1/guilds/7/commands"),
        &ok("c 5/0 9"),
        0.0,
    );
    let other = ("GET", "/applications/1/guilds/8/commands");
    client.may_not_leave_before(other, 0.0, 9.0 + MARGIN);
}

#[test]
fn case_19_each_webhook_token_has_a_bucket() {
    let mut client = Client::new();
    client.exchange(("POST", "/webhooks/7/tokA"), &ok("w 5/0 2"), 0.0);
    client.sends(("POST", "/webhooks/7/tokB"), 0.0);
    client.may_not_leave_before(("POST", "/webhooks/7/tokA"), 0.0, 2.0 + MARGIN);
}

#[test]
fn case_20_a_webhook_with_and_without_its_token_are_two_keys() {
    let major = |method, path| Route::new(method, path).major;
    assert_eq!(&*major("GET", "/webhooks/7"), "7");
    assert_eq!(&*major("POST", "/webhooks/7/tokA"), "7/tokA");
}

#[test]
fn case_21_follow_ups_are_outside_the_global_limit_and_forgotten() {
    let mut client = Client::new();
    for second in 0..100 {
        for nth in 0..200 {
            let path = format!("/webhooks/9/aW50ZXJhY3Rpb246{second}n{nth}");
            let seconds = f64::from(second);
            client.exchange(("POST", &path), &ok("f 5/4 2"), seconds);
        }
    }
    let buckets = client.limiter.buckets.len();
    assert!(buckets <= 2 * MIN_SWEEP, "{buckets}");
    assert_eq!(client.room(("GET", "/users/@me"), 99.0), 1);
    for channel in 0..49 {
        client.sends(("GET", &format!("/channels/{channel}")), 99.0);
    }
}

#[test]
fn case_22_interactions_are_answered_at_once() {
    let mut client = Client::new();
    for _ in 0..300 {
        client.sends(CALLBACK, 0.0);
    }
}

/// Counts inspected buckets; trying each bucket for each waiting request would take 50 million.
#[test]
fn naming_a_route_is_linear_in_its_waiting_requests() {
    let mut client = Client::with_global_limit(u32::MAX);
    for channel in 0..10_000 {
        let path = format!("/channels/{channel}");
        client.exchange(("GET", &path), &ok("c 5/4 9000"), 0.0);
    }
    let mut claims = client.several(POST_A, 5_000);
    assert_eq!(client.leaving(&mut claims, 1.0), 1);
    for channel in 10_000..15_000 {
        let path = format!("/channels/{channel}/messages");
        client.sends(("POST", &path), 1.0);
    }
    client.limiter.buckets.visits = 0;
    let (first, waiting) = claims.split_first_mut().unwrap();
    client.hears(first, &ok("m 5/4 9"), 1.1);
    let naming = client.limiter.buckets.visits;
    assert!((5_000..5_100).contains(&naming), "{naming}");
    // The route changes to another bucket, and all waiting requests follow it.
    assert_eq!(client.leaving(waiting, 1.1), 4);
    client.hears(&mut waiting[0], &ok("n 5/4 9"), 1.2);
    client.leaving(waiting, 1.2);
    client.gone(waiting);
    let all = client.limiter.buckets.visits;
    assert!(all < 60_000, "{all}");
}
