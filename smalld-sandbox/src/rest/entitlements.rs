//! The endpoints of entitlements, SKUs and subscriptions. Every SKU of a test entitlement exists; nobody
//! subscribes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::call::Call;
use super::error::{self, Error};
use super::query;
use super::reply::Answer;
use super::rules::{self, Is, Rule, required};
use crate::world::entitlement::Owner;
use crate::world::refusal::Refusal;

const ENTITLEMENT: &[Rule] = &[
    required("sku_id", Is::Id),
    required("owner_id", Is::Id),
    required("owner_type", Is::OneOf(&[1, 2])),
];

pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let limit = query::limit(&call.query, 100, 100)?;
    let (before, after) = (query::before(&call.query)?, query::after(&call.query)?);
    let without_deleted = query::flag(&call.query, "exclude_deleted")
        || query::flag(&call.query, "only_active")
        || !query::pairs(&call.query).any(|(name, _)| name == "exclude_deleted");
    let wanted = |key: &str| query::pairs(&call.query).find(|(name, _)| name == key);
    let (user, guild, skus) = (wanted("user_id"), wanted("guild_id"), wanted("sku_ids"));
    let is_of = |wanted: &Option<(String, String)>, value: &Value| {
        let wanted = wanted.as_ref();
        wanted.is_none_or(|(_, ids)| ids.split(',').any(|id| *value == id))
    };
    let fits = |entitlement: &&Value| {
        let id = rules::id(&entitlement["id"]);
        let is_gone = entitlement["deleted"] == true;
        is_of(&user, &entitlement["user_id"])
            && is_of(&guild, &entitlement["guild_id"])
            && is_of(&skus, &entitlement["sku_id"])
            && !(is_gone && without_deleted)
            && before.is_none_or(|before| id < Some(before))
            && after.is_none_or(|after| id > Some(after))
    };
    let found = call.world.entitlements.iter().filter(fits);
    Ok(Answer::Json(found.take(limit).cloned().collect()))
}

pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let entitlement = call.world.entitlements.get(call.id("entitlement_id")?);
    let entitlement = entitlement.ok_or(Refusal::UnknownEntitlement)?;
    Ok(Answer::Json(entitlement.clone()))
}

/// A test entitlement, which costs nothing and does not end.
pub(crate) fn create(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let fields = call.fields(ENTITLEMENT)?;
    let id = |key: &str| rules::id(&fields[key]).unwrap_or(call.world.bot().id);
    let (sku, owner) = (id("sku_id"), id("owner_id"));
    let owner = if fields["owner_type"] == 1 {
        Owner::Guild(owner)
    } else {
        Owner::User(owner)
    };
    let entitlement = call.world.add_entitlement(sku, owner, call.now)?;
    Ok(Answer::Json(entitlement))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    call.world.delete_entitlement(call.id("entitlement_id")?)?;
    Ok(Answer::NoContent)
}

pub(crate) fn consume(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    call.world.consume_entitlement(call.id("entitlement_id")?)?;
    Ok(Answer::NoContent)
}

/// The SKUs that entitlements name.
pub(crate) fn skus(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.own_application()?;
    let entitlements = call.world.entitlements.iter();
    let ids = entitlements.filter_map(|entitlement| entitlement["sku_id"].as_str());
    let ids: BTreeSet<_> = ids.collect();
    let bot = call.world.bot().id;
    let skus = ids.into_iter().map(|id| {
        json!({
            "id": id,
            "type": 5,
            "application_id": bot,
            "name": "Test",
            "slug": "test",
            "flags": 1 << 2,
        })
    });
    Ok(Answer::Json(skus.collect()))
}

pub(crate) fn subscriptions(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.id("sku_id")?;
    Ok(Answer::Json(json!([])))
}

pub(crate) fn subscription(call: &mut Call<'_>) -> Result<Answer, Error> {
    call.id("sku_id")?;
    call.id("subscription_id")?;
    Err(error::NO_ROUTE.into())
}
