#![deny(warnings)]

mod inner {
    pub mod deeper {
        #[derive(serde::Deserialize)]
        pub struct Msg {
            pub id: String,
        }

        #[smalld::on(message_create)]
        async fn handler(msg: Msg) {
            drop(msg.id);
        }

        #[smalld::on(message_create)]
        async fn other(msg: super::super::inner::deeper::Msg) {
            drop(msg);
        }
    }
}

#[test]
fn compiles() {
    struct Local;

    impl<'e> smalld::handler::FromEvent<'e> for Local {
        fn from_event(
            _: &smalld::SmallD,
            _: &'e smalld::Payload,
        ) -> Result<Self, smalld::BoxError> {
            Ok(Self)
        }
    }

    #[smalld::on(message_create)]
    async fn handler(_: Local) {}
}
