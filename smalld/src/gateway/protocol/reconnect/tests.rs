use super::*;

use Disconnect::{
    Closed, InvalidSession, Lost, Malformed, NoHeartbeatAck, NoHello, NoReady, NoResumed,
    Reconnect, Unreachable,
};
use Handshake::{Identify, Resume};
use Phase::{AwaitingHello, Identifying, Ready, Resuming};

const SECOND: Duration = Duration::from_secs(1);

fn policy(session_starts: u32) -> ReconnectPolicy {
    ReconnectPolicy::new(SessionStarts::new(session_starts))
}

fn connect(handshake: Handshake, seconds: u64) -> Next {
    Next::Connect(NextConnection {
        handshake,
        url: match handshake {
            Identify => UrlKind::General,
            Resume => UrlKind::Resume,
        },
        wait: SECOND * u32::try_from(seconds).unwrap(),
        refresh_url: false,
    })
}

/// The same end again and again, at random numbers of 0.5, a day apart.
fn again(
    policy: &mut ReconnectPolicy,
    disconnect: Disconnect,
    phase: Phase,
    has_session: bool,
    times: u32,
) -> Vec<NextConnection> {
    let start = Instant::now();
    let ends = (0..times).map(|nth| {
        let now = start + SECOND * 86_400 * nth;
        match policy.after(disconnect, phase, has_session, now, 0.5) {
            Next::Connect(next) => next,
            Next::Stop(code) => panic!("stopped with {code}"),
        }
    });
    ends.collect()
}

fn seconds(connections: &[NextConnection]) -> Vec<u64> {
    connections.iter().map(|next| next.wait.as_secs()).collect()
}

#[test]
fn every_disconnect_has_its_rule() {
    let retry = |seconds| Unreachable {
        retry_after: Some(SECOND * seconds),
    };
    // Disconnect; after READY; after IDENTIFY without a session before. In both for the first
    // time, at a random number of 0.5.
    let table = [
        (Closed(None), connect(Resume, 0), connect(Identify, 5)),
        (Closed(Some(1000)), connect(Resume, 0), connect(Identify, 5)),
        (Closed(Some(1001)), connect(Resume, 0), connect(Identify, 5)),
        (Closed(Some(1006)), connect(Resume, 0), connect(Identify, 5)),
        (Closed(Some(4000)), connect(Resume, 0), connect(Identify, 5)),
        (Closed(Some(4001)), connect(Resume, 0), connect(Identify, 5)),
        (Closed(Some(4002)), connect(Resume, 0), connect(Identify, 5)),
        (
            Closed(Some(4003)),
            connect(Identify, 0),
            connect(Identify, 5),
        ),
        (Closed(Some(4004)), Next::Stop(4004), Next::Stop(4004)),
        (Closed(Some(4005)), connect(Resume, 0), connect(Identify, 5)),
        (
            Closed(Some(4006)),
            connect(Identify, 0),
            connect(Identify, 5),
        ),
        (
            Closed(Some(4007)),
            connect(Identify, 0),
            connect(Identify, 5),
        ),
        (Closed(Some(4008)), connect(Resume, 5), connect(Identify, 5)),
        (
            Closed(Some(4009)),
            connect(Identify, 0),
            connect(Identify, 5),
        ),
        (Closed(Some(4010)), Next::Stop(4010), Next::Stop(4010)),
        (Closed(Some(4011)), Next::Stop(4011), Next::Stop(4011)),
        (Closed(Some(4012)), Next::Stop(4012), Next::Stop(4012)),
        (Closed(Some(4013)), Next::Stop(4013), Next::Stop(4013)),
        (Closed(Some(4014)), Next::Stop(4014), Next::Stop(4014)),
        (Closed(Some(4099)), connect(Resume, 0), connect(Identify, 5)),
        (Lost, connect(Resume, 0), connect(Identify, 5)),
        (NoHello, connect(Resume, 0), connect(Identify, 5)),
        (NoReady, connect(Resume, 0), connect(Identify, 5)),
        (NoResumed, connect(Resume, 0), connect(Identify, 5)),
        (NoHeartbeatAck, connect(Resume, 0), connect(Identify, 5)),
        (Malformed, connect(Resume, 0), connect(Identify, 5)),
        (Reconnect, connect(Resume, 0), connect(Identify, 5)),
        (
            InvalidSession { resumable: true },
            connect(Resume, 3),
            connect(Identify, 5),
        ),
        (
            InvalidSession { resumable: false },
            connect(Identify, 3),
            connect(Identify, 5),
        ),
        (
            Unreachable { retry_after: None },
            connect(Resume, 0),
            connect(Identify, 5),
        ),
        (retry(30), connect(Resume, 30), connect(Identify, 30)),
        (retry(86_400), connect(Resume, 300), connect(Identify, 300)),
    ];
    for (disconnect, with_session, without_session) in table {
        let now = Instant::now();
        let next = policy(1).after(disconnect, Ready, true, now, 0.5);
        assert_eq!(next, with_session, "{disconnect:?} after READY");
        let next = policy(1).after(disconnect, Identifying, false, now, 0.5);
        assert_eq!(next, without_session, "{disconnect:?} after IDENTIFY");
    }
}

#[test]
fn the_identify_window_passes_only_after_an_identify_without_ready() {
    for (phase, wait) in [(AwaitingHello, 0), (Identifying, 5), (Ready, 0)] {
        let next = again(&mut policy(1), Lost, phase, false, 1);
        assert_eq!(seconds(&next), [wait], "{phase:?}");
    }
}

#[test]
fn case_b19_waits_grow_to_a_bound_and_start_over_after_ready() {
    let mut policy = ReconnectPolicy::default();
    let waits = seconds(&again(&mut policy, Lost, AwaitingHello, false, 9));
    assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 32, 32]);
    let waits = seconds(&again(&mut policy, Lost, Ready, true, 3));
    assert_eq!(waits, [0, 0, 0]);
}

#[test]
fn ten_connections_without_resumed_give_the_session_up() {
    let next = again(&mut ReconnectPolicy::default(), Lost, Resuming, true, 11);
    assert!(next[..10].iter().all(|next| next.handshake == Resume));
    assert_eq!(next[10].handshake, Identify);
}

#[test]
fn two_unanswered_resumes_give_the_session_up() {
    let mut policy = ReconnectPolicy::default();
    let next = again(&mut policy, NoResumed, Resuming, true, 2);
    assert_eq!(next[0].handshake, Resume);
    assert_eq!(next[1].handshake, Identify);
    // The next session has its own two.
    let next = again(&mut policy, NoResumed, Resuming, true, 1);
    assert_eq!(next[0].handshake, Resume);
}

#[test]
fn a_resume_that_was_answered_resets_the_count_of_those_that_were_not() {
    let mut policy = ReconnectPolicy::default();
    for _ in 0..5 {
        let next = again(&mut policy, NoResumed, Resuming, true, 1);
        assert_eq!(next[0].handshake, Resume);
        again(&mut policy, Lost, Ready, true, 1);
    }
}

#[test]
fn failed_connects_lead_to_the_general_url_and_to_a_new_one() {
    let unreachable = Unreachable { retry_after: None };
    let mut policy = ReconnectPolicy::default();
    let next = again(&mut policy, unreachable, AwaitingHello, true, 8);
    let urls: Vec<_> = next.iter().map(|next| next.url).collect();
    assert_eq!(urls[0], UrlKind::Resume);
    assert!(urls[1..].iter().all(|&url| url == UrlKind::General));
    let refreshes = next.iter().map(|next| next.refresh_url);
    let nths: Vec<_> = refreshes.enumerate().filter(|(_, is)| *is).collect();
    assert_eq!(nths, [(3, true), (7, true)]);
    // A connection that got HELLO shows that Discord can be reached.
    let next = again(&mut policy, Lost, Resuming, true, 1);
    assert_eq!((next[0].url, next[0].refresh_url), (UrlKind::Resume, false));
}

#[test]
fn sessions_that_do_not_last_start_at_growing_intervals() {
    let mut policy = ReconnectPolicy::default();
    let mut waits = Vec::new();
    for _ in 0..8 {
        policy.session_starting();
        let disconnect = InvalidSession { resumable: false };
        waits.extend(seconds(&again(&mut policy, disconnect, Ready, true, 1)));
    }
    assert_eq!(waits, [3, 10, 20, 40, 80, 160, 300, 300]);
    policy.session_ready_for(SECOND * 599);
    assert_eq!(policy.session_starts(), 8);
    policy.session_ready_for(SECOND * 600);
    assert_eq!(seconds(&again(&mut policy, Lost, Ready, false, 1)), [0]);
}

#[test]
fn the_first_connection_carries_on_from_an_earlier_process() {
    let policy = policy(3);
    assert_eq!(policy.first(true, Duration::ZERO).wait, Duration::ZERO);
    assert_eq!(policy.first(true, Duration::ZERO).handshake, Resume);
    let next = policy.first(false, SECOND * 5);
    assert_eq!((next.handshake, next.wait), (Identify, SECOND * 15));
    assert_eq!(policy.first(false, SECOND * 99).wait, Duration::ZERO);
}

#[test]
fn a_loop_of_resumes_is_slowed_down_and_occasional_ones_are_not() {
    let start = Instant::now();
    let wait = |policy: &mut ReconnectPolicy, now| match policy.after(Lost, Ready, true, now, 0.5) {
        Next::Connect(next) => next.wait,
        Next::Stop(code) => panic!("stopped with {code}"),
    };
    let mut policy = ReconnectPolicy::default();
    let without_wait = (0..500).map(|_| wait(&mut policy, start));
    let without_wait = without_wait.take_while(Duration::is_zero).count();
    assert_eq!(without_wait, MAX_RECENT_DISCONNECTS - 1);
    assert_eq!(wait(&mut policy, start), SECOND * 3 / 2);
    let mut policy = ReconnectPolicy::default();
    for nth in 0..1000 {
        let now = start + RECENT * nth / 100;
        assert_eq!(wait(&mut policy, now), Duration::ZERO);
    }
}
