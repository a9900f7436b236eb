//! Output of an attribute: the function and one registration. Everything that can be a normal
//! function is one, in `smalld::__private`.
//!
//! Each piece has the span that an error about it should point at: a
//! parameter's type, the return type, the function's name. Names introduced here are resolved where
//! the macro is defined, so a handler may be named `bot` or `input`.

use proc_macro2::{Delimiter, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Type;

use crate::arguments::Operator;
use crate::filter::{Filter, Kind};
use crate::handler::{Handler, Parameter, find_impl};
use crate::place::Place;
use crate::pointer::{Alternative, Scalar};

pub(crate) fn registration(filter: &Filter, handler: &Handler) -> TokenStream {
    let mixed = Span::mixed_site();
    let private = private(&filter.smalld);
    let cfgs = &handler.cfgs;
    let path = handler.readable_name();
    // `line!` reports the outermost expansion of its own tokens: with the name's span, its line.
    let line = quote_spanned!(handler.name.span()=> ::core::line!());
    // No effect, except that editors lead from the name to the documentation of the event.
    let smalld = &filter.smalld;
    let documented = filter.words.iter().map(
        |word| quote_spanned!(mixed=> const _: &::core::primitive::str = #smalld::events::#word;),
    );
    let (check, via) = match filter.kind {
        Kind::Event => (quote_spanned!(mixed=> check), quote_spanned!(mixed=> , _)),
        Kind::Start => (quote_spanned!(mixed=> check_from_bot), TokenStream::new()),
        Kind::Error => (
            quote_spanned!(mixed=> check_from_failure),
            quote_spanned!(mixed=> , _),
        ),
    };
    let checks = handler.parameters.iter().map(|Parameter { cfgs, ty }| {
        let check = of_type(&quote_spanned!(mixed=> #private::#check), ty, &via);
        quote_spanned!(mixed=> #cfgs #check)
    });
    let trigger = trigger(filter, handler, &private);
    quote_spanned! {mixed=>
        #cfgs
        const _: () = {
            #(#documented)*
            #private::submit! { #private::Registration {
                name: ::core::concat!(::core::module_path!(), "::", #path),
                module: ::core::module_path!(),
                file: ::core::file!(),
                line: #line,
                trigger: #private::Trigger::#trigger,
                checks: &[#(#checks),*],
            } }
        };
    }
}

/// The module for generated code in smalld.
pub(crate) fn private(smalld: &TokenStream) -> TokenStream {
    quote_spanned!(Span::mixed_site()=> #smalld::__private)
}

fn trigger(filter: &Filter, handler: &Handler, private: &TokenStream) -> TokenStream {
    let mixed = Span::mixed_site();
    let call = call(filter.kind, handler, private);
    match filter.kind {
        Kind::Start => quote_spanned!(mixed=> Start(#call)),
        Kind::Error => quote_spanned!(mixed=> Error(#call)),
        Kind::Event => {
            let (wanted, ordered) = (wanted(filter, private), filter.ordered);
            quote_spanned! {mixed=>
                Event(#private::EventTrigger { filter: #wanted, ordered: #ordered, call: #call })
            }
        }
    }
}

fn wanted(filter: &Filter, private: &TokenStream) -> TokenStream {
    let mixed = Span::mixed_site();
    let Filter {
        t, fields, whole, ..
    } = filter;
    let borrowed = quote_spanned!(mixed=> #private::Borrowed);
    let op = filter.op.map(u64::from).map_or_else(
        || quote_spanned!(mixed=> ::core::option::Option::None),
        |op| quote_spanned!(mixed=> ::core::option::Option::Some(#op)),
    );
    let fields = fields.iter().map(|field| {
        let pointer = &field.pointer;
        let negated = field.operator == Operator::IsNot;
        let any = field.any.iter().map(|it| alternative(it, private));
        quote_spanned! {mixed=>
            #private::Field {
                pointer: #borrowed(#pointer),
                negated: #negated,
                any: #borrowed(&[#(#any),*]),
            }
        }
    });
    quote_spanned! {mixed=>
        #private::Filter {
            op: #op,
            t: #borrowed(&[#(#borrowed(#t)),*]),
            fields: #borrowed(&[#(#fields),*]),
            whole: #whole,
        }
    }
}

fn alternative(alternative: &Alternative, private: &TokenStream) -> TokenStream {
    let mixed = Span::mixed_site();
    let borrowed = quote_spanned!(mixed=> #private::Borrowed);
    let scalar = match alternative {
        Alternative::StartsWith(text) => {
            return quote_spanned!(mixed=> #private::Alternative::StartsWith(#borrowed(#text)));
        }
        Alternative::Is(Scalar::Null) => quote_spanned!(mixed=> Null),
        Alternative::Is(Scalar::Bool(is)) => quote_spanned!(mixed=> Bool(#is)),
        Alternative::Is(Scalar::Integer(is)) => quote_spanned!(mixed=> Integer(#is)),
        Alternative::Is(Scalar::String(is)) => quote_spanned!(mixed=> String(#borrowed(#is))),
    };
    quote_spanned!(mixed=> #private::Alternative::Is(#private::Scalar::#scalar))
}

/// `function::<ty>`, all of it at the span of the type.
fn of_type(function: &TokenStream, ty: &Type, more: &TokenStream) -> TokenStream {
    let mixed = Span::mixed_site();
    let place = Place::of(ty);
    let begin = place.over(quote_spanned!(mixed=> #function::<));
    let end = place.end(quote_spanned!(mixed=> #more>));
    quote_spanned!(mixed=> #begin #ty #end)
}

fn call(kind: Kind, handler: &Handler, private: &TokenStream) -> TokenStream {
    let mixed = Span::mixed_site();
    let Handler { name, output, .. } = handler;
    let (extract, via, from) = match kind {
        Kind::Event => (
            quote_spanned!(mixed=> extract),
            quote_spanned!(mixed=> , _),
            quote_spanned!(mixed=> (&bot, &input)?),
        ),
        Kind::Start => (
            quote_spanned!(mixed=> extract_from_bot),
            TokenStream::new(),
            quote_spanned!(mixed=> (&bot)?),
        ),
        Kind::Error => (
            quote_spanned!(mixed=> extract_from_failure),
            quote_spanned!(mixed=> , _),
            quote_spanned!(mixed=> (&bot, &input)?),
        ),
    };
    let arguments = handler.parameters.iter().map(|Parameter { cfgs, ty }| {
        let extract = of_type(&quote_spanned!(mixed=> #private::#extract), ty, &via);
        let from = Place::of(ty).end(from.clone());
        quote_spanned!(mixed=> #cfgs #extract #from)
    });
    let outcome = match output {
        // The type is written out if it can be, so that all of it is underlined.
        Some(output) if find_impl(output.to_token_stream()).is_none() => {
            let outcome = of_type(
                &quote_spanned!(mixed=> #private::outcome),
                output,
                &TokenStream::new(),
            );
            let returned = Place::of(output).end(quote_spanned!(mixed=> (returned)));
            quote_spanned!(mixed=> #outcome #returned)
        }
        _ => quote_spanned!(mixed=> #private::outcome(returned)),
    };
    if handler.is_async {
        // A future that is not `Send` is reported at the function's name.
        let place = Place::of(name);
        let run = quote_spanned! {mixed=>
            let returned = #name(#(#arguments),*).await;
            #outcome
        };
        let run = place.enclose(Delimiter::Brace, run);
        let block = place.over(quote_spanned!(mixed=> async move));
        let run = place.enclose(Delimiter::Parenthesis, quote_spanned!(mixed=> #block #run));
        let boxed = place.over(quote_spanned!(mixed=> ::std::boxed::Box::pin));
        quote_spanned!(mixed=> #private::Call::Async(|bot, input| #boxed #run))
    } else {
        quote_spanned! {mixed=>
            #private::Call::Blocking(|bot, input| {
                let returned = #name(#(#arguments),*);
                #outcome
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    fn expanded(arguments: TokenStream, item: TokenStream) -> String {
        let filter = Filter::from_event(arguments).unwrap();
        let handler = Handler::parse(item).unwrap_or_else(|error| panic!("{error}"));
        registration(&filter, &handler).to_string()
    }

    #[test]
    fn a_handler_becomes_one_registration() {
        let code = expanded(
            quote!(
                message_create,
                "/type" = -1,
                "/a" = null,
                "/b" != true | "c"..
            ),
            quote!(
                #[cfg(unix)]
                async fn echo(bot: SmallD, msg: Msg<'_>) {}
            ),
        );
        assert!(code.starts_with("# [cfg (unix)] const _ : () ="), "{code}");
        for part in [
            ":: smalld :: __private :: submit !",
            "Some (0u64) , t : :: smalld :: __private :: Borrowed (& [:: smalld :: __private :: Borrowed (\"MESSAGE_CREATE\")])",
            "Scalar :: Integer (- 1i128)",
            "Scalar :: Null",
            "Scalar :: Bool (true)",
            "negated : true",
            "Alternative :: StartsWith (:: smalld :: __private :: Borrowed (\"c\"))",
            ":: smalld :: __private :: check :: < Msg < '_ > , _ >",
            "echo (:: smalld :: __private :: extract :: < SmallD , _ > (& bot , & input) ? ,",
            "Call :: Async",
            "ordered : false",
        ] {
            assert!(code.contains(part), "{part} in {code}");
        }
    }

    #[test]
    fn a_sync_function_may_block_and_smalld_may_have_another_name() {
        let code = expanded(
            quote!(ready, ordered, crate = a::b),
            quote!(
                fn f() -> Result<(), E> {}
            ),
        );
        assert!(
            code.contains("a :: b :: __private :: Call :: Blocking"),
            "{code}"
        );
        assert!(
            code.contains("ordered : true") && !code.contains("smalld"),
            "{code}"
        );
    }
}
