#![deny(warnings)]

macro_rules! handler {
    ($name:ident, $event:ident, $ty:ty, $pointer:literal = $value:literal, $body:block) => {
        #[smalld::on($event, $pointer = $value)]
        async fn $name(_: $ty) -> smalld::Result<()> $body
    };
}

handler!(one, message_create, smalld::Json, "/type" = 0, { Ok(()) });
handler!(two, message_create, Option<smalld::Json>, "/type" = -1, {
    Ok(())
});
handler!(three, interaction_create, (), "/data/name" = "greet", {
    Ok(())
});

macro_rules! fixed {
    ($item:item) => {
        #[smalld::on(ready)]
        fn hidden(bot: smalld::SmallD) {
            drop(bot);
        }

        #[smalld::on(ready)]
        $item
    };
}

fixed! {
    fn given(bot: smalld::SmallD) {
        drop(bot);
    }
}

macro_rules! users {
    ($template:literal, $($id:expr),*) => {
        smalld::path!($template, $($id),*)
    };
}

#[test]
fn compiles() {
    let _ = users!("/guilds/{}/members/{}", 1 + 1, "2");
}
