//! The bot of ../../../README.md with twilight.

use std::env;
use std::error::Error;
use std::sync::Arc;

use foreign_bots::download;
use twilight_gateway::{ConfigBuilder, Event, EventTypeFlags, Intents, Shard, ShardId, StreamExt};
use twilight_http::Client;
use twilight_http::api_error::ApiError;
use twilight_http::client::ClientBuilder;
use twilight_http::error::ErrorType;
use twilight_http::request::channel::reaction::RequestReactionType;
use twilight_model::application::command::{
    Command, CommandOptionChoice, CommandOptionChoiceValue, CommandType,
};
use twilight_model::application::interaction::application_command::{CommandData, CommandOptionValue};
use twilight_model::application::interaction::modal::{
    ModalInteractionComponent, ModalInteractionData,
};
use twilight_model::application::interaction::{Interaction, InteractionData, InteractionType};
use twilight_model::channel::Message;
use twilight_model::channel::message::component::{
    ActionRow, Button, ButtonStyle, SelectMenu, SelectMenuOption, SelectMenuType, TextInput,
    TextInputStyle,
};
use twilight_model::channel::message::{Component, EmojiReactionType, MessageFlags};
use twilight_model::gateway::GatewayReaction;
use twilight_model::http::attachment::Attachment;
use twilight_model::http::interaction::{
    InteractionResponse, InteractionResponseData, InteractionResponseType,
};
use twilight_model::id::Id;
use twilight_model::id::marker::{ApplicationMarker, UserMarker};
use twilight_util::builder::command::{CommandBuilder, StringBuilder};

type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

struct Bot {
    http: Client,
    application: Id<ApplicationMarker>,
    user: Id<UserMarker>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result {
    let token = env::var("SMALLD_TOKEN")?;
    let host = env::var("SMALLD_BASE_URL")?;
    let host = host.trim_start_matches("http://").trim_end_matches("/api/v10");
    let http = ClientBuilder::new()
        .token(token.clone())
        .proxy(host.to_owned(), true)
        .build();
    let application = http.current_user_application().await?.model().await?.id;
    let gateway = http.gateway().authed().await?.model().await?;
    let commands = [ask_command(), slow_command()];
    http.interaction(application).set_global_commands(&commands).await?;
    let user = http.current_user().await?.model().await?.id;
    let bot = Arc::new(Bot { http, application, user });

    let intents = Intents::GUILDS
        | Intents::GUILD_MESSAGES
        | Intents::GUILD_MESSAGE_REACTIONS
        | Intents::DIRECT_MESSAGES
        | Intents::MESSAGE_CONTENT;
    let config = ConfigBuilder::new(token, intents).proxy_url(gateway.url).build();
    let mut shard = Shard::with_config(ShardId::ONE, config);
    while let Some(event) = shard.next_event(EventTypeFlags::all()).await {
        match event {
            Ok(event) => drop(tokio::spawn(handle(Arc::clone(&bot), event))),
            // A connection that was lost is opened again by the next call.
            Err(error) => eprintln!("twilight: {error:?}"),
        }
    }
    Ok(())
}

async fn handle(bot: Arc<Bot>, event: Event) {
    let result = match event {
        Event::MessageCreate(message) => bot.message(&message).await,
        Event::ReactionAdd(reaction) => bot.reaction(&reaction).await,
        Event::InteractionCreate(interaction) => bot.interaction(interaction.0).await,
        _ => Ok(()),
    };
    if let Err(error) = result {
        eprintln!("twilight: {error:?}");
    }
}

impl Bot {
    async fn message(&self, message: &Message) -> Result {
        let (channel, id) = (message.channel_id, message.id);
        if message.author.id == self.user {
            return Ok(());
        }
        let create = || self.http.create_message(channel);
        match message.content.as_str() {
            "++ping" => drop(create().content("pong").await?),
            "++reply" => drop(create().content("a reply").reply(id).await?),
            "++react" => {
                let emoji = RequestReactionType::Unicode { name: "👍" };
                self.http.create_reaction(channel, id, &emoji).await?;
            }
            "++attach" => {
                let file = Attachment::from_bytes("hello.txt".to_owned(), b"hello".to_vec(), 0);
                let sent = create().content("a file").attachments(&[file]).await?.model().await?;
                let fetched = self.http.message(channel, sent.id).await?.model().await?;
                let text = download(&fetched.attachments[0].url).await?;
                create().content(&format!("read back {text}")).await?;
            }
            "++read" => {
                let text = download(&message.attachments[0].url).await?;
                create().content(&format!("you sent {text}")).await?;
            }
            "++edit" => {
                let sent = create().content("before").await?.model().await?;
                self.http.update_message(channel, sent.id).content(Some("after")).await?;
            }
            "++delete" => drop(self.http.delete_message(channel, id).await?),
            "++menu" => drop(create().content("a menu").components(&[row(menu())]).await?),
            "++wrong" => {
                let error = self.http.channel(Id::new(1)).await.expect_err("no such channel");
                let code = match error.kind() {
                    ErrorType::Response { error: ApiError::General(error), .. } => error.code,
                    _ => 0,
                };
                create().content(&format!("error {code}")).await?;
            }
            _ => {}
        }
        Ok(())
    }

    async fn reaction(&self, reaction: &GatewayReaction) -> Result {
        if let EmojiReactionType::Unicode { name } = &reaction.emoji
            && reaction.user_id != self.user
        {
            let text = format!("saw {name}");
            self.http.create_message(reaction.channel_id).content(&text).await?;
        }
        Ok(())
    }

    async fn interaction(&self, mut interaction: Interaction) -> Result {
        let response = match interaction.data.take() {
            Some(InteractionData::ApplicationCommand(data)) => match data.name.as_str() {
                "ask" if interaction.kind == InteractionType::ApplicationCommandAutocomplete => {
                    choices(&data)
                }
                "ask" => ask(&data),
                _ => return self.slow(&interaction).await,
            },
            Some(InteractionData::MessageComponent(data)) if data.custom_id == "fruit" => {
                chosen(&data.values[0])
            }
            Some(InteractionData::MessageComponent(_)) => modal(),
            Some(InteractionData::ModalSubmit(data)) => because(&data),
            _ => return Ok(()),
        };
        let http = self.http.interaction(self.application);
        http.create_response(interaction.id, &interaction.token, &response).await?;
        Ok(())
    }

    async fn slow(&self, interaction: &Interaction) -> Result {
        let http = self.http.interaction(self.application);
        let data = InteractionResponseData {
            flags: Some(MessageFlags::EPHEMERAL),
            ..InteractionResponseData::default()
        };
        let kind = InteractionResponseType::DeferredChannelMessageWithSource;
        let response = response(kind, data);
        let token = &interaction.token;
        http.create_response(interaction.id, token, &response).await?;
        http.update_response(token).content(Some("done")).await?;
        let follow_up = http.create_followup(token).content("and more");
        follow_up.flags(MessageFlags::EPHEMERAL).await?;
        Ok(())
    }
}

fn ask_command() -> Command {
    let what = StringBuilder::new("what", "What to ask about").required(true).autocomplete(true);
    CommandBuilder::new("ask", "Ask for a confirmation", CommandType::ChatInput)
        .option(what)
        .build()
}

fn slow_command() -> Command {
    CommandBuilder::new("slow", "Answer later", CommandType::ChatInput).build()
}

fn response(kind: InteractionResponseType, data: InteractionResponseData) -> InteractionResponse {
    InteractionResponse { kind, data: Some(data) }
}

fn choices(data: &CommandData) -> InteractionResponse {
    let typed = match &data.options[0].value {
        CommandOptionValue::Focused(typed, _) => format!("{typed}!"),
        other => panic!("an option that has the focus, not {other:?}"),
    };
    let choice = CommandOptionChoice {
        name: typed.clone(),
        name_localizations: None,
        value: CommandOptionChoiceValue::String(typed),
    };
    let data = InteractionResponseData {
        choices: Some(vec![choice]),
        ..InteractionResponseData::default()
    };
    response(InteractionResponseType::ApplicationCommandAutocompleteResult, data)
}

fn ask(data: &CommandData) -> InteractionResponse {
    let CommandOptionValue::String(what) = &data.options[0].value else {
        panic!("an option that is a string");
    };
    let data = InteractionResponseData {
        content: Some(format!("sure about {what}?")),
        components: Some(vec![row(button())]),
        ..InteractionResponseData::default()
    };
    response(InteractionResponseType::ChannelMessageWithSource, data)
}

fn chosen(fruit: &str) -> InteractionResponse {
    let data = InteractionResponseData {
        content: Some(format!("chose {fruit}")),
        components: Some(Vec::new()),
        ..InteractionResponseData::default()
    };
    response(InteractionResponseType::UpdateMessage, data)
}

fn modal() -> InteractionResponse {
    let data = InteractionResponseData {
        custom_id: Some("reason".to_owned()),
        title: Some("Why?".to_owned()),
        components: Some(vec![row(text_input())]),
        ..InteractionResponseData::default()
    };
    response(InteractionResponseType::Modal, data)
}

fn because(data: &ModalInteractionData) -> InteractionResponse {
    let ModalInteractionComponent::ActionRow(row) = &data.components[0] else {
        panic!("a row");
    };
    let ModalInteractionComponent::TextInput(input) = &row.components[0] else {
        panic!("a text input");
    };
    let data = InteractionResponseData {
        content: Some(format!("because {}", input.value)),
        ..InteractionResponseData::default()
    };
    response(InteractionResponseType::ChannelMessageWithSource, data)
}

fn row(component: Component) -> Component {
    Component::ActionRow(ActionRow { components: vec![component], id: None })
}

fn button() -> Component {
    Component::Button(Button {
        custom_id: Some("yes".to_owned()),
        disabled: false,
        emoji: None,
        id: None,
        label: Some("Yes".to_owned()),
        sku_id: None,
        style: ButtonStyle::Primary,
        url: None,
    })
}

fn menu() -> Component {
    let option = |name: &str| SelectMenuOption {
        default: false,
        description: None,
        emoji: None,
        label: name.to_owned(),
        value: name.to_owned(),
    };
    Component::SelectMenu(SelectMenu {
        channel_types: None,
        custom_id: "fruit".to_owned(),
        default_values: None,
        disabled: false,
        id: None,
        kind: SelectMenuType::Text,
        max_values: None,
        min_values: None,
        options: Some(["apple", "pear"].map(option).to_vec()),
        placeholder: None,
        required: None,
    })
}

fn text_input() -> Component {
    #[expect(deprecated, reason = "an input in a row has a label")]
    Component::TextInput(TextInput {
        custom_id: "text".to_owned(),
        id: None,
        label: Some("Reason".to_owned()),
        max_length: None,
        min_length: None,
        placeholder: None,
        required: None,
        style: TextInputStyle::Short,
        value: None,
    })
}
