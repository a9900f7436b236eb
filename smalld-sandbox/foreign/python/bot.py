"""The bot of ../README.md with discord.py."""

import io
import os

import discord
import yarl
from discord import app_commands

BASE_URL = os.environ["SMALLD_BASE_URL"]

# discord.py has no option for the address of the API.
discord.http.Route.BASE = BASE_URL


class Reason(discord.ui.Modal, title="Why?"):
    text = discord.ui.TextInput(label="Reason", custom_id="text")

    def __init__(self):
        super().__init__(custom_id="reason")

    async def on_submit(self, interaction):
        await interaction.response.send_message(f"because {self.text.value}")


class Sure(discord.ui.View):
    @discord.ui.button(label="Yes", custom_id="yes", style=discord.ButtonStyle.primary)
    async def yes(self, interaction, _button):
        await interaction.response.send_modal(Reason())


class Menu(discord.ui.View):
    @discord.ui.select(
        custom_id="fruit",
        options=[discord.SelectOption(label=name, value=name) for name in ("apple", "pear")],
    )
    async def fruit(self, interaction, select):
        await interaction.response.edit_message(content=f"chose {select.values[0]}", view=None)


class Bot(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents.all())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        # The first connection goes to a fixed address, unless it is set here.
        _, url, _ = await self.http.get_bot_gateway()
        discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url)
        await self.tree.sync()

    async def on_message(self, message):
        if message.author == self.user:
            return
        match message.content:
            case "++ping":
                await message.channel.send("pong")
            case "++reply":
                await message.reply("a reply")
            case "++react":
                await message.add_reaction("👍")
            case "++attach":
                file = discord.File(io.BytesIO(b"hello"), filename="hello.txt")
                sent = await message.channel.send("a file", file=file)
                fetched = await message.channel.fetch_message(sent.id)
                text = (await fetched.attachments[0].read()).decode()
                await message.channel.send(f"read back {text}")
            case "++read":
                text = (await message.attachments[0].read()).decode()
                await message.channel.send(f"you sent {text}")
            case "++edit":
                sent = await message.channel.send("before")
                await sent.edit(content="after")
            case "++delete":
                await message.delete()
            case "++menu":
                await message.channel.send("a menu", view=Menu())
            case "++wrong":
                try:
                    await self.fetch_channel(1)
                except discord.HTTPException as error:
                    await message.channel.send(f"error {error.code}")

    async def on_reaction_add(self, reaction, user):
        if user != self.user:
            await reaction.message.channel.send(f"saw {reaction.emoji}")


bot = Bot()


@bot.tree.command(description="Ask for a confirmation")
async def ask(interaction, what: str):
    await interaction.response.send_message(f"sure about {what}?", view=Sure())


@ask.autocomplete("what")
async def complete(_interaction, typed: str):
    return [app_commands.Choice(name=typed + "!", value=typed + "!")]


@bot.tree.command(description="Answer later")
async def slow(interaction):
    await interaction.response.defer(ephemeral=True)
    await interaction.edit_original_response(content="done")
    await interaction.followup.send("and more", ephemeral=True)


bot.run(os.environ["SMALLD_TOKEN"])
