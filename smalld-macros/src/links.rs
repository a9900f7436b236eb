//! Completion of half-typed event names: for each unknown word of an attribute, a path into
//! `smalld::events` that only editors see.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::ext::IdentExt;
use syn::parse::Parser;

use crate::arguments::{self, Argument};
use crate::filter::default_smalld;
use crate::mistakes::Mistakes;
use crate::names;

/// A path for each unknown word, if there are any.
pub(crate) fn unknown_words(arguments: TokenStream) -> TokenStream {
    let mixed = Span::mixed_site();
    let mut smalld = default_smalld();
    let mut words = Vec::new();
    // The mistakes are reported where the filter is read.
    for argument in arguments::split(arguments, &mut Mistakes::default()) {
        match argument {
            Argument::Word(word) => {
                let name = word.unraw().to_string();
                if name != "ordered" && names::event(&name) != Some(name.as_str()) {
                    words.push(word);
                }
            }
            Argument::Option(key, value) if key == "crate" => {
                if let Ok(path) = Path::parse_mod_style.parse2(value.tokens()) {
                    smalld = path.into_token_stream();
                }
            }
            _ => {}
        }
    }
    if words.is_empty() {
        return TokenStream::new();
    }
    // rust-analyzer sets this cfg. rustc does not, or it would report an unknown word twice.
    quote_spanned! {mixed=>
        #[allow(unexpected_cfgs)]
        const _: () = {
            #(
                #[cfg(rust_analyzer)]
                const _: &::core::primitive::str = #smalld::events::#words;
            )*
        };
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn an_unknown_word_is_a_path_for_editors_alone() {
        let arguments = quote!(message_create, mesage_cr, ordered, crate = a::b, "/x" = y z);
        assert_eq!(
            unknown_words(arguments).to_string(),
            "# [allow (unexpected_cfgs)] const _ : () = { # [cfg (rust_analyzer)] \
             const _ : & :: core :: primitive :: str = a :: b :: events :: mesage_cr ; } ;"
        );
        assert!(unknown_words(quote!(message_create, "/x" = 1)).is_empty());
    }
}
