//! Membership of a user: joining and leaving the guild, and roles.

use super::settle;
use crate::hub::State;
use crate::library::role::Role;
use crate::library::user::User;
use crate::world::World;
use crate::world::snowflake::Snowflake;

impl User {
    /// Gets a role; having it already changes nothing.
    ///
    /// # Panics
    ///
    /// If the user is not a member, or the role was deleted.
    pub async fn give_role(&self, role: &Role) {
        self.set_role(role, true).await;
    }

    /// Loses a role; not having it changes nothing.
    ///
    /// # Panics
    ///
    /// As [`give_role`](Self::give_role).
    pub async fn take_role(&self, role: &Role) {
        self.set_role(role, false).await;
    }

    async fn set_role(&self, role: &Role, has: bool) {
        let user = self.snowflake();
        let set = self.hub.change(|world, _| {
            let role = Snowflake::parse(&role.id)?;
            let guild = world.guild_of_role(role)?;
            world.set_role(guild, user, role, has).ok()
        });
        assert!(
            set.is_some(),
            "{self} is not a member, or there is no role {role:?}"
        );
        settle().await;
    }

    /// Leaves the guild; a user who is not a member stays outside.
    pub async fn leave(&self) {
        let user = self.snowflake();
        // An error means that the user is not a member.
        let leave = |world: &mut World, _| world.remove_member(self.guild, user);
        let _ = self.hub.change(leave);
        settle().await;
    }

    /// Joins the guild again. Returns false for a user who is banned.
    pub async fn join(&self) -> bool {
        let user = self.snowflake();
        let join = |world: &mut World, now| world.join(self.guild, user, now);
        let joined = self.hub.change(join).is_ok();
        settle().await;
        joined
    }

    /// Whether the user is a member of the guild.
    #[must_use]
    pub fn is_member(&self) -> bool {
        let user = self.snowflake();
        let member = |state: &State| state.world.member(self.guild, user).is_some();
        self.hub.look(member)
    }
}
