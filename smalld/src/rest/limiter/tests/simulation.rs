//! Simulation of a whole bot against a server that counts as Discord does, in virtual time: many
//! channels, latency that reorders, cancellations and faults. It counts 429s.
//!
//! Only the limiter's wakers and times drive the simulation: a request that is neither woken nor
//! has a time to ask again is never sent, and the simulation fails.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::response;
use crate::error::Response;
use crate::rest::error_body::ErrorBody;
use crate::rest::limiter::admit::{self, Claim, Limiter};
use crate::rest::limiter::decision::{Decision, Patience};
use crate::rest::limiter::observation::Observation;
use crate::rest::limiter::route::Route;

/// An endpoint that the bot calls, and its limits.
#[derive(Clone, Copy)]
struct Endpoint {
    method: &'static str,
    /// `{}` is the channel, `#` a number that differs in each request.
    path: &'static str,
    /// Hash, limit, and seconds of a window; with two buckets, odd numbers use the second one.
    buckets: &'static [(&'static str, u32, f64)],
}

/// Every endpoint has a bucket of its own.
const SIMPLE: &[Endpoint] = &[
    Endpoint {
        method: "POST",
        path: "/channels/{}/messages",
        buckets: &[("send", 5, 1.0)],
    },
    Endpoint {
        method: "GET",
        path: "/channels/{}/messages",
        buckets: &[("read", 5, 5.0)],
    },
    Endpoint {
        method: "PUT",
        path: "/channels/{}/messages/#/reactions/x/@me",
        buckets: &[("react", 1, 0.25)],
    },
    Endpoint {
        method: "PATCH",
        path: "/guilds/{}/members/#",
        buckets: &[("members", 10, 10.0)],
    },
    Endpoint {
        method: "POST",
        path: "/webhooks/{}/token",
        buckets: &[("hook", 5, 2.0)],
    },
    Endpoint {
        method: "GET",
        path: "/voice/regions",
        buckets: &[],
    },
];

/// Endpoints that share a bucket.
const SHARING: &[Endpoint] = &[
    SIMPLE[0],
    Endpoint {
        method: "PATCH",
        path: "/channels/{}/messages/#",
        buckets: &[("send", 5, 1.0)],
    },
    Endpoint {
        method: "POST",
        path: "/channels/{}/messages/#/crosspost",
        buckets: &[("send", 5, 1.0)],
    },
    SIMPLE[2],
    Endpoint {
        method: "DELETE",
        path: "/channels/{}/messages/#/reactions",
        buckets: &[("react", 1, 0.25)],
    },
];

/// An endpoint whose bucket depends on the age of the message.
const CHANGING: &[Endpoint] = &[
    SIMPLE[0],
    Endpoint {
        method: "DELETE",
        path: "/channels/{}/messages/#",
        buckets: &[("delete", 5, 1.0), ("delete-old", 30, 4.0)],
    },
];

/// Probabilities of faults.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// It never arrives.
    lost: f64,
    /// It arrives, but the response is lost.
    unanswered: f64,
    /// A 502 without headers; half of them were counted.
    bad_gateway: f64,
    /// Its future is dropped within two seconds.
    cancelled: f64,
}

#[derive(Clone, Copy)]
struct Scenario {
    endpoints: &'static [Endpoint],
    channels: u32,
    requests: u32,
    /// How many requests a second the bot wants to send, on average.
    rate: f64,
    /// Requests a second over all buckets.
    global_limit: u32,
    /// The largest latency in each direction.
    latency: f64,
    faults: Faults,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Figures {
    arrived: u32,
    too_many: u32,
    /// 429s of the global limit, which are included above.
    globally: u32,
    /// 429s after a request of the window was sent before its bucket could be known; included
    /// above.
    unforeseeable: u32,
    /// 429s after a counted request had no response, or none with limits; included above.
    after_lost: u32,
    answered: u32,
    cancelled: u32,
    failed: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Ask,
    Timer,
    Arrive,
    Answer,
    Fail,
    Cancel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Planned,
    Waiting,
    UnderWay,
    Over,
}

struct Planned {
    endpoint: Endpoint,
    channel: u32,
    number: u32,
    claim: Option<Claim>,
    stage: Stage,
    /// Whether it was sent in the bucket in which the server counts it.
    is_foreseen: bool,
    /// Whether it was sent and has had no response that names its bucket.
    is_lost: bool,
    answer: Option<Response>,
}

impl Planned {
    fn path(&self) -> String {
        let path = self.endpoint.path.replace("{}", &self.channel.to_string());
        path.replace('#', &self.number.to_string())
    }

    fn bucket(&self) -> Option<(&'static str, u32, f64)> {
        let buckets = self.endpoint.buckets;
        (!buckets.is_empty()).then(|| buckets[self.number as usize % buckets.len()])
    }
}

struct Woken {
    index: usize,
    queue: Arc<Mutex<VecDeque<usize>>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.queue.lock().unwrap().push_back(self.index);
    }
}

struct Simulation {
    scenario: Scenario,
    random: Rng,
    limiter: Limiter,
    server: Server,
    start: Instant,
    now: f64,
    events: BinaryHeap<Reverse<(u64, u64, usize, Event)>>,
    /// Makes the order of simultaneous events definite.
    scheduled: u64,
    requests: Vec<Planned>,
    woken: Arc<Mutex<VecDeque<usize>>>,
    figures: Figures,
}

impl Simulation {
    fn new(scenario: Scenario, seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let seconds = f64::from(scenario.requests) / scenario.rate;
        let mut simulation = Self {
            scenario,
            random: random.fork(),
            limiter: Limiter::new(scenario.global_limit),
            server: Server {
                global_limit: scenario.global_limit as usize,
                ..Server::default()
            },
            start: Instant::now(),
            now: 0.0,
            events: BinaryHeap::new(),
            scheduled: 0,
            requests: Vec::new(),
            woken: Arc::default(),
            figures: Figures::default(),
        };
        for number in 0..scenario.requests {
            let endpoint = scenario.endpoints[random.usize(..scenario.endpoints.len())];
            let index = simulation.requests.len();
            simulation.requests.push(Planned {
                endpoint,
                // A few channels have most of the requests.
                channel: random
                    .u32(..scenario.channels)
                    .min(random.u32(..scenario.channels)),
                number,
                claim: None,
                stage: Stage::Planned,
                is_foreseen: false,
                is_lost: false,
                answer: None,
            });
            // In bursts of up to a second, as people write.
            let at = (random.f64() * seconds).floor() + random.f64() * random.f64();
            simulation.schedule(at, index, Event::Ask);
            if random.f64() < scenario.faults.cancelled {
                simulation.schedule(at + 2.0 * random.f64(), index, Event::Cancel);
            }
        }
        simulation
    }

    fn run(mut self) -> Figures {
        while let Some(Reverse((at, _, index, event))) = self.events.pop() {
            self.now = self.now.max(Duration::from_nanos(at).as_secs_f64());
            self.happens(index, event);
            loop {
                let next = self.woken.lock().unwrap().pop_front();
                let Some(index) = next else { break };
                self.ask(index);
            }
        }
        let left = self.requests.iter().filter(|it| it.stage != Stage::Over);
        assert_eq!(left.count(), 0, "some were never woken");
        self.figures
    }

    fn schedule(&mut self, at: f64, index: usize, event: Event) {
        self.scheduled += 1;
        let at = u64::try_from(Duration::from_secs_f64(at).as_nanos()).unwrap();
        self.events
            .push(Reverse((at, self.scheduled, index, event)));
    }

    fn happens(&mut self, index: usize, event: Event) {
        let stage = self.requests[index].stage;
        match event {
            Event::Ask if stage == Stage::Planned => {
                let request = &mut self.requests[index];
                let route = Route::new(request.endpoint.method, &request.path());
                request.claim = Some(self.limiter.claim(route, Patience::Endless));
                request.stage = Stage::Waiting;
                self.ask(index);
            }
            Event::Timer => self.ask(index),
            Event::Arrive => self.arrives(index),
            Event::Answer if stage == Stage::UnderWay => self.hears(index),
            Event::Fail if stage == Stage::UnderWay => {
                self.figures.failed += 1;
                self.requests[index].is_lost = true;
                self.ends(index);
            }
            Event::Cancel if stage != Stage::Over => {
                self.figures.cancelled += 1;
                self.requests[index].is_lost = stage == Stage::UnderWay;
                self.ends(index);
            }
            Event::Ask | Event::Answer | Event::Fail | Event::Cancel => {}
        }
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_secs_f64(self.now)
    }

    fn ask(&mut self, index: usize) {
        let now = self.instant();
        if self.requests[index].stage != Stage::Waiting {
            return;
        }
        let queue = Arc::clone(&self.woken);
        let waker = Waker::from(Arc::new(Woken { index, queue }));
        let claim = self.requests[index].claim.as_mut().unwrap();
        match self.limiter.ask(claim, now, &waker) {
            Decision::Leave => {
                self.departs(index);
                self.leaves(index);
            }
            Decision::Wait(None) => {}
            Decision::Wait(Some(until)) => {
                // Timers of tokio have a granularity of a millisecond, and are never early.
                let until = until.duration_since(self.start).as_secs_f64();
                self.schedule(until + 0.001, index, Event::Timer);
            }
            Decision::Refuse(refusal) => panic!("{refusal:?}"),
        }
    }

    /// Records what was known when the request was admitted.
    fn departs(&mut self, index: usize) {
        let request = &mut self.requests[index];
        request.stage = Stage::UnderWay;
        request.is_lost = false;
        let claim = request.claim.as_ref().unwrap();
        let admit::Stage::InFlight(Some(id)) = claim.stage else {
            return;
        };
        let buckets = &self.limiter.buckets;
        request.is_foreseen = request.bucket().is_none_or(|(hash, ..)| {
            let counted_in = buckets.named(hash, &claim.route.major);
            counted_in.is_some_and(|counted_in| buckets.is_same(id, counted_in))
        });
    }

    fn way(&mut self) -> f64 {
        let slow = if self.random.u32(..20) == 0 { 1.0 } else { 0.2 };
        0.01 + self.random.f64() * slow * self.scenario.latency
    }

    fn leaves(&mut self, index: usize) {
        let faults = self.scenario.faults;
        if self.random.f64() < faults.lost {
            let at = self.now + 3.0 * self.random.f64();
            return self.schedule(at, index, Event::Fail);
        }
        let at = self.now + self.way();
        self.schedule(at, index, Event::Arrive);
    }

    fn arrives(&mut self, index: usize) {
        let faults = self.scenario.faults;
        let request = &self.requests[index];
        let bad_gateway = self.random.f64() < faults.bad_gateway;
        let unanswered = self.random.f64() < faults.unanswered;
        let answer = if bad_gateway && self.random.bool() {
            None
        } else {
            self.figures.arrived += 1;
            Some(self.server.answer(request, self.now))
        };
        let is_gone = self.requests[index].stage != Stage::UnderWay;
        self.requests[index].is_lost = bad_gateway || unanswered || is_gone;
        if answer.as_ref().is_some_and(|answer| answer.status == 429) {
            self.blame(index);
        }
        let answer = answer.filter(|_| !bad_gateway);
        let answer = answer.unwrap_or_else(|| response(502, &[], "<html>"));
        let at = self.now + self.way();
        // A dropped future receives nothing.
        if self.requests[index].stage != Stage::UnderWay {
            return;
        }
        self.requests[index].answer = Some(answer);
        let event = if unanswered {
            Event::Fail
        } else {
            Event::Answer
        };
        self.schedule(at, index, event);
    }

    /// Finds out whether a 429 could have been avoided.
    fn blame(&mut self, index: usize) {
        let request = &self.requests[index];
        self.figures.too_many += 1;
        let key = request.bucket().map(|(hash, ..)| (hash, request.channel));
        let Some(window) = key.and_then(|key| self.server.windows.get(&key)) else {
            self.figures.globally += 1;
            return;
        };
        let counted = || window.counted.iter().map(|&nth| &self.requests[nth]);
        if !request.is_foreseen || counted().any(|it| !it.is_foreseen) {
            self.figures.unforeseeable += 1;
        } else if request.is_lost || counted().any(|it| it.is_lost) {
            self.figures.after_lost += 1;
        }
    }

    fn hears(&mut self, index: usize) {
        let now = self.instant();
        let request = &mut self.requests[index];
        let answer = request.answer.take().unwrap();
        let body = ErrorBody::parse(answer.bytes());
        let observed = Observation::new(&answer, body.limit());
        let claim = request.claim.as_mut().unwrap();
        self.limiter.observe(claim, &observed, now);
        if answer.status == 429 {
            request.stage = Stage::Waiting;
            self.ask(index);
        } else {
            self.figures.answered += 1;
            self.ends(index);
        }
    }

    fn ends(&mut self, index: usize) {
        let request = &mut self.requests[index];
        request.stage = Stage::Over;
        if let Some(mut claim) = request.claim.take() {
            self.limiter.quit(&mut claim);
        }
    }
}

/// Fixed windows that begin with their first request, and a global limit over any second.
#[derive(Default)]
struct Window {
    counted: Vec<usize>,
    ends: f64,
}

#[derive(Default)]
struct Server {
    global_limit: usize,
    windows: HashMap<(&'static str, u32), Window>,
    global: VecDeque<f64>,
}

impl Server {
    fn answer(&mut self, request: &Planned, now: f64) -> Response {
        let is_webhook = request.endpoint.path.starts_with("/webhooks");
        while self.global.front().is_some_and(|&at| at <= now - 1.0) {
            self.global.pop_front();
        }
        if !is_webhook && self.global.len() >= self.global_limit {
            let wait = self.global[0] + 1.0 - now;
            let headers = [
                ("x-ratelimit-global", "true"),
                ("x-ratelimit-scope", "global"),
            ];
            let body = format!(r#"{{"retry_after":{wait:.3},"global":true}}"#);
            return response(429, &headers, &body);
        }
        if !is_webhook {
            self.global.push_back(now);
        }
        let Some((hash, limit, length)) = request.bucket() else {
            return response(200, &[], "{}");
        };
        let key = (hash, request.channel);
        let window = self.windows.entry(key).or_default();
        if window.ends <= now {
            window.counted.clear();
            window.ends = now + length;
        }
        let after = format!("{:.3}", window.ends - now);
        let refused = window.counted.len() >= limit as usize;
        if !refused {
            window.counted.push(request.number as usize);
        }
        let remaining = limit as usize - window.counted.len();
        let (limit, remaining) = (limit.to_string(), remaining.to_string());
        let mut headers = vec![
            ("x-ratelimit-bucket", hash),
            ("x-ratelimit-limit", &*limit),
            ("x-ratelimit-remaining", &*remaining),
            ("x-ratelimit-reset-after", &*after),
        ];
        if !refused {
            return response(200, &headers, "{}");
        }
        headers.push(("x-ratelimit-scope", "user"));
        let body = format!(r#"{{"retry_after":{after},"global":false}}"#);
        response(429, &headers, &body)
    }
}

fn total(scenario: Scenario, seeds: u64) -> Figures {
    let mut total = Figures::default();
    for seed in 0..seeds {
        let figures = Simulation::new(scenario, seed).run();
        total.arrived += figures.arrived;
        total.too_many += figures.too_many;
        total.globally += figures.globally;
        total.unforeseeable += figures.unforeseeable;
        total.after_lost += figures.after_lost;
        total.answered += figures.answered;
        total.cancelled += figures.cancelled;
        total.failed += figures.failed;
    }
    total
}

/// A small latency, a large one, many channels at once, and a global limit that is always used up.
fn ways(endpoints: &'static [Endpoint], faults: Faults) -> [Scenario; 4] {
    let near = Scenario {
        endpoints,
        channels: 12,
        requests: 400,
        rate: 100.0,
        global_limit: 500,
        latency: 0.6,
        faults,
    };
    let many = Scenario {
        channels: 100,
        requests: 1_000,
        rate: 500.0,
        ..near
    };
    [
        near,
        Scenario {
            latency: 0.95,
            ..near
        },
        many,
        Scenario {
            global_limit: 50,
            ..many
        },
    ]
}

const FAULTS: Faults = Faults {
    lost: 0.02,
    unanswered: 0.02,
    bad_gateway: 0.02,
    cancelled: 0.05,
};

const SEEDS: u64 = 10;

#[test]
fn without_faults_there_is_no_429() {
    for scenario in ways(SIMPLE, Faults::default()) {
        let figures = total(scenario, SEEDS);
        assert_eq!(figures.too_many, 0, "{figures:?}");
        assert_eq!(figures.arrived, figures.answered);
    }
}

/// No client can know which endpoints share a bucket before Discord has named it for each of them,
/// or which bucket a request belongs to if its endpoint has several.
#[test]
fn there_is_no_429_that_could_be_foreseen() {
    for endpoints in [SHARING, CHANGING] {
        for scenario in ways(endpoints, Faults::default()) {
            let figures = total(scenario, SEEDS);
            assert_eq!(figures.too_many, figures.unforeseeable, "{figures:?}");
            assert!(figures.too_many < figures.arrived / 30, "{figures:?}");
        }
    }
}

/// With faults, a request may be counted without any sign of it.
#[test]
fn with_faults_there_is_no_429_that_could_be_foreseen() {
    for endpoints in [SIMPLE, SHARING, CHANGING] {
        for scenario in ways(endpoints, FAULTS) {
            let figures = total(scenario, SEEDS);
            let excused = figures.unforeseeable + figures.after_lost;
            assert_eq!(figures.too_many, excused, "{figures:?}");
            assert!(figures.too_many < figures.arrived / 30, "{figures:?}");
        }
    }
}
