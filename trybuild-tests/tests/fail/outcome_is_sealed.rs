struct Reply;

impl smalld::handler::Outcome for Reply {
    fn into_result(self) -> Result<(), smalld::BoxError> {
        Ok(())
    }
}

fn main() {}
