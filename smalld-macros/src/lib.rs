//! The macros of [smalld](https://docs.rs/smalld), which re-exports them: see there.
//!
//! They parse, check and emit a few lines; all that can be a normal function is one, in smalld.

mod arguments;
mod event;
mod events;
mod expand;
mod filter;
mod handler;
mod mistakes;
mod names;
mod path;
mod place;
mod pointer;
mod routes;
mod template;
mod text;

use proc_macro::TokenStream;
use quote::quote;

use crate::filter::Filter;
use crate::handler::Handler;

/// Makes a function the handler of an event.
#[proc_macro_attribute]
pub fn on(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_event(arguments.into()), &item.into()).into()
}

/// Makes a function the handler of whole gateway payloads, whatever their opcode.
#[proc_macro_attribute]
pub fn on_gateway_payload(arguments: TokenStream, item: TokenStream) -> TokenStream {
    handler(Filter::from_gateway_payload(arguments.into()), &item.into()).into()
}

/// A path of Discord's API, with values put in.
#[proc_macro]
pub fn path(input: TokenStream) -> TokenStream {
    path::expand(input.into()).into()
}

/// The function untouched, so that editors go on completing in it and one mistake does not become
/// ten; behind it the registration, or every mistake there is.
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
