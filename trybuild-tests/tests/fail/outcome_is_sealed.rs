struct Reply;

impl smalld::Outcome for Reply {
    fn into_result(self) -> Result<(), smalld::BoxError> {
        Ok(())
    }
}

fn main() {}
