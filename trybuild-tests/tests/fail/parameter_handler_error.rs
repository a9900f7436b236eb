use smalld::handler::HandlerError;

#[smalld::on(message_create)]
async fn handler(error: HandlerError) {
    println!("{error}");
}

fn main() {}
