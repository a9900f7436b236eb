use serde_json::{Map, Value};

use super::*;

fn configuration() -> Configuration {
    Configuration {
        bot: Some("7".to_owned()),
        base_url: "https://discord.com/api/v10".to_owned(),
        shard_count: 2,
        intents: 513,
        identify: Map::new(),
    }
}

fn document() -> Document {
    let now = unix_seconds(SystemTime::now());
    let session = SavedSession {
        id: "sid".to_owned(),
        resume_url: "wss://r".to_owned(),
        handled: 41,
        received: 44,
        failed_starts: 0,
        last_heard: now,
    };
    let checkpoint = Checkpoint {
        shard: 1,
        session: Some(session),
        session_starts: 3,
        last_session_start: now,
    };
    Document::new(configuration(), vec![checkpoint])
}

fn restored(
    document: &Document,
    configuration: &Configuration,
    shard: u32,
) -> (Checkpoint, Restored) {
    restore(Some(document), configuration, shard, SystemTime::now())
}

#[test]
fn a_saved_session_is_resumed_from_its_watermark() {
    let saved = document();
    let parsed = Document::parse(&saved.text()).unwrap();
    assert_eq!(parsed, saved);
    let (checkpoint, outcome) = restored(&parsed, &configuration(), 1);
    assert_eq!(
        (&checkpoint, outcome),
        (&saved.shards[0], Restored::Resumed)
    );
    assert_eq!(checkpoint.session.unwrap().unhandled(), 3);
    let (checkpoint, outcome) = restored(&parsed, &configuration(), 0);
    assert_eq!(
        (checkpoint.session, checkpoint.session_starts, outcome),
        (None, 0, Restored::Nothing),
        "another shard"
    );
}

#[test]
fn a_session_of_another_configuration_is_not_resumed_but_its_starts_count() {
    let changed = |change: &dyn Fn(&mut Configuration)| {
        let mut configuration = configuration();
        change(&mut configuration);
        let (checkpoint, outcome) = restored(&document(), &configuration, 1);
        assert_eq!(checkpoint.session.is_some(), outcome == Restored::Resumed);
        (outcome, checkpoint.session_starts)
    };
    let not_resumed = |reason| Restored::NotResumed {
        reason,
        unhandled: 3,
    };
    assert_eq!(changed(&|_| {}), (Restored::Resumed, 3));
    assert_eq!(
        changed(&|configuration| configuration.intents = 1),
        (not_resumed(NotResumed::OtherIntents), 3)
    );
    assert_eq!(
        changed(&|configuration| configuration.base_url.push('1')),
        (not_resumed(NotResumed::OtherBaseUrl), 3)
    );
    assert_eq!(
        changed(&|configuration| {
            let identify = &mut configuration.identify;
            identify.insert("presence".into(), Value::Null);
        }),
        (not_resumed(NotResumed::OtherIdentify), 3)
    );
    // Another bot has a budget of its own, and another number of shards means other shards.
    assert_eq!(
        changed(&|configuration| configuration.bot = Some("8".to_owned())),
        (not_resumed(NotResumed::OtherBot), 0)
    );
    assert_eq!(
        changed(&|configuration| configuration.shard_count = 3),
        (not_resumed(NotResumed::OtherShardCount), 0)
    );
}

#[test]
fn a_bot_whose_id_is_unknown_counts_as_the_same_bot() {
    let mut unknown = configuration();
    unknown.bot = None;
    assert!(restored(&document(), &unknown, 1).0.session.is_some());
    let mut saved_unknown = document();
    saved_unknown.configuration.bot = None;
    let (checkpoint, _) = restored(&saved_unknown, &configuration(), 1);
    assert!(checkpoint.session.is_some() && checkpoint.session_starts == 3);
}

#[test]
fn events_that_three_starts_did_not_get_past_are_skipped() {
    let mut document = document();
    document.shards[0].session.as_mut().unwrap().failed_starts = 3;
    let (checkpoint, outcome) = restored(&document, &configuration(), 1);
    let skipped = Restored::Skipped {
        failed_starts: 3,
        first: 42,
        last: 44,
    };
    assert_eq!(outcome, skipped);
    let session = checkpoint.session.unwrap();
    assert_eq!((session.handled, session.failed_starts), (44, 0));
}

#[test]
fn a_session_that_was_last_heard_from_long_ago_is_stale() {
    let later = SystemTime::now() + MAX_AGE + Duration::from_secs(2);
    let (checkpoint, outcome) = restore(Some(&document()), &configuration(), 1, later);
    let stale = Restored::NotResumed {
        reason: NotResumed::Stale,
        unhandled: 3,
    };
    assert_eq!((checkpoint.session, outcome), (None, stale));
    assert_eq!(checkpoint.session_starts, 3);
}
