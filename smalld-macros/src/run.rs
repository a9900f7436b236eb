//! What `run!` is told of its options: the well-formed ones are methods, for the compiler to judge,
//! but for those methods that end a builder.

use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Expr, Result, Token, bracketed};

/// Methods of a builder that `run!` calls by itself.
const ENDS: &[&str] = &["build", "run", "run_blocking"];
const EXAMPLE: &str = "an option is written `name = value`, as in `smalld::run!(token = \"..\")`";

/// `[names] code`: the code, or what is wrong with the names.
pub(crate) fn checked(input: TokenStream) -> TokenStream {
    let parse = |input: ParseStream<'_>| {
        let names;
        bracketed!(names in input);
        while !names.is_empty() {
            let name = names.call(Ident::parse_any)?;
            if ENDS.iter().any(|end| name == end) {
                let message = format!("`{name}` is no option: `run!` builds the bot and runs it");
                return Err(Error::new_spanned(name, message));
            }
        }
        input.parse()
    };
    parse
        .parse2(input)
        .unwrap_or_else(Error::into_compile_error)
}

/// Options that are none: the first mistake in them.
pub(crate) fn mistake(input: TokenStream) -> TokenStream {
    let parse = |input: ParseStream<'_>| {
        let found = option_by_option(input);
        // Whatever is left, so that it is the mistake that is told, and not that.
        input.parse::<TokenStream>()?;
        found
    };
    let found = parse.parse2(input.clone());
    let error = found
        .err()
        .unwrap_or_else(|| Error::new_spanned(input, EXAMPLE));
    error.into_compile_error()
}

fn option_by_option(input: ParseStream<'_>) -> Result<()> {
    while !input.is_empty() {
        let first = input.fork().parse::<TokenTree>()?;
        let Ok(name) = input.call(Ident::parse_any) else {
            return Err(Error::new_spanned(first, EXAMPLE));
        };
        if !input.peek(Token![=]) || input.peek(Token![==]) {
            let message = format!("no value for `{name}`: {EXAMPLE}");
            return Err(Error::new_spanned(name, message));
        }
        let equals = input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(Error::new_spanned(
                equals,
                format!("no value after `{name} =`"),
            ));
        }
        input.parse::<Expr>()?;
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error("options are parted by commas: a `,` is missing before this"));
        }
        input.parse::<Option<Token![,]>>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn well_formed_options_pass_but_for_those_that_run_gives_itself() {
        let code = quote!(a.token("x").run_blocking());
        let same = checked(quote!([token state] #code));
        assert_eq!(same.to_string(), code.to_string());
        for end in [quote!(build), quote!(run), quote!(run_blocking)] {
            let told = checked(quote!([token #end] #code)).to_string();
            assert!(told.contains(&format!("`{end}` is no option")), "{told}");
        }
    }

    #[test]
    fn the_first_mistake_is_told() {
        for (options, words) in [
            (quote!("x"), "an option is written"),
            (quote!(token), "no value for `token`"),
            (quote!(token == "x"), "no value for `token`"),
            (quote!(token("x")), "no value for `token`"),
            (quote!(token =), "no value after `token =`"),
            (
                quote!(state = a::<B, C>(), token = , x = 1),
                "no value after `token =`",
            ),
            (quote!(token = "x" shard = (0, 1)), "a `,` is missing"),
            (
                quote!(token = "x", , shard = (0, 1)),
                "an option is written",
            ),
        ] {
            let told = mistake(options).to_string();
            assert!(told.contains(words), "{told}");
        }
    }
}
