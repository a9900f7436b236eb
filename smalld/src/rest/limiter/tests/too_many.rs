//! 429 and other refusals: cases 23 to 39.

use super::*;

const USER: (&str, &str) = ("x-ratelimit-scope", "user");
const SHARED: (&str, &str) = ("x-ratelimit-scope", "shared");

fn globally(retry_after: &str) -> Response {
    let headers = [
        ("x-ratelimit-global", "true"),
        ("x-ratelimit-scope", "global"),
    ];
    let body = format!(r#"{{"retry_after":{retry_after},"global":true}}"#);
    response(429, &headers, &body)
}

#[test]
fn case_23_a_429_closes_its_bucket_and_the_same_request_goes_first() {
    let mut client = Client::new();
    let mut claims = client.several(POST_A, 3);
    assert_eq!(client.leaving(&mut claims, 0.0), 1);
    let body = limited_for("0.731");
    let refused = with(429, "m 5/0 0.731", &[USER, ("retry-after", "1")], &body);
    let limited = client.hears(&mut claims[0], &refused, 0.0).unwrap();
    let end = 0.731 + MARGIN;
    assert_eq!(
        (limited.scope, limited.until, limited.bucket.as_deref()),
        (Scope::User, at(client.start, end), Some("m"))
    );
    assert_eq!(client.refused(POST_A, 0.7).until, at(client.start, end));
    assert_eq!(client.leaving(&mut claims, 0.7), 0);
    assert!(!client.leaves(&mut claims[1], 0.9), "the first goes first");
    assert_eq!(client.leaving(&mut claims, 0.9), 3);
}

#[test]
fn case_23_a_429_calls_back_requests_that_wait_for_the_global_limit() {
    let mut client = Client::with_global_limit(1);
    client.exchange(POST_A, &ok("m 5/4 9"), 0.0);
    let mut under_way = client.sends(POST_A, 2.0);
    let mut waiting = client.asks(POST_A);
    assert!(!client.leaves(&mut waiting, 2.1), "for the global limit");
    let refused = with(429, "m 5/0 20", &[USER], &limited_for("20"));
    client.hears(&mut under_way, &refused, 2.5);
    assert!(!client.leaves(&mut waiting, 4.0));
    assert!(client.leaves(&mut under_way, 23.0));
    assert!(client.leaves(&mut waiting, 25.1));
}

#[test]
fn case_24_a_global_429_stops_all_but_webhooks_and_interactions() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/4 9"), 0.0);
    let limited = client.exchange(POST_A, &globally("0.404"), 0.0).unwrap();
    assert_eq!(limited.scope, Scope::Global);
    let end = 0.404 + MARGIN;
    client.may_not_leave_before(("GET", "/channels/7"), 0.1, end);
    assert_eq!(client.refused(POST_A, 0.1).scope, Scope::Global);
    client.sends(FOLLOW_UP, 0.1);
    client.sends(("POST", "/webhooks/7/token"), 0.1);
    client.sends(CALLBACK, 0.1);
    // Then no more than the limit are sent, and the bucket still has its remaining requests.
    let channels: Vec<String> = (100..160).map(|n| format!("/channels/{n}")).collect();
    let mut claims: Vec<Claim> = channels
        .iter()
        .map(|path| client.asks(("GET", path)))
        .collect();
    assert_eq!(client.leaving(&mut claims, 2.0), 50);
    client.gone(&mut claims);
    assert_eq!(client.room(POST_A, 5.0), 3);
}

#[test]
fn case_24_a_global_429_of_a_webhook_or_an_interaction_delays_only_that_one() {
    for asked in [FOLLOW_UP, ("POST", "/webhooks/7/token"), CALLBACK] {
        let mut client = Client::new();
        let mut claim = client.sends(asked, 0.0);
        client.hears(&mut claim, &globally("1.5"), 0.0);
        let end = at(client.start, 1.5 + MARGIN);
        assert_eq!(client.answer(&mut claim, 0.1), Decision::Wait(Some(end)));
        assert!(client.leaves(&mut claim, 1.6), "{asked:?}");
    }
}

#[test]
fn case_25_a_shared_limit_closes_its_route_and_not_the_bucket() {
    let mut client = Client::new();
    let body = limited_for("1336.57");
    let refused = with(429, "x 10/9 15", &[SHARED, ("retry-after", "1337")], &body);
    let limited = client.exchange(RENAME_A, &refused, 0.0).unwrap();
    let end = 1336.57 + MARGIN;
    assert_eq!(limited.until, at(client.start, end));
    client.may_not_leave_before(RENAME_A, 1.0, end);
    assert_eq!(client.refused(RENAME_A, 1.0).scope, Scope::Shared);
    let invalid = client
        .limiter
        .count_invalid(429, Some("shared"), client.start);
    assert_eq!(
        (invalid, client.limiter.invalid.spent(client.start)),
        (None, None)
    );
    // A route of the same bucket has the nine remaining requests.
    client.exchange(("GET", "/channels/1"), &ok("x 10/9 15"), 1.0);
    assert_eq!(client.room(("GET", "/channels/1"), 1.0), 9);
}

#[test]
fn case_26_a_sub_limit_closes_its_route_alone() {
    let mut client = Client::new();
    let refused = with(429, "c 5/4 15", &[USER], &limited_for("582.019"));
    client.exchange(RENAME_A, &refused, 0.0);
    let end = 582.019 + MARGIN;
    client.may_not_leave_before(RENAME_A, 1.0, end);
    let limited = client.refused(RENAME_A, 1.0);
    assert_eq!(
        (limited.scope, limited.bucket.as_deref()),
        (Scope::User, Some("c"))
    );
    client.exchange(("GET", "/channels/1"), &ok("c 5/3 14"), 1.0);
    client.sends(("PATCH", "/channels/2"), 1.0);
    client.sends(RENAME_A, 583.0);
}

#[test]
fn case_27_a_429_with_only_a_body_closes_the_unnamed_bucket() {
    let mut client = Client::new();
    let refused = response(429, &[("via", "1.1 google")], &limited_for("2.5"));
    let limited = client.exchange(POST_A, &refused, 0.0).unwrap();
    assert_eq!(limited.scope, Scope::User);
    client.may_not_leave_before(POST_A, 0.1, 2.5 + MARGIN);
    client.sends(POST_B, 0.1);
}

#[test]
fn case_28_the_header_counts_if_the_body_has_no_time() {
    let mut client = Client::new();
    let headers = [("content-type", "application/json"), ("retry-after", "3")];
    client.exchange(POST_A, &response(429, &headers, "{}"), 0.0);
    client.may_not_leave_before(POST_A, 0.1, 3.0 + MARGIN);
}

#[test]
fn case_29_a_ban_without_a_time_stops_everything_and_grows() {
    let mut client = Client::new();
    let page = response(429, &[], "error code: 1015");
    // They were in flight together, so they count as one ban.
    let mut claims: Vec<Claim> = ["/channels/1", "/channels/2", "/channels/3"]
        .map(|path| client.sends(("GET", path), 0.0))
        .into();
    for claim in &mut claims {
        let limited = client.hears(claim, &page, 0.0).unwrap();
        assert_eq!(limited.until, at(client.start, 60.0 + MARGIN));
    }
    for asked in [GET_A, FOLLOW_UP, CALLBACK] {
        let limited = client.refused(asked, 1.0);
        assert_eq!(
            (limited.scope, limited.until),
            (Scope::Address, at(client.start, 60.0 + MARGIN))
        );
    }
    let limited = client.exchange(GET_A, &page, 61.0).unwrap();
    assert_eq!(limited.until, at(client.start, 181.0 + MARGIN));
    client.exchange(GET_A, &ok("g 5/4 1"), 182.0);
    let limited = client.exchange(GET_A, &page, 183.0).unwrap();
    assert_eq!(limited.until, at(client.start, 243.0 + MARGIN));
}

#[test]
fn case_30_a_ban_refuses_waiting_requests_and_interactions() {
    let mut client = Client::new();
    client.exchange(POST_A, &ok("m 5/0 900"), 0.0);
    let mut waiting = client.asks(POST_A);
    assert!(!client.leaves(&mut waiting, 0.1));
    let page = response(429, &[("retry-after", "2700")], "<html>");
    client.exchange(GET_A, &page, 0.1);
    for mut claim in [waiting, client.asks(CALLBACK), client.asks(FOLLOW_UP)] {
        let Decision::Refuse(Refusal::Limited(limited)) = client.answer(&mut claim, 0.2) else {
            panic!("not refused")
        };
        assert_eq!(limited.scope, Scope::Address);
        assert_eq!(limited.until, at(client.start, 2700.1 + MARGIN));
    }
}

#[test]
fn case_31_a_code_does_not_change_what_is_closed() {
    let mut client = Client::new();
    let body = r#"{"message":"x","retry_after":2.9,"global":false,"code":20028}"#;
    let limited = client.exchange(POST_A, &with(429, "m 5/0 3", &[SHARED], body), 0.0);
    assert_eq!(limited.unwrap().scope, Scope::Shared);
    client.may_not_leave_before(POST_A, 0.1, 2.9 + MARGIN);
}

#[test]
fn case_32_the_last_of_several_429s_is_the_one_that_counts() {
    let mut client = Client::new();
    let mut claim = client.sends(POST_A, 0.0);
    for nth in 0..6 {
        let seconds = f64::from(nth);
        assert!(nth == 0 || client.leaves(&mut claim, seconds));
        let refused = with(429, "m 5/0 0.5", &[USER], &limited_for("0.5"));
        client.hears(&mut claim, &refused, seconds);
    }
    client.may_not_leave_before(POST_A, 5.1, 5.5 + MARGIN);
}

#[test]
fn case_33_after_many_429s_no_more_than_the_limit_are_sent() {
    let mut client = Client::with_global_limit(1000);
    // No limit was known, so a hundred are in flight.
    client.exchange(POST_A, &response(200, &[], ""), 0.0);
    let mut claims = client.several(POST_A, 100);
    assert_eq!(client.leaving(&mut claims, 0.0), 100);
    for (nth, claim) in claims.iter_mut().enumerate() {
        let passed = 0.3 * f64::from(u8::try_from(nth).unwrap()) / 99.0;
        let body = limited_for(&format!("{:.3}", 2.0 - passed));
        client.hears(claim, &with(429, "m 5/0 2", &[USER], &body), passed);
    }
    assert_eq!(client.leaving(&mut claims, 2.0), 0);
    assert_eq!(client.leaving(&mut claims, 2.4), 5);
    for nth in 0..9_500 - 100 {
        client
            .limiter
            .count_invalid(429, Some("user"), at(client.start, 0.3));
        assert!(client.limiter.invalid.spent(client.start).is_none() || nth > 9_000);
    }
}

#[test]
fn case_34_the_budget_of_invalid_requests_is_not_overdrawn() {
    let mut client = Client::new();
    let mut warnings = Vec::new();
    for _ in 0..9_499 {
        warnings.extend(
            client
                .limiter
                .count_invalid(429, Some("user"), client.start),
        );
    }
    assert_eq!(warnings.last(), Some(&9_400));
    let mut last = client.sends(GET_A, 0.0);
    client.limiter.quit(&mut last);
    client
        .limiter
        .count_invalid(429, Some("user"), client.start);
    for asked in [GET_A, ("POST", "/webhooks/7/token")] {
        assert_eq!(client.refused(asked, 0.0).scope, Scope::InvalidRequests);
    }
    client.sends(CALLBACK, 0.0);
    client.sends(FOLLOW_UP, 0.0);
    client.sends(GET_A, 611.0);
}

#[test]
fn case_35_a_refused_token_is_not_used_again_but_webhooks_continue() {
    let mut client = Client::new();
    client.limiter.refuse_token();
    let mut claim = client.asks(("GET", "/users/@me"));
    let refused = Decision::Refuse(Refusal::TokenRefused);
    assert_eq!(client.answer(&mut claim, 0.0), refused);
    client.sends(("POST", "/webhooks/1/token"), 0.0);
    client.sends(FOLLOW_UP, 0.0);
}

#[test]
fn case_36_a_warning_is_logged_for_every_thousand_403s() {
    let mut client = Client::new();
    let warned: Vec<u32> = (0..2_500)
        .filter_map(|_| client.limiter.count_invalid(403, None, client.start))
        .collect();
    assert_eq!(warned, [1_000, 2_000]);
}

#[test]
fn case_37_a_webhook_that_is_gone_is_not_called_again() {
    let mut client = Client::new();
    client
        .limiter
        .webhook_is_gone(&Route::new("POST", "/webhooks/7/tokA"));
    for method in ["POST", "GET"] {
        let mut claim = client.asks((method, "/webhooks/7/tokA"));
        let refused = Decision::Refuse(Refusal::WebhookGone);
        assert_eq!(client.answer(&mut claim, 0.0), refused);
    }
    client.sends(("POST", "/webhooks/7/tokB"), 0.0);
    // An interaction that is not answered yet gets the same code, but will become valid.
    client
        .limiter
        .webhook_is_gone(&Route::new(FOLLOW_UP.0, FOLLOW_UP.1));
    client.sends(FOLLOW_UP, 0.0);
}

#[test]
fn case_38_the_headers_of_emoji_routes_are_not_trusted() {
    let mut client = Client::new();
    let emojis = ("POST", "/guilds/1/emojis");
    client.exchange(emojis, &ok("e 50/49 3600"), 0.0);
    let refused = with(429, "e 50/48 3600", &[SHARED], &limited_for("1200"));
    client.exchange(emojis, &refused, 0.0);
    client.may_not_leave_before(emojis, 0.1, 1200.0 + MARGIN);
}

#[test]
fn case_39_a_wait_beyond_the_timeout_is_refused_at_once_and_others_continue_to_wait() {
    let mut client = Client::new();
    let refused = with(429, "m 5/0 30", &[USER], &limited_for("30"));
    client.exchange(POST_A, &refused, 0.0);
    let patience = Patience::Until(at(client.start, 5.0));
    let mut hurried = client
        .limiter
        .claim(Route::new(POST_A.0, POST_A.1), patience);
    let Decision::Refuse(Refusal::Limited(limited)) = client.answer(&mut hurried, 0.0) else {
        panic!("not refused")
    };
    assert_eq!(limited.until, at(client.start, 30.0 + MARGIN));
    client.may_not_leave_before(POST_A, 0.1, 30.0 + MARGIN);
}

#[test]
fn a_proxys_page_with_a_short_retry_after_is_a_wait_and_not_a_ban() {
    let page = response(429, &[("retry-after", "5")], "<html>");
    for asked in [GET_A, ("POST", "/webhooks/7/token"), CALLBACK] {
        let mut client = Client::new();
        let mut claim = client.sends(asked, 0.0);
        let limited = client.hears(&mut claim, &page, 0.0).unwrap();
        let end = at(client.start, 5.0 + MARGIN);
        assert_eq!((limited.scope, limited.until), (Scope::Global, end));
        assert_eq!(client.answer(&mut claim, 0.1), Decision::Wait(Some(end)));
        assert!(client.leaves(&mut claim, 5.1), "{asked:?}");
    }
}
