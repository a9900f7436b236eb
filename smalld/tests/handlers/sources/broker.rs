//! A source as the author of a client of a message broker would write it: acks, naks, work in
//! progress, redelivered events, and a stop that loses none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::*;
use smalld::{Json, Payload, State, json};
use tokio::sync::Notify;

/// A queue on a server that treats unacknowledged messages as `JetStream` does.
#[derive(Clone, Default)]
struct Stream(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<Streamed>,
    changed: Notify,
}

#[derive(Default)]
struct Streamed {
    waiting: Vec<Message>,
    in_flight: HashMap<u64, Message>,
    acknowledged: Vec<u64>,
    terminated: Vec<u64>,
    in_progress: usize,
}

#[derive(Clone)]
struct Message {
    seq: u64,
    subject: String,
    payload: String,
    redelivered: bool,
}

#[derive(Debug)]
enum Reply {
    Ack,
    Nak,
    Progress,
    Term,
}

impl Stream {
    fn state(&self) -> MutexGuard<'_, Streamed> {
        self.0.state.lock().unwrap()
    }

    fn publish(&self, seq: u64, subject: &str, payload: &impl ToString) {
        self.state().waiting.push(Message {
            seq,
            subject: subject.to_owned(),
            payload: payload.to_string(),
            redelivered: false,
        });
        self.0.changed.notify_waiters();
    }

    fn take(&self, subjects: &[String]) -> Option<Message> {
        let mut state = self.state();
        let wanted = |message: &Message| subjects.contains(&message.subject);
        let place = state.waiting.iter().position(wanted)?;
        let message = state.waiting.remove(place);
        state.in_flight.insert(message.seq, message.clone());
        Some(message)
    }

    async fn next(&self, subjects: &[String]) -> Message {
        loop {
            let changed = self.0.changed.notified();
            if let Some(message) = self.take(subjects) {
                return message;
            }
            changed.await;
        }
    }

    async fn reply(&self, seq: u64, reply: Reply) {
        tokio::task::yield_now().await;
        let mut state = self.state();
        if matches!(reply, Reply::Progress) {
            state.in_progress += 1;
            return;
        }
        let mut message = state.in_flight.remove(&seq).unwrap();
        match reply {
            Reply::Ack => state.acknowledged.push(seq),
            Reply::Term => state.terminated.push(seq),
            Reply::Nak | Reply::Progress => {
                message.redelivered = true;
                state.waiting.push(message);
            }
        }
    }
}

/// From here on, the code is what a crate of its own would have.
struct Broker(Stream);

struct Ack {
    seq: u64,
    // As large as the number of messages that the server allows in flight.
    replies: mpsc::UnboundedSender<(u64, Reply)>,
}

impl Acknowledge for Ack {
    fn acknowledge(&self, ending: Ending) {
        let reply = match ending {
            Ending::Handled => Reply::Ack,
            _ => Reply::Nak,
        };
        let _ = self.replies.send((self.seq, reply));
    }

    fn in_progress(&self) {
        let _ = self.replies.send((self.seq, Reply::Progress));
    }
}

impl Source for Broker {
    async fn run(self, sink: Sink) -> std::result::Result<(), BoxError> {
        let Self(stream) = &self;
        let subjects = sink.wanted().ok_or("subscribes to named events only")?;
        let (replies, mut to_send) = mpsc::unbounded_channel();
        let deliver = async move {
            loop {
                let message = tokio::select! {
                    message = stream.next(&subjects) => message,
                    () = sink.closed() => break,
                };
                let Ok(delivery) = Delivery::payload(&message.payload) else {
                    let _ = replies.send((message.seq, Reply::Term));
                    continue;
                };
                let ack = Ack {
                    seq: message.seq,
                    replies: replies.clone(),
                };
                let delivery = delivery.replay(message.redelivered).acknowledge(ack);
                sink.deliver(delivery).await;
            }
        };
        // Ends with the last event: after that nothing holds a sender.
        let reply = async {
            while let Some((seq, reply)) = to_send.recv().await {
                stream.reply(seq, reply).await;
            }
        };
        tokio::join!(deliver, reply);
        Ok(())
    }
}

type Seen = Mutex<Vec<(u64, bool)>>;

#[smalld::on("COUNTED")]
async fn counted(payload: Payload, d: Json, State(seen): State<Arc<Seen>>) {
    if let Some(seconds) = d["seconds"].as_u64() {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    let seq = payload.s().unwrap();
    seen.lock().unwrap().push((seq, payload.is_replay()));
}

async fn work_until_idle(stream: &Stream, seen: &Arc<Seen>) {
    let handlers = Handlers::registered().within(module_path!());
    let bot = alone(handlers)
        .state(Arc::clone(seen))
        .shutdown_timeout(Duration::from_secs(1))
        .source(Broker(stream.clone()))
        .build()
        .unwrap();
    let task = run(&bot);
    // With a paused clock, this time passes when no task is ready.
    tokio::time::sleep(Duration::from_secs(30)).await;
    bot.close();
    ended(task).await.unwrap();
}

fn event(seq: u64, d: &Json) -> Json {
    json!({ "op": 0, "t": "COUNTED", "s": seq, "d": d })
}

#[tokio::test(start_paused = true)]
async fn a_broker_gets_back_each_event_that_was_not_handled() {
    let (stream, seen) = (Stream::default(), Arc::<Seen>::default());
    stream.publish(1, "COUNTED", &event(1, &json!({})));
    stream.publish(2, "COUNTED", &"not a payload");
    stream.publish(3, "COUNTED", &event(3, &json!({ "seconds": 40 })));
    stream.publish(4, "COUNTED", &event(4, &json!({ "seconds": 15 })));
    stream.publish(5, "UNWANTED", &event(5, &json!({})));
    work_until_idle(&stream, &seen).await;
    {
        let mut state = stream.state();
        assert_eq!(state.acknowledged, [1, 4]);
        assert_eq!(state.terminated, [2]);
        assert!(state.in_flight.is_empty());
        // Of 3 after 10, 20 and 30 s, and of 4 after 10 s.
        assert!(
            (3..=4).contains(&state.in_progress),
            "{}",
            state.in_progress
        );
        let left: Vec<_> = state.waiting.iter().map(|it| it.seq).collect();
        assert_eq!(left, [5, 3]);
        state.waiting[1].payload = event(3, &json!({})).to_string();
    }
    work_until_idle(&stream, &seen).await;
    assert_eq!(stream.state().acknowledged, [1, 4, 3]);
    assert_eq!(*seen.lock().unwrap(), [(1, false), (4, false), (3, true)]);
}
