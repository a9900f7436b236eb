//! The endpoints of the bot's application: its description, role connections, and OAuth2.

use serde_json::{Value, json};

use super::call::Call;
use super::error::{self, Error};
use super::guilds::picture;
use super::mistakes::Mistakes;
use super::reply::Answer;
use super::rules::{self, Is, Rule, optional, required};
use crate::world::intents;
use crate::world::refusal::Refusal;

const APPLICATION: &[Rule] = &[
    optional("description", Is::Text(0, 400)),
    optional("icon", Is::Image(10 * 1024)),
    optional("cover_image", Is::Image(10 * 1024)),
    optional("flags", Is::Integer(0, i64::MAX)),
    optional("interactions_endpoint_url", Is::Text(0, 2048)),
    optional("role_connections_verification_url", Is::Text(0, 2048)),
    optional("custom_install_url", Is::Text(0, 2048)),
    optional("tags", Is::List(5)),
    optional("install_params", Is::Object),
    optional("integration_types_config", Is::Object),
    optional("event_webhooks_url", Is::Text(0, 2048)),
    optional("event_webhooks_status", Is::OneOf(&[1, 2])),
    optional("event_webhooks_types", Is::List(100)),
];
const METADATA: &[Rule] = &[
    required("type", Is::OneOf(&[1, 2, 3, 4, 5, 6, 7, 8])),
    required("key", Is::Text(1, 50)),
    required("name", Is::Text(1, 100)),
    required("description", Is::Text(1, 200)),
    optional("name_localizations", Is::Object),
    optional("description_localizations", Is::Object),
];
/// How many records of metadata an application has at most.
const MAX_METADATA: usize = 5;

pub(crate) fn own(call: &mut Call<'_>) -> Result<Answer, Error> {
    Ok(Answer::Json(application(call)))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    own(call)
}

pub(crate) fn edit_own(call: &mut Call<'_>) -> Result<Answer, Error> {
    let mut fields = call.fields(APPLICATION)?;
    // The flags of a bot show its privileged intents, which a test grants.
    fields.remove("flags");
    for key in ["icon", "cover_image"] {
        if let Some(image) = fields.get_mut(key).filter(|image| image.is_string()) {
            *image = json!(picture());
        }
    }
    call.world.application.extend(fields);
    own(call)
}

pub(crate) fn edit(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    edit_own(call)
}

pub(crate) fn metadata(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    Ok(Answer::Json(json!(call.world.role_connections)))
}

pub(crate) fn replace_metadata(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let body = call.take_json();
    let Some(list) = body.as_array() else {
        let message = "Only iterables may be used in a ListType";
        return Err(Error::of_form("LIST_TYPE_CONVERT", message));
    };
    if list.len() > MAX_METADATA {
        let message = format!("Must be {MAX_METADATA} or fewer in length.");
        return Err(Error::of_form("BASE_TYPE_MAX_LENGTH", &message));
    }
    let mut mistakes = Mistakes::default();
    let mut records = Vec::new();
    for (place, record) in list.iter().enumerate() {
        let place = place.to_string();
        if let Some(fields) = rules::object(record, &[&place], &mut mistakes) {
            rules::check(METADATA, fields, &[&place], &mut mistakes);
            records.push(Value::Object(rules::known(METADATA, fields)));
        }
    }
    mistakes.check()?;
    call.world.role_connections = records;
    metadata(call)
}

/// No activity is running.
pub(crate) fn activity(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    Err(error::NO_ROUTE.into())
}

pub(crate) fn oauth2_keys(_: &mut Call<'_>) -> Result<Answer, Error> {
    Ok(Answer::Json(json!({ "keys": [] })))
}

/// Routes for an access token of OAuth2, which a bot's token is not.
pub(crate) fn needs_access_token(_: &mut Call<'_>) -> Result<Answer, Error> {
    Err(Error::from(Refusal::InvalidAccessToken).with_status(401))
}

fn application(call: &Call<'_>) -> Value {
    let flags = intents::application_flags(call.surroundings.granted_intents);
    let bot = call.world.bot();
    let mut json = json!({
        "id": bot.id,
        "name": bot.name,
        "icon": null,
        "description": "",
        "type": null,
        "bot_public": true,
        "bot_require_code_grant": false,
        "flags": flags,
        "flags_new": flags.to_string(),
        "bot": bot.json(),
        "owner": call.world.person().json(),
        "team": null,
        // The place of a key for signed interactions; nothing here signs.
        "verify_key": "0".repeat(64),
        "redirect_uris": [],
        "interactions_endpoint_url": null,
        "role_connections_verification_url": null,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
        "approximate_guild_count": call.world.joined_guilds().count(),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
    });
    for (key, value) in &call.world.application {
        json[key] = value.clone();
    }
    json
}
