//! The limiter's decisions, with given instants.

use super::*;

const WAKER: &Waker = Waker::noop();

fn at(start: Instant, seconds: f64) -> Instant {
    start + Duration::from_secs_f64(seconds)
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let headers = headers
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()));
    Response::new(status, headers.collect(), body.as_bytes().to_vec())
}

/// A 200 with the headers `H(hash limit/remaining after)`.
fn ok(hash: &str, limit: &str, remaining: &str, after: &str) -> Response {
    response(
        200,
        &[
            ("x-ratelimit-bucket", hash),
            ("x-ratelimit-limit", limit),
            ("x-ratelimit-remaining", remaining),
            ("x-ratelimit-reset-after", after),
        ],
        "",
    )
}

struct Client {
    limiter: Limiter,
    start: Instant,
}

impl Client {
    fn new() -> Self {
        Self {
            limiter: Limiter::new(50),
            start: Instant::now(),
        }
    }

    fn asks(&mut self, method: &str, path: &str) -> Ticket {
        self.limiter.enter(Route::new(method, path), true)
    }

    fn answer(&mut self, ticket: &mut Ticket, seconds: f64) -> Answer {
        self.limiter.ask(ticket, at(self.start, seconds), WAKER)
    }

    fn leaves(&mut self, ticket: &mut Ticket, seconds: f64) -> bool {
        self.answer(ticket, seconds) == Answer::Leave
    }

    fn hears(&mut self, ticket: &mut Ticket, response: &Response, seconds: f64) -> Option<Limited> {
        let headers = LimitHeaders::read(response);
        self.limiter
            .heard(ticket, response, &headers, at(self.start, seconds))
    }

    /// Sends a request and hears its response at once.
    fn exchange(
        &mut self,
        method: &str,
        path: &str,
        response: &Response,
        seconds: f64,
    ) -> Option<Limited> {
        let mut ticket = self.asks(method, path);
        assert_eq!(
            self.answer(&mut ticket, seconds),
            Answer::Leave,
            "{method} {path}"
        );
        self.hears(&mut ticket, response, seconds)
    }
}

#[test]
fn ten_at_once_are_one_then_four_then_five() {
    let mut client = Client::new();
    let mut tickets: Vec<Ticket> = (0..10)
        .map(|_| client.asks("POST", "/channels/1/messages"))
        .collect();
    let leaving = |client: &mut Client, tickets: &mut [Ticket], seconds| {
        tickets
            .iter_mut()
            .map(|ticket| client.leaves(ticket, seconds))
            .filter(|&leaves| leaves)
            .count()
    };
    assert_eq!(leaving(&mut client, &mut tickets, 0.0), 1);
    assert_eq!(client.answer(&mut tickets[1], 0.1), Answer::Wait(None));
    client.hears(&mut tickets[0], &ok("m", "5", "4", "1.0"), 0.2);
    assert_eq!(leaving(&mut client, &mut tickets[1..], 0.2), 4);
    for (nth, remaining) in ["3", "2", "1", "0"].into_iter().enumerate() {
        client.hears(&mut tickets[1 + nth], &ok("m", "5", remaining, "0.9"), 0.3);
    }
    assert_eq!(
        client.answer(&mut tickets[5], 1.0),
        Answer::Wait(Some(at(client.start, 1.25)))
    );
    assert_eq!(client.answer(&mut tickets[6], 1.0), Answer::Wait(None));
    assert_eq!(leaving(&mut client, &mut tickets[5..], 1.3), 5);
}

#[test]
fn channels_do_not_wait_for_each_other() {
    let mut client = Client::new();
    client.exchange(
        "POST",
        "/channels/1/messages",
        &ok("m", "5", "0", "0.6"),
        0.0,
    );
    let mut same = client.asks("POST", "/channels/1/messages");
    assert!(!client.leaves(&mut same, 0.1));
    client.exchange("POST", "/channels/2/messages", &ok("m", "5", "4", "1"), 0.1);
}

#[test]
fn routes_of_one_hash_share_a_bucket() {
    let mut client = Client::new();
    client.exchange("POST", "/channels/1/messages", &ok("m", "5", "4", "1"), 0.0);
    client.exchange(
        "PATCH",
        "/channels/1/messages/9",
        &ok("m", "5", "3", "0.9"),
        0.0,
    );
    for _ in 0..3 {
        let mut ticket = client.asks("POST", "/channels/1/messages");
        assert!(client.leaves(&mut ticket, 0.1));
    }
    let mut sixth = client.asks("PATCH", "/channels/1/messages/9");
    assert!(!client.leaves(&mut sixth, 0.1));
}

#[test]
fn a_cancelled_waiter_takes_nothing() {
    let mut client = Client::new();
    client.exchange(
        "POST",
        "/channels/1/messages",
        &ok("m", "2", "0", "1.0"),
        0.0,
    );
    let mut tickets: Vec<Ticket> = (0..3)
        .map(|_| client.asks("POST", "/channels/1/messages"))
        .collect();
    for ticket in &mut tickets {
        assert!(!client.leaves(ticket, 0.1));
    }
    client.limiter.quit(&mut tickets[0]);
    assert!(client.leaves(&mut tickets[1], 1.1) && client.leaves(&mut tickets[2], 1.1));
}

#[test]
fn waiting_requests_follow_a_route_to_its_new_bucket() {
    let mut client = Client::new();
    let delete = |client: &mut Client| client.asks("DELETE", "/channels/1/messages/1");
    let mut first = delete(&mut client);
    let mut second = delete(&mut client);
    assert!(client.leaves(&mut first, 0.0) && !client.leaves(&mut second, 0.0));
    client.hears(&mut first, &ok("d1", "5", "0", "9"), 0.1);
    assert!(!client.leaves(&mut second, 0.1));
    // Another delete in flight, of an old message, is told of another bucket.
    let mut third = client
        .limiter
        .enter(Route::new("DELETE", "/channels/1/messages/2"), true);
    third.standing = Standing::Gone(Some(("d1".into(), "1".into())));
    client.hears(&mut third, &ok("d2", "30", "29", "4"), 0.2);
    assert!(client.leaves(&mut second, 0.2));
}

#[test]
fn the_limit_over_all_lets_fifty_leave_in_a_second_and_interactions_at_once() {
    let mut client = Client::new();
    let mut tickets: Vec<Ticket> = (0..60)
        .map(|channel| client.asks("POST", &format!("/channels/{channel}/messages")))
        .collect();
    let left = tickets.iter_mut().map(|ticket| client.leaves(ticket, 0.0));
    assert_eq!(left.filter(|&leaves| leaves).count(), 50);
    for nth in 0..20 {
        let mut follow_up = client.asks("POST", &format!("/webhooks/9/token{nth}"));
        assert!(client.leaves(&mut follow_up, 0.0));
    }
    for _ in 0..300 {
        let mut callback = client.asks("POST", "/interactions/1/token/callback");
        assert!(client.leaves(&mut callback, 0.0));
    }
    for ticket in &mut tickets[50..] {
        assert!(client.leaves(ticket, 1.1));
    }
}

#[test]
fn a_429_closes_its_bucket_and_the_same_request_goes_first() {
    let mut client = Client::new();
    let mut first = client.asks("POST", "/channels/1/messages");
    let mut second = client.asks("POST", "/channels/1/messages");
    assert!(client.leaves(&mut first, 0.0));
    assert!(!client.leaves(&mut second, 0.0));
    let refused = Response::new(
        429,
        vec![
            ("x-ratelimit-bucket".into(), "m".into()),
            ("x-ratelimit-limit".into(), "5".into()),
            ("x-ratelimit-remaining".into(), "0".into()),
            ("x-ratelimit-reset-after".into(), "0.731".into()),
            ("x-ratelimit-scope".into(), "user".into()),
            ("retry-after".into(), "1".into()),
        ],
        br#"{"message":"x","retry_after":0.731,"global":false}"#.to_vec(),
    );
    let limited = client.hears(&mut first, &refused, 0.0).unwrap();
    assert_eq!(
        (limited.scope, limited.until),
        (Scope::User, at(client.start, 0.781))
    );
    assert!(!client.leaves(&mut second, 0.7));
    assert!(!client.leaves(&mut first, 0.7));
    assert!(!client.leaves(&mut second, 0.9), "the first goes first");
    assert!(client.leaves(&mut first, 0.9) && client.leaves(&mut second, 0.9));
}

#[test]
fn a_global_429_stops_all_but_webhooks_and_interactions() {
    let mut client = Client::new();
    let global = response(
        429,
        &[("x-ratelimit-global", "true")],
        r#"{"retry_after":0.404,"global":true}"#,
    );
    let limited = client.exchange("GET", "/users/@me", &global, 0.0).unwrap();
    assert_eq!(limited.scope, Scope::Global);
    let mut other = client.asks("GET", "/channels/1");
    assert!(!client.leaves(&mut other, 0.1));
    let mut follow_up = client.asks("POST", "/webhooks/9/token");
    assert!(client.leaves(&mut follow_up, 0.1));
    assert!(client.leaves(&mut other, 0.5));
}

#[test]
fn a_shared_limit_and_a_sub_limit_close_only_their_route() {
    let mut client = Client::new();
    for (scope, path) in [("shared", "/channels/1"), ("user", "/channels/2")] {
        let headers = [
            ("x-ratelimit-bucket", "c"),
            ("x-ratelimit-limit", "5"),
            ("x-ratelimit-remaining", "4"),
            ("x-ratelimit-reset-after", "15"),
            ("x-ratelimit-scope", scope),
        ];
        let limited = client.exchange(
            "PATCH",
            path,
            &response(429, &headers, r#"{"retry_after":582.019}"#),
            0.0,
        );
        assert_eq!(limited.unwrap().until, at(client.start, 582.069));
        let mut again = client.asks("PATCH", path);
        assert_eq!(
            client.answer(&mut again, 1.0),
            Answer::Wait(Some(at(client.start, 582.069)))
        );
        client.exchange("GET", path, &ok("g", "5", "4", "1"), 1.0);
        assert!(client.leaves(&mut again, 583.0));
    }
}

#[test]
fn a_ban_of_the_address_stops_everything_and_grows() {
    let mut client = Client::new();
    let page = response(429, &[], "<html>");
    client.exchange("GET", "/users/@me", &page, 0.0);
    for (method, path) in [
        ("GET", "/channels/1"),
        ("POST", "/interactions/1/t/callback"),
    ] {
        let mut ticket = client.asks(method, path);
        let Answer::Refused(Refusal::Limited(limited)) = client.answer(&mut ticket, 1.0) else {
            panic!("not refused")
        };
        assert_eq!(
            (limited.scope, limited.until),
            (Scope::Address, at(client.start, 60.05))
        );
    }
    let limited = client.exchange("GET", "/channels/1", &page, 61.0).unwrap();
    assert_eq!(limited.until, at(client.start, 181.05));
}

#[test]
fn whoever_is_not_patient_is_refused_by_a_known_window_only() {
    let mut client = Client::new();
    let route = || Route::new("POST", "/channels/1/messages");
    let mut tickets: Vec<Ticket> = (0..3)
        .map(|_| client.limiter.enter(route(), false))
        .collect();
    assert!(client.leaves(&mut tickets[0], 0.0));
    assert_eq!(client.answer(&mut tickets[1], 0.0), Answer::Wait(None));
    assert_eq!(client.answer(&mut tickets[2], 0.0), Answer::Wait(None));
    client.hears(&mut tickets[0], &ok("m", "2", "1", "5"), 0.1);
    assert!(client.leaves(&mut tickets[1], 0.1));
    let Answer::Refused(Refusal::Limited(limited)) = client.answer(&mut tickets[2], 0.1) else {
        panic!("not refused")
    };
    assert_eq!(
        (limited.until, limited.bucket.as_deref()),
        (at(client.start, 5.15), Some("m"))
    );
}

#[test]
fn a_refused_token_is_not_tried_again_but_webhooks_go_on() {
    let mut client = Client::new();
    client.limiter.refuse_token();
    let mut ticket = client.asks("GET", "/users/@me");
    assert_eq!(
        client.answer(&mut ticket, 0.0),
        Answer::Refused(Refusal::TokenRefused)
    );
    let mut webhook = client.asks("POST", "/webhooks/1/token");
    assert!(client.leaves(&mut webhook, 0.0));
}

#[test]
fn the_budget_of_invalid_requests_is_not_overdrawn() {
    let mut client = Client::new();
    for _ in 0..9_500 {
        client.limiter.count_invalid(403, None, client.start);
    }
    assert_eq!(
        client
            .limiter
            .count_invalid(429, Some("shared"), client.start),
        None
    );
    let mut ticket = client.asks("GET", "/users/@me");
    assert!(matches!(
        client.answer(&mut ticket, 0.0),
        Answer::Refused(_)
    ));
    let mut callback = client.asks("POST", "/interactions/1/t/callback");
    assert!(client.leaves(&mut callback, 0.0));
    assert!(client.leaves(&mut ticket, 611.0));
}

#[test]
fn a_failed_answer_leaves_what_is_known_as_it_was() {
    let mut client = Client::new();
    client.exchange("GET", "/users/@me", &response(502, &[], "<html>"), 0.0);
    let mut first = client.asks("GET", "/users/@me");
    let mut second = client.asks("GET", "/users/@me");
    assert!(client.leaves(&mut first, 0.1));
    assert_eq!(client.answer(&mut second, 0.1), Answer::Wait(None));
}

#[test]
fn a_hundred_thousand_channels_are_forgotten_again() {
    let mut client = Client::new();
    client.limiter = Limiter::new(u32::MAX);
    for channel in 0..100_000_u32 {
        let path = format!("/channels/{channel}/messages");
        client.exchange(
            "POST",
            &path,
            &ok("m", "5", "4", "1"),
            f64::from(channel) / 100.0,
        );
    }
    assert!(
        client.limiter.buckets.len() <= 2 * MANY,
        "{}",
        client.limiter.buckets.len()
    );
}
