//! What a user entered, as parameters of a handler.

use std::ops::Deref;

/// The options of a slash command, by name, as any type that implements `Deserialize`.
///
/// - A struct, a map or `Json` takes the options of the subcommand that the user chose, or of the
///   command if it has none. An option that the user left out is absent: use `Option` or
///   `#[serde(default)]`.
/// - An enum is the subcommand or group itself, externally tagged, which is serde's default.
/// - A user, role, channel or attachment is its id in a string, an integer or a newtype of these. In a
///   struct or `Json` it is the object that Discord sent along in `resolved`, a user with its member in
///   `member`.
///
/// In an autocomplete, options may be missing, the [focused](Focused) one is text, and there are no
/// objects.
///
/// ```
/// use serde::Deserialize;
/// use smalld::interaction::{Interaction, Options};
/// use smalld::json;
///
/// #[derive(Deserialize)]
/// struct Warn {
///     user: User,
///     reason: Option<String>,
/// }
///
/// #[derive(Deserialize)]
/// struct User {
///     username: String,
/// }
///
/// #[smalld::on(interaction_create, "/type" = 2, "/data/name" = "warn")]
/// async fn warn(interaction: Interaction, Options(warn): Options<Warn>) -> smalld::Result<()> {
///     let reason = warn.reason.unwrap_or_default();
///     let content = format!("{} is warned: {reason}", warn.user.username);
///     interaction.reply(json!({ "content": content })).await?;
///     Ok(())
/// }
///
/// #[derive(Deserialize)]
/// #[serde(rename_all = "snake_case")]
/// enum Config {
///     Show,
///     Set { key: String, value: String },
/// }
///
/// #[smalld::on(interaction_create, "/type" = 2, "/data/name" = "config")]
/// fn config(Options(config): Options<Config>) {
///     match config {
///         Config::Show => println!("show"),
///         Config::Set { key, value } => println!("{key} = {value}"),
///     }
/// }
/// ```
///
/// See [Discord Docs/Application Command Interaction Data Option](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-application-command-interaction-data-option-structure).
#[derive(Clone, Copy, Debug)]
pub struct Options<T>(
    /// The options.
    pub T,
);

/// The fields of a modal, by `custom_id`, as any type that implements `Deserialize`.
///
/// A text is a string. A select menu, a group of checkboxes and an upload are lists; their users,
/// roles, channels and files are ids or objects as in [`Options`]. A radio group is a string, null if
/// nothing is chosen, and a checkbox is a boolean. Labels and action rows make no difference.
///
/// ```
/// use serde::Deserialize;
/// use smalld::interaction::{Fields, Interaction};
/// use smalld::json;
///
/// #[derive(Deserialize)]
/// struct Report {
///     reason: String,
///     #[serde(default)]
///     witnesses: Vec<u64>,
/// }
///
/// #[smalld::on(interaction_create, "/type" = 5, "/data/custom_id" = "report")]
/// async fn report(interaction: Interaction, Fields(report): Fields<Report>) -> smalld::Result<()> {
///     let content = format!("{}, seen by {}", report.reason, report.witnesses.len());
///     interaction.reply(json!({ "content": content })).await?;
///     Ok(())
/// }
/// ```
///
/// See [Discord Docs/Modal Submit Data](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-modal-submit-data-structure).
#[derive(Clone, Copy, Debug)]
pub struct Fields<T>(
    /// The fields.
    pub T,
);

/// The option that the user is typing, in an autocomplete.
///
/// ```
/// use smalld::interaction::{Focused, Interaction};
/// use smalld::json;
///
/// #[smalld::on(interaction_create, "/type" = 4, "/data/name" = "play")]
/// async fn play(interaction: Interaction, typed: Focused) -> smalld::Result<()> {
///     let songs = ["Blue", "Black", "Green"];
///     let matching = songs.iter().filter(|song| song.starts_with(&typed.text));
///     let choices: Vec<_> = matching.map(|song| json!({ "name": song, "value": song })).collect();
///     interaction.choices(choices).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Focused {
    /// The option's name.
    pub name: String,
    /// What the user has typed so far.
    pub text: String,
}

impl<T> Deref for Options<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Deref for Fields<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}
