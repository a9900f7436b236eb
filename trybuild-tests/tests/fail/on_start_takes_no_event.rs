use smalld::Json;

#[smalld::on_start]
async fn prepare(event: Json) {
    drop(event);
}

fn main() {}
