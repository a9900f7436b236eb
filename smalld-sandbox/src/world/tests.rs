use super::*;

const NOW: u64 = 1_800_000_000_000;

fn world() -> World {
    World::new("testbot", "http://media".to_owned(), 1, NOW)
}

fn say(world: &mut World, text: &str) -> Snowflake {
    let (general, person) = (world.general(), world.person().id);
    world
        .post(general, person, Draft::text(text), NOW)
        .expect("posted")
}

#[test]
fn a_message_becomes_an_event_with_its_member() {
    let mut world = world();
    let id = say(&mut world, "hello");
    let events = world.take_events();
    assert_eq!(events[0].name, "MESSAGE_CREATE");
    assert_eq!(events[0].data["id"], id.to_string());
    assert_eq!(events[0].data["guild_id"], world.guild_id().to_string());
    assert!(events[0].data["member"]["joined_at"].is_string());
    assert!(world.take_events().is_empty());
}

#[test]
fn rest_shows_a_message_without_its_member() {
    let mut world = world();
    let id = say(&mut world, "hello");
    let message = world.message(world.general(), id).expect("there");
    assert!(message.get("member").is_none() && message.get("guild_id").is_none());
}

#[test]
fn a_reply_carries_and_mentions_its_original() {
    let mut world = world();
    let original = say(&mut world, "hello");
    let bot = world.bot().id;
    let draft = Draft {
        reply_to: Some(original),
        must_exist: true,
        ..Draft::text("hi")
    };
    let id = world
        .post(world.general(), bot, draft, NOW)
        .expect("posted");
    let reply = world.message(world.general(), id).expect("there");
    assert_eq!(reply["type"], 19);
    assert_eq!(reply["referenced_message"]["content"], "hello");
    assert_eq!(reply["mentions"][0]["username"], "alex");
    assert_eq!(
        reply["message_reference"]["message_id"],
        original.to_string()
    );
}

#[test]
fn a_reply_to_nothing_is_refused_unless_it_may_fail() {
    let mut world = world();
    let bot = world.bot().id;
    let reply = |must_exist| Draft {
        reply_to: Some(bot),
        must_exist,
        ..Draft::text("hi")
    };
    let general = world.general();
    assert_eq!(
        world.post(general, bot, reply(true), NOW),
        Err(Refusal::UnknownReference)
    );
    assert!(world.post(general, bot, reply(false), NOW).is_ok());
}

#[test]
fn an_enforced_nonce_posts_once() {
    let mut world = world();
    let (general, bot) = (world.general(), world.bot().id);
    let draft = |text| Draft {
        nonce: Some(json!("n1")),
        enforce_nonce: true,
        ..Draft::text(text)
    };
    let first = world
        .post(general, bot, draft("once"), NOW)
        .expect("posted");
    assert_eq!(world.post(general, bot, draft("twice"), NOW), Ok(first));
    assert_eq!(world.messages(general).len(), 1);
}

#[test]
fn a_repeated_reaction_is_dispatched_once() {
    let mut world = world();
    let id = say(&mut world, "hello");
    let (general, bot) = (world.general(), world.bot().id);
    world.take_events();
    world.react(general, id, bot, "👍").expect("reacted");
    world.react(general, id, bot, "👍").expect("reacted");
    let names: Vec<_> = world.take_events().iter().map(|event| event.name).collect();
    assert_eq!(names, ["MESSAGE_REACTION_ADD"]);
    let message = world.message(general, id).expect("there");
    assert_eq!(message["reactions"][0]["count"], 1);
    assert_eq!(message["reactions"][0]["me"], true);
    world.unreact(general, id, bot, "👍").expect("removed");
    assert!(
        world
            .message(general, id)
            .expect("there")
            .get("reactions")
            .is_none()
    );
}

#[test]
fn only_the_author_edits_and_only_guilds_let_others_delete() {
    let mut world = world();
    let (person, bot) = (world.person().id, world.bot().id);
    let id = say(&mut world, "mine");
    let edit = Edit {
        content: Some("yours".to_owned()),
        ..Edit::default()
    };
    let general = world.general();
    assert_eq!(
        world.edit(general, id, bot, edit, NOW),
        Err(Refusal::NotTheAuthor)
    );
    assert_eq!(world.delete(general, id, bot), Ok(()));
    let direct = world.direct_channel(person, NOW).expect("opened");
    let id = world
        .post(direct, person, Draft::text("mine"), NOW)
        .expect("posted");
    assert_eq!(
        world.delete(direct, id, bot),
        Err(Refusal::NotInDirectMessages)
    );
}

#[test]
fn an_edit_keeps_the_attachments_it_lists_and_adds_new_ones() {
    let mut world = world();
    let (general, bot) = (world.general(), world.bot().id);
    let file = |name: &str| Upload {
        filename: name.to_owned(),
        content_type: "text/plain".to_owned(),
        description: None,
        bytes: b"x".as_slice().into(),
    };
    let draft = Draft {
        uploads: vec![file("a"), file("b")],
        ..Draft::default()
    };
    let id = world.post(general, bot, draft, NOW).expect("posted");
    let first = world.message(general, id).expect("there")["attachments"][0]["id"].clone();
    let keep = first
        .as_str()
        .and_then(Snowflake::parse)
        .into_iter()
        .collect();
    let edit = Edit {
        keep: Some(keep),
        uploads: vec![file("c")],
        ..Edit::default()
    };
    world.edit(general, id, bot, edit, NOW).expect("edited");
    let message = world.message(general, id).expect("there");
    let names: Vec<_> = message["attachments"]
        .as_array()
        .expect("list")
        .iter()
        .collect();
    assert_eq!(
        (names.len(), &names[0]["filename"], &names[1]["filename"]),
        (2, &json!("a"), &json!("c"))
    );
    assert!(message["edited_timestamp"].is_string());
}

#[test]
fn pages_are_newest_first() {
    let mut world = world();
    let ids: Vec<Snowflake> = (0..5)
        .map(|nth| say(&mut world, &nth.to_string()))
        .collect();
    let general = world.general();
    let channel = world.channel(general).expect("there");
    let texts = |page, limit| -> Vec<&str> {
        channel
            .page(page, limit)
            .iter()
            .map(|message| message.content.as_str())
            .collect()
    };
    assert_eq!(texts(Page::Newest, 2), ["4", "3"]);
    assert_eq!(texts(Page::Before(ids[2]), 5), ["1", "0"]);
    assert_eq!(texts(Page::After(ids[2]), 1), ["3"]);
    assert_eq!(texts(Page::Around(ids[2]), 3), ["3", "2", "1"]);
}

#[test]
fn direct_messages_are_opened_once_and_not_with_oneself() {
    let mut world = world();
    let (person, bot) = (world.person().id, world.bot().id);
    let first = world.direct_channel(person, NOW);
    assert_eq!(world.direct_channel(person, NOW), first);
    assert_eq!(
        world.direct_channel(bot, NOW),
        Err(Refusal::InvalidRecipient)
    );
}

#[test]
fn a_guild_lists_its_members_only_to_those_who_see_presences() {
    let world = world();
    let count = |guild: &Value| guild["members"].as_array().map(Vec::len);
    assert_eq!(count(&world.guild_create(world.guild_id(), false)), Some(1));
    assert_eq!(count(&world.guild_create(world.guild_id(), true)), Some(3));
}
