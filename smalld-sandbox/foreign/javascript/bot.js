// The bot of ../README.md with discord.js.

import {
  ActionRowBuilder,
  ApplicationCommandOptionType,
  ButtonBuilder,
  ButtonStyle,
  Client,
  Events,
  GatewayIntentBits,
  MessageFlags,
  ModalBuilder,
  Partials,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from "discord.js";

const api = process.env.SMALLD_BASE_URL.replace(/\/v10$/, "");

const bot = new Client({
  intents: [
    GatewayIntentBits.Guilds,
    GatewayIntentBits.GuildMessages,
    GatewayIntentBits.GuildMessageReactions,
    GatewayIntentBits.DirectMessages,
    GatewayIntentBits.MessageContent,
  ],
  partials: [Partials.Channel, Partials.Message, Partials.Reaction],
  rest: { api },
});

const row = (component) => new ActionRowBuilder().addComponents(component);

const menu = new StringSelectMenuBuilder().setCustomId("fruit").addOptions(
  ["apple", "pear"].map((name) => ({ label: name, value: name })),
);
const yes = new ButtonBuilder().setCustomId("yes").setLabel("Yes").setStyle(ButtonStyle.Primary);
const modal = new ModalBuilder().setCustomId("reason").setTitle("Why?").addComponents(
  row(new TextInputBuilder().setCustomId("text").setLabel("Reason").setStyle(TextInputStyle.Short)),
);

const download = async (attachment) => (await fetch(attachment.url)).text();

const answers = {
  "++ping": (message) => message.channel.send("pong"),
  "++reply": (message) => message.reply("a reply"),
  "++react": (message) => message.react("👍"),
  "++attach": async (message) => {
    const files = [{ attachment: Buffer.from("hello"), name: "hello.txt" }];
    const sent = await message.channel.send({ content: "a file", files });
    const fetched = await message.channel.messages.fetch({ message: sent.id, force: true });
    await message.channel.send(`read back ${await download(fetched.attachments.first())}`);
  },
  "++read": async (message) =>
    message.channel.send(`you sent ${await download(message.attachments.first())}`),
  "++edit": async (message) => (await message.channel.send("before")).edit("after"),
  "++delete": (message) => message.delete(),
  "++menu": (message) => message.channel.send({ content: "a menu", components: [row(menu)] }),
  "++wrong": async (message) => {
    const error = await bot.channels.fetch("1").catch((error) => error);
    await message.channel.send(`error ${error.code}`);
  },
};

bot.on(Events.ClientReady, () =>
  bot.application.commands.set([
    {
      name: "ask",
      description: "Ask for a confirmation",
      options: [
        {
          name: "what",
          description: "what to ask about",
          type: ApplicationCommandOptionType.String,
          required: true,
          autocomplete: true,
        },
      ],
    },
    { name: "slow", description: "Answer later" },
  ]),
);

bot.on(Events.MessageCreate, (message) => {
  if (message.author.id !== bot.user.id) return answers[message.content]?.(message);
});

bot.on(Events.MessageReactionAdd, (reaction, user) => {
  if (user.id !== bot.user.id) return reaction.message.channel.send(`saw ${reaction.emoji.name}`);
});

bot.on(Events.InteractionCreate, async (interaction) => {
  if (interaction.isAutocomplete()) {
    const typed = interaction.options.getFocused() + "!";
    await interaction.respond([{ name: typed, value: typed }]);
  } else if (interaction.isButton()) {
    await interaction.showModal(modal);
  } else if (interaction.isModalSubmit()) {
    await interaction.reply(`because ${interaction.fields.getTextInputValue("text")}`);
  } else if (interaction.isStringSelectMenu()) {
    await interaction.update({ content: `chose ${interaction.values[0]}`, components: [] });
  } else if (interaction.commandName === "ask") {
    const what = interaction.options.getString("what", true);
    await interaction.reply({ content: `sure about ${what}?`, components: [row(yes)] });
  } else {
    await interaction.deferReply({ flags: MessageFlags.Ephemeral });
    await interaction.editReply("done");
    await interaction.followUp({ content: "and more", flags: MessageFlags.Ephemeral });
  }
});

await bot.login(process.env.SMALLD_TOKEN);
