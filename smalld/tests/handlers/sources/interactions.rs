//! A source as the author of an HTTP endpoint for interactions would write it: one task for each
//! request, and a response that depends on whether a handler could be started.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use smalld::{Json, State};
use tokio::task::JoinSet;

/// A verified request: its body, and a channel for the status of the response.
type Request = (String, oneshot::Sender<u16>);

struct Endpoint(mpsc::Receiver<Request>);

impl Source for Endpoint {
    async fn run(mut self, sink: Sink) -> std::result::Result<(), BoxError> {
        let mut requests = JoinSet::new();
        loop {
            let (body, response) = tokio::select! {
                request = self.0.recv() => request.ok_or("the listener is gone")?,
                () = sink.closed() => break,
            };
            let sink = sink.clone();
            requests.spawn(async move {
                let delivery = Delivery::event("INTERACTION_CREATE", body);
                // Discord shows a failure to the user after three seconds.
                let delivered = timeout(Duration::from_secs(2), sink.deliver(delivery)).await;
                let _ = response.send(if delivered.is_ok() { 202 } else { 503 });
            });
        }
        while requests.join_next().await.is_some() {}
        Ok(())
    }
}

#[smalld::on(interaction_create, "/type" = 2)]
async fn counts(_: Json, State(count): State<Arc<AtomicUsize>>) {
    count.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn requests_are_delivered_side_by_side_and_told_when_the_bot_is_full() {
    let (requests, receives) = mpsc::channel(1);
    let count = Arc::new(AtomicUsize::new(0));
    let bot = alone(Handlers::registered().within(module_path!()))
        .state(Arc::clone(&count))
        .source(Endpoint(receives))
        .build()
        .unwrap();
    let task = run(&bot);
    let mut responses = Vec::new();
    for _ in 0..1_001 {
        let (response, responded) = oneshot::channel();
        let body = r#"{"type":2}"#.to_owned();
        requests.send((body, response)).await.unwrap();
        responses.push(responded);
    }
    let mut statuses = Vec::new();
    for response in responses {
        statuses.push(response.await.unwrap());
    }
    let (full, started) = (statuses.pop(), statuses);
    assert_eq!(full, Some(503));
    assert!(started.iter().all(|&status| status == 202));
    assert_eq!(count.load(Ordering::Relaxed), 1_000);
    bot.close();
    ended(task).await.unwrap();
}
