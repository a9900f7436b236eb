//! Many handlers of one event, each with a filter of its own, as a bot with many commands has them.

use smalld::handler::{Handlers, On};
use smalld::{Payload, SmallD};

pub(crate) fn handlers(count: u32) -> Handlers {
    let marker = Handlers::registered().within(concat!(module_path!(), "::marker"));
    (1..count).fold(marker, |handlers, nth| {
        let command = On::event("MESSAGE_CREATE").with("/content", format!("!command{nth}"));
        let name = format!("command{nth}");
        handlers.on(
            command.named(name),
            |_: SmallD, payload: Payload| async move {
                Err::<(), _>(format!("nobody wrote {}", payload.d()))
            },
        )
    })
}

mod marker {
    use smalld::Shard;

    #[smalld::on(message_create, "/content" = "load: mark")]
    async fn on_marker(shard: Shard) -> smalld::Result<()> {
        crate::answer(&shard).await
    }
}
