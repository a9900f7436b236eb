//! Macros of smalld, which re-exports and documents them.
//!
//! A macro parses, checks and emits a few lines. Everything that can be a normal function is one,
//! in smalld.

mod arguments;
mod event;
mod events;
mod expand;
mod filter;
mod handler;
mod links;
mod mistakes;
mod names;
mod path;
mod place;
mod pointer;
mod reader;
mod routes;
mod template;
mod text;

use proc_macro::TokenStream;
use quote::quote;

use crate::filter::Filter;
use crate::handler::Handler;

/// See `smalld::on`.
#[proc_macro_attribute]
pub fn on(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let links = links::unknown_words(arguments.clone().into());
    let handler = handler(Filter::from_event(arguments.into()), &item.into());
    quote!(#handler #links).into()
}

/// See `smalld::on_gateway_payload`.
#[proc_macro_attribute]
pub fn on_gateway_payload(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_gateway_payload(arguments.into()), &item.into()).into()
}

/// See `smalld::on_start`.
#[proc_macro_attribute]
pub fn on_start(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_start(arguments.into()), &item.into()).into()
}

/// See `smalld::on_error`.
#[proc_macro_attribute]
pub fn on_error(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_error(arguments.into()), &item.into()).into()
}

/// See `smalld::path`.
#[proc_macro]
pub fn path(input: TokenStream) -> TokenStream {
    path::expand(input.into()).into()
}

/// The function untouched, so that editors complete in it and one mistake does not become ten, then
/// the registration, or all errors.
fn handler(
    filter: syn::Result<Filter>,
    item: &proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    let added = match (filter, Handler::parse(item.clone())) {
        (Ok(filter), Ok(handler)) => expand::registration(&filter, &handler),
        (Err(mut errors), Err(others)) => {
            errors.combine(others);
            errors.into_compile_error()
        }
        (Err(errors), Ok(_)) | (Ok(_), Err(errors)) => errors.into_compile_error(),
    };
    quote!(#item #added)
}
