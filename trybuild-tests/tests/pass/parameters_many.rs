#![deny(warnings)]

use std::collections::HashMap;

use smalld::{Json, Payload, Shard, SmallD, State};

#[smalld::on(message_create)]
#[allow(clippy::too_many_arguments)]
async fn handler(
    json: Json,
    bot: SmallD,
    payload: Payload,
    shard: Shard,
    one: State<u64>,
    two: State<String>,
    map: HashMap<String, Json>,
    again: Json,
    fixed: [Json; 2],
    nested: Option<Vec<(u8, Json)>>,
    function: State<fn(&str) -> usize>,
    smalld: ::smalld::SmallD,
) {
    drop((json, bot, payload, shard, one, two));
    drop((map, again, fixed, nested, function, smalld));
}

#[test]
fn compiles() {}
