#![deny(warnings)]

use std::collections::HashMap;

use smalld::Intents;

mod renamed {
    pub extern crate smalld as other;
}

fn nothing() -> smalld::Result<()> {
    smalld::run!()
}

fn values_of_all_kinds(token: Option<&str>) -> smalld::Result<()> {
    let bits = 1;
    smalld::run!(
        token = token
            .ok_or_else(|| std::io::Error::other("no token"))
            .unwrap_or("a.b.c"),
        intents = Intents::GUILDS | Intents::from_bits_retain(bits << 1),
        state = HashMap::<String, Vec<(u8, u8)>>::new(),
        state = if bits > 0 { 1_u8 } else { 2 },
        shard = (0, 1),
    )
}

fn under_another_name() -> smalld::Result<()> {
    renamed::other::run!(token = "a.b.c")
}

macro_rules! start {
    ($token:expr, $state:expr) => {
        smalld::run!(token = $token, state = $state)
    };
}

fn passed_on() -> smalld::Result<()> {
    start!("a.b".to_owned() + ".c", 1 + 2)
}

#[test]
fn compiles() {
    let _ = (nothing, values_of_all_kinds, under_another_name, passed_on);
}
