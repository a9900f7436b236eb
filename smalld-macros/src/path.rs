//! `path!`: a template that Discord documents, and the values that go into it.

use proc_macro2::{Delimiter, Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, LitStr, Path, Result, Token};

use crate::expand::private;
use crate::filter::default_smalld;
use crate::mistakes::Mistakes;
use crate::names;
use crate::place::Place;
use crate::template::{Hole, Template};
use crate::text;

mod keyword {
    syn::custom_keyword!(new);
}

/// The code of a `path!`.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    match parse.parse2(input) {
        Ok(call) => call.into_tokens(),
        // A block, because this is an expression and there may be several errors.
        Err(error) => {
            let errors = error.into_compile_error();
            quote_spanned!(Span::mixed_site()=> { #errors })
        }
    }
}

/// A call with one value for each hole of the template.
struct Call {
    smalld: TokenStream,
    template: String,
    literals: Vec<String>,
    values: Vec<Expr>,
}

fn parse(input: ParseStream<'_>) -> Result<Call> {
    let smalld = renamed(input)?.map_or_else(default_smalld, Path::into_token_stream);
    let new: Option<keyword::new> = input.parse()?;
    if input.is_empty() {
        return Err(Error::new(
            Span::call_site(),
            "no path: write a string, as in `path!(\"/channels/{}/messages\", id)`",
        ));
    }
    let Ok(literal) = input.parse::<LitStr>() else {
        let rest: TokenStream = input.parse()?;
        return Err(Error::new_spanned(
            rest,
            "the template must be a string literal; for a path made at run time, pass the `String` itself without `path!`",
        ));
    };
    let arguments = arguments(input)?;

    let mut mistakes = Mistakes::default();
    let text = literal.value();
    let template = match Template::parse(&text) {
        Ok(template) => Some(template),
        Err(errors) => {
            for error in errors {
                mistakes.at(&literal, error);
            }
            None
        }
    };
    if let Some(template) = &template
        && new.is_none()
        && !names::is_route(&template.segments())
    {
        let nearest = names::nearest_route(&template.segments());
        mistakes.at(
            &literal,
            format!(
                "Discord does not document `{text}`; the nearest path is `{nearest}`\n\
             for a path that is newer than smalld write `path!(new \"{text}\", ..)`"
            ),
        );
    }
    for argument in &arguments {
        if let Expr::Assign(named) = argument {
            mistakes.at(named, "arguments of `path!` have no names: write only the value, and `{}` in the template");
        }
    }
    let values = template
        .as_ref()
        .map(|template| values(template, &literal, arguments, &mut mistakes));
    mistakes.into_result()?;
    let literals = template
        .map(|template| template.literals())
        .unwrap_or_default();
    Ok(Call {
        smalld,
        template: text,
        literals,
        values: values.unwrap_or_default(),
    })
}

fn renamed(input: ParseStream<'_>) -> Result<Option<Path>> {
    if !(input.peek(Token![crate]) && input.peek2(Token![=])) {
        return Ok(None);
    }
    input.parse::<Token![crate]>()?;
    input.parse::<Token![=]>()?;
    let path = input.call(Path::parse_mod_style)?;
    input.parse::<Option<Token![,]>>()?;
    Ok(Some(path))
}

fn arguments(input: ParseStream<'_>) -> Result<Punctuated<Expr, Token![,]>> {
    if input.is_empty() {
        return Ok(Punctuated::new());
    }
    if !input.peek(Token![,]) {
        return Err(input.error("expected `,` after the template"));
    }
    input.parse::<Token![,]>()?;
    Punctuated::parse_terminated(input)
}

/// The value of each hole.
fn values(
    template: &Template,
    literal: &LitStr,
    arguments: Punctuated<Expr, Token![,]>,
    mistakes: &mut Mistakes,
) -> Vec<Expr> {
    let wanted = template.holes().filter(|hole| **hole == Hole::Next).count();
    let given = arguments.len();
    if given < wanted {
        let placeholders = if wanted == 1 {
            "1 placeholder `{}`"
        } else {
            &format!("{wanted} placeholders `{{}}`")
        };
        let arguments = match given {
            0 => "no arguments were given".to_owned(),
            1 => "there is 1 argument".to_owned(),
            _ => format!("there are {given} arguments"),
        };
        mistakes.at(
            literal,
            format!("{placeholders} in the template, but {arguments}"),
        );
    }
    for surplus in arguments.iter().skip(wanted) {
        mistakes.at(surplus, "unused argument: the template has no `{}` for it");
    }
    let mut next = arguments.into_iter();
    let value = |hole: &Hole| match hole {
        Hole::Next => next.next(),
        Hole::Named(name) => Some(variable(name, literal.span())),
    };
    template.holes().filter_map(value).collect()
}

/// Resolved at the template, as `format!` does.
fn variable(name: &str, span: Span) -> Expr {
    let is_plain = |name: &str| syn::parse_str::<Ident>(name).is_ok() || name == "self";
    let name = if is_plain(name) {
        Ident::new(name, span)
    } else {
        Ident::new_raw(name, span)
    };
    Expr::Verbatim(name.into_token_stream())
}

impl Call {
    fn into_tokens(self) -> TokenStream {
        let mixed = Span::mixed_site();
        let Self {
            smalld,
            template,
            literals,
            values,
        } = self;
        let private = private(&smalld);
        let values = values.iter().map(|value| {
            let text = readable(value);
            let place = Place::of(value);
            let path_value = place.over(quote_spanned!(mixed=> #private::path_value));
            let reference = place.over(quote_spanned!(mixed=> &));
            let value = place.enclose(Delimiter::Parenthesis, value.to_token_stream());
            let value = place.enclose(
                Delimiter::Parenthesis,
                quote_spanned!(mixed=> #reference #value),
            );
            quote_spanned!(mixed=> (#text, #path_value #value))
        });
        quote_spanned!(mixed=> #private::path(#template, &[#(#literals),*], &[#(#values),*]))
    }
}

fn readable(value: &Expr) -> String {
    match value {
        // A variable of the template is shown without `r#`.
        Expr::Verbatim(name) => syn::parse2::<Ident>(name.clone())
            .map_or_else(|_| name.to_string(), |name| name.unraw().to_string()),
        value => text::readable(value.to_token_stream()),
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn code(input: TokenStream) -> String {
        parse
            .parse2(input)
            .map(Call::into_tokens)
            .unwrap()
            .to_string()
    }

    fn mistakes(input: TokenStream) -> Vec<String> {
        let error = parse.parse2(input).err().expect("a mistake");
        error.into_iter().map(|error| error.to_string()).collect()
    }

    fn mistake(input: TokenStream) -> String {
        let mistakes = mistakes(input);
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes.concat()
    }

    #[test]
    fn a_path_is_its_literals_and_its_values() {
        assert_eq!(
            code(quote!("/channels/{}/messages", msg["channel_id"],)),
            ":: smalld :: __private :: path (\"/channels/{}/messages\" , \
             & [\"/channels/\" , \"/messages\"] , \
             & [(\"msg[\\\"channel_id\\\"]\" , :: smalld :: __private :: path_value (& (msg [\"channel_id\"])))])"
        );
        assert!(
            code(quote!(crate = a::b, "/users/@me")).starts_with("a :: b :: __private :: path (")
        );
        assert!(code(quote!(new "/things/{}", 5)).contains("\"/things/{}\""));
    }

    #[test]
    fn inline_names_mix_with_arguments() {
        let code = code(quote!(
            "/channels/{channel}/messages/{}/reactions/{type}/@me",
            id
        ));
        for value in ["(\"channel\" ,", "(\"id\" ,", "(\"type\" ,", "(& (r#type))"] {
            assert!(code.contains(value), "{value} in {code}");
        }
    }

    #[test]
    fn arguments_and_placeholders_must_agree() {
        assert!(
            mistake(quote!("/users/{}"))
                .starts_with("1 placeholder `{}` in the template, but no arguments")
        );
        assert!(
            mistake(quote!("/guilds/{}/members/{}", a))
                .starts_with("2 placeholders `{}` in the template, but there is 1")
        );
        assert_eq!(mistakes(quote!("/users/@me", a, b)).len(), 2);
        assert!(mistake(quote!("/users/{}", id = 5)).contains("have no names"));
        assert!(mistake(quote!("/users/{}" id)).contains("expected `,`"));
    }

    #[test]
    fn an_undocumented_path_gets_the_nearest_one() {
        let message = mistake(quote!("/channels/{}/mesages", id));
        assert!(
            message.contains("the nearest path is `/channels/{channel_id}/messages`"),
            "{message}"
        );
        assert!(
            message.contains("`path!(new \"/channels/{}/mesages\", ..)`"),
            "{message}"
        );
    }

    #[test]
    fn a_template_is_a_string() {
        assert!(mistake(quote!()).contains("no path"));
        assert!(mistake(quote!(new)).contains("no path"));
        assert!(mistake(quote!(url)).contains("pass the `String` itself"));
        assert!(mistake(quote!(new "things")).contains("must begin with `/`"));
    }
}
