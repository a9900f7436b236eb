//! The bot of ../../../README.md with serenity.

use std::env;
use std::error::Error;

use foreign_bots::download;
use serenity::all::{
    ActionRowComponent, AutocompleteChoice, ChannelId, CommandInteraction, CommandOptionType,
    ComponentInteraction, ComponentInteractionDataKind, Context, CreateActionRow, CreateAttachment,
    CreateAutocompleteResponse, CreateButton, CreateCommand, CreateCommandOption,
    CreateInputText, CreateInteractionResponse, CreateInteractionResponseFollowup,
    CreateInteractionResponseMessage, CreateMessage, CreateModal, CreateSelectMenu,
    CreateSelectMenuKind, CreateSelectMenuOption, EditInteractionResponse, EditMessage,
    EventHandler, GatewayIntents, HttpBuilder, HttpError, InputTextStyle, Interaction, Message,
    ModalInteraction, Reaction, ReactionType, Ready,
};
use serenity::{Client, async_trait};

type Result<T = (), E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

struct Bot;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result {
    let base_url = env::var("SMALLD_BASE_URL")?;
    let host = base_url.trim_end_matches("/api/v10");
    // With its rate limiter, serenity ignores the address.
    let http = HttpBuilder::new(env::var("SMALLD_TOKEN")?).proxy(host).ratelimiter_disabled(true);
    let http = http.build();
    let id = http.get_current_application_info().await?.id;
    http.set_application_id(id);
    let intents = GatewayIntents::non_privileged() | GatewayIntents::MESSAGE_CONTENT;
    let client = serenity::client::ClientBuilder::new_with_http(http, intents);
    let mut client: Client = client.event_handler(Bot).await?;
    client.start().await?;
    Ok(())
}

#[async_trait]
impl EventHandler for Bot {
    async fn ready(&self, context: Context, _: Ready) {
        let what = CreateCommandOption::new(CommandOptionType::String, "what", "What to ask about");
        let what = what.required(true).set_autocomplete(true);
        let commands = vec![
            CreateCommand::new("ask").description("Ask for a confirmation").add_option(what),
            CreateCommand::new("slow").description("Answer later"),
        ];
        let set = serenity::all::Command::set_global_commands(&context, commands).await;
        report(set.map(drop).map_err(Into::into));
    }

    async fn message(&self, context: Context, message: Message) {
        if message.author.id != context.cache.current_user().id {
            report(answer(&context, &message).await);
        }
    }

    async fn reaction_add(&self, context: Context, reaction: Reaction) {
        if reaction.user_id != Some(context.cache.current_user().id) {
            let text = format!("saw {}", reaction.emoji);
            let said = reaction.channel_id.say(&context, text).await;
            report(said.map(drop).map_err(Into::into));
        }
    }

    async fn interaction_create(&self, context: Context, interaction: Interaction) {
        report(match interaction {
            Interaction::Autocomplete(typing) => complete(&context, &typing).await,
            Interaction::Command(command) if command.data.name == "ask" => {
                ask(&context, &command).await
            }
            Interaction::Command(command) => slow(&context, &command).await,
            Interaction::Component(component) => component_used(&context, &component).await,
            Interaction::Modal(modal) => because(&context, &modal).await,
            _ => Ok(()),
        });
    }
}

fn report(result: Result) {
    if let Err(error) = result {
        eprintln!("serenity: {error:?}");
    }
}

async fn answer(context: &Context, message: &Message) -> Result {
    let channel = message.channel_id;
    match message.content.as_str() {
        "++ping" => drop(channel.say(context, "pong").await?),
        "++reply" => drop(message.reply(context, "a reply").await?),
        "++react" => {
            let emoji = ReactionType::Unicode("👍".to_owned());
            message.react(context, emoji).await?;
        }
        "++attach" => {
            let file = CreateAttachment::bytes("hello", "hello.txt");
            let sent = CreateMessage::new().content("a file").add_file(file);
            let sent = channel.send_message(context, sent).await?;
            let fetched = context.http.get_message(channel, sent.id).await?;
            let text = download(&fetched.attachments[0].url).await?;
            channel.say(context, format!("read back {text}")).await?;
        }
        "++read" => {
            let text = download(&message.attachments[0].url).await?;
            channel.say(context, format!("you sent {text}")).await?;
        }
        "++edit" => {
            let mut sent = channel.say(context, "before").await?;
            sent.edit(context, EditMessage::new().content("after")).await?;
        }
        "++delete" => message.delete(context).await?,
        "++menu" => {
            let options = ["apple", "pear"].map(|name| CreateSelectMenuOption::new(name, name));
            let kind = CreateSelectMenuKind::String { options: options.to_vec() };
            let menu = CreateSelectMenu::new("fruit", kind);
            let menu = CreateMessage::new().content("a menu").select_menu(menu);
            channel.send_message(context, menu).await?;
        }
        "++wrong" => {
            let error = context.http.get_channel(ChannelId::new(1)).await.expect_err("no such channel");
            let code = match error {
                serenity::Error::Http(HttpError::UnsuccessfulRequest(response)) => response.error.code,
                _ => 0,
            };
            channel.say(context, format!("error {code}")).await?;
        }
        _ => {}
    }
    Ok(())
}

async fn complete(context: &Context, typing: &CommandInteraction) -> Result {
    let typed = typing.data.autocomplete().map_or("", |option| option.value);
    let choice = AutocompleteChoice::new(format!("{typed}!"), format!("{typed}!"));
    let choices = CreateAutocompleteResponse::new().set_choices(vec![choice]);
    let response = CreateInteractionResponse::Autocomplete(choices);
    typing.create_response(context, response).await?;
    Ok(())
}

async fn ask(context: &Context, command: &CommandInteraction) -> Result {
    let what = command.data.options[0].value.as_str().unwrap_or_default();
    let message = CreateInteractionResponseMessage::new()
        .content(format!("sure about {what}?"))
        .button(CreateButton::new("yes").label("Yes"));
    let response = CreateInteractionResponse::Message(message);
    command.create_response(context, response).await?;
    Ok(())
}

async fn slow(context: &Context, command: &CommandInteraction) -> Result {
    command.defer_ephemeral(context).await?;
    let edit = EditInteractionResponse::new().content("done");
    command.edit_response(context, edit).await?;
    let follow_up = CreateInteractionResponseFollowup::new().content("and more").ephemeral(true);
    command.create_followup(context, follow_up).await?;
    Ok(())
}

async fn component_used(context: &Context, component: &ComponentInteraction) -> Result {
    let response = match &component.data.kind {
        ComponentInteractionDataKind::StringSelect { values } => {
            let message = CreateInteractionResponseMessage::new()
                .content(format!("chose {}", values[0]))
                .components(Vec::new());
            CreateInteractionResponse::UpdateMessage(message)
        }
        _ => {
            let input = CreateInputText::new(InputTextStyle::Short, "Reason", "text");
            let modal = CreateModal::new("reason", "Why?");
            let rows = vec![CreateActionRow::InputText(input)];
            CreateInteractionResponse::Modal(modal.components(rows))
        }
    };
    component.create_response(context, response).await?;
    Ok(())
}

async fn because(context: &Context, modal: &ModalInteraction) -> Result {
    let reason = match &modal.data.components[0].components[0] {
        ActionRowComponent::InputText(input) => input.value.as_deref().unwrap_or_default(),
        other => panic!("a text input, not {other:?}"),
    };
    let message = CreateInteractionResponseMessage::new().content(format!("because {reason}"));
    let response = CreateInteractionResponse::Message(message);
    modal.create_response(context, response).await?;
    Ok(())
}
