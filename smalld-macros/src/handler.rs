//! The annotated function: its name, parameters and return type. The body is never parsed, so that a
//! half-typed one is reported by the compiler alone.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Abi, Attribute, Error, FnArg, GenericParam, Meta, Result, ReturnType, Safety};
use syn::{Signature, Token, Type, Visibility};

use crate::mistakes::Mistakes;

/// A function whose form is that of a handler. Traits check its types.
pub(crate) struct Handler {
    pub(crate) name: Ident,
    /// Its `#[cfg(..)]` attributes.
    pub(crate) cfgs: TokenStream,
    pub(crate) is_async: bool,
    pub(crate) parameters: Vec<Parameter>,
    /// The return type, if written.
    pub(crate) output: Option<Type>,
}

pub(crate) struct Parameter {
    pub(crate) cfgs: TokenStream,
    pub(crate) ty: Type,
}

impl Handler {
    pub(crate) fn parse(item: TokenStream) -> Result<Self> {
        let parse = |input: ParseStream<'_>| {
            let handler = Self::parse_signature(input);
            // The parser expects all tokens to be consumed.
            input.parse::<TokenStream>()?;
            handler
        };
        parse.parse2(item)
    }

    fn parse_signature(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        expect_function(input)?;
        let signature = input.parse::<Signature>()?;

        let mut mistakes = Mistakes::default();
        qualifiers(&signature, &mut mistakes);
        generics(&signature, &mut mistakes);
        let parameters = parameters(signature.inputs, &mut mistakes);
        if let Some(variadic) = &signature.variadic {
            mistakes.at(
                variadic,
                "a handler cannot have `...`: write one parameter for each value that it takes",
            );
        }
        mistakes.into_result()?;

        let output = match signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(*ty),
        };
        Ok(Self {
            name: signature.ident,
            cfgs: cfgs(&attributes),
            is_async: signature.asyncness.is_some(),
            parameters,
            output,
        })
    }

    /// Its name without `r#`.
    pub(crate) fn readable_name(&self) -> String {
        self.name.unraw().to_string()
    }
}

/// The `cfg` attributes, including those in a `cfg_attr`, which is not expanded yet if it is below ours.
fn cfgs(attributes: &[Attribute]) -> TokenStream {
    let conditions = attributes.iter().filter_map(|it| condition(&it.meta));
    quote!(#(#[#conditions])*)
}

fn condition(meta: &Meta) -> Option<TokenStream> {
    if meta.path().is_ident("cfg") {
        return Some(meta.to_token_stream());
    }
    let Meta::List(list) = meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let tokens: Vec<_> = list.tokens.clone().into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(it) if it.as_char() == ',');
    let mut parts = tokens
        .split(is_comma)
        .map(|part| part.iter().cloned().collect::<TokenStream>());
    let predicate = parts.next()?;
    let inner = parts.filter_map(|part| condition(&syn::parse2(part).ok()?));
    let inner: Vec<_> = inner.collect();
    (!inner.is_empty()).then(|| quote!(cfg_attr(#predicate, #(#inner),*)))
}

/// An error in our words if the item is a struct, a module or anything else.
fn expect_function(input: ParseStream<'_>) -> Result<()> {
    let ahead = input.fork();
    ahead.parse::<Option<Token![const]>>()?;
    ahead.parse::<Option<Token![async]>>()?;
    ahead.parse::<Option<Token![unsafe]>>()?;
    ahead.parse::<Option<Abi>>()?;
    if ahead.peek(Token![fn]) {
        return Ok(());
    }
    match input.fork().parse::<TokenTree>() {
        Ok(first) => {
            let message = format!("a handler is a function: the attribute cannot be on `{first}`");
            Err(Error::new_spanned(first, message))
        }
        Err(_) => Err(input.error("a handler is a function: write the attribute before an `fn`")),
    }
}

fn qualifiers(signature: &Signature, mistakes: &mut Mistakes) {
    if let Some(constness) = &signature.constness {
        mistakes.at(
            constness,
            "a handler cannot be a `const fn`: remove `const`",
        );
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        mistakes.at(
            unsafety,
            "a handler cannot be an `unsafe fn`, since smalld calls it from safe code: remove `unsafe`",
        );
    }
    if let Some(abi) = &signature.abi {
        mistakes.at(abi, "a handler cannot be an `extern fn`: remove `extern`");
    }
}

fn generics(signature: &Signature, mistakes: &mut Mistakes) {
    for parameter in &signature.generics.params {
        let message = match parameter {
            GenericParam::Lifetime(lifetime) => format!(
                "a handler cannot have lifetime parameters: remove `{0}` here and write `'_` instead, as in `Msg<'_>`",
                lifetime.lifetime
            ),
            GenericParam::Type(ty) => format!(
                "a handler cannot be generic, since nothing determines `{}`: write a concrete type",
                ty.ident
            ),
            GenericParam::Const(constant) => format!(
                "a handler cannot be generic, since nothing determines `{}`: write a value",
                constant.ident
            ),
        };
        mistakes.at(parameter, message);
    }
}

fn parameters(inputs: Punctuated<FnArg, Token![,]>, mistakes: &mut Mistakes) -> Vec<Parameter> {
    let mut parameters = Vec::new();
    for input in inputs {
        match input {
            FnArg::Receiver(receiver) => mistakes.at(
                receiver,
                "a handler is a free function without `self`: move it out of the `impl`, and take shared values as `State<T>`",
            ),
            FnArg::Typed(typed) => {
                if let Some(opaque) = find_impl(typed.ty.to_token_stream()) {
                    mistakes.at(opaque, "a handler's parameter needs a concrete type, not `impl Trait`");
                }
                parameters.push(Parameter { cfgs: cfgs(&typed.attrs), ty: *typed.ty });
            }
        }
    }
    parameters
}

/// The `impl` keyword in a type, at any depth.
pub(crate) fn find_impl(tokens: TokenStream) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(word) => (word == "impl").then_some(word),
        TokenTree::Group(group) => find_impl(group.stream()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(item: TokenStream) -> Vec<String> {
        let error = Handler::parse(item).err().expect("a mistake");
        error.into_iter().map(|error| error.to_string()).collect()
    }

    fn mistake(item: TokenStream) -> String {
        let mistakes = mistakes(item);
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        mistakes.concat()
    }

    #[test]
    fn a_handler_is_read_from_its_signature() {
        let handler = Handler::parse(quote! {
            /// Greets.
            #[cfg(unix)]
            #[allow(unused)]
            pub(crate) async fn r#type(bot: SmallD, mut a: A<'_>, (x, _): (u8, u8), #[cfg(b)] State(s): State<S>,) -> Result<(), E> { half typed = }
        })
        .unwrap();
        let types: Vec<_> = handler
            .parameters
            .iter()
            .map(|it| it.ty.to_token_stream().to_string())
            .collect();
        assert_eq!(types, ["SmallD", "A < '_ >", "(u8 , u8)", "State < S >"]);
        assert_eq!(handler.parameters[3].cfgs.to_string(), "# [cfg (b)]");
        assert_eq!(
            (handler.readable_name().as_str(), handler.is_async),
            ("type", true)
        );
        assert_eq!(handler.cfgs.to_string(), "# [cfg (unix)]");
        assert_eq!(
            handler.output.into_token_stream().to_string(),
            "Result < () , E >"
        );
    }

    #[test]
    fn conditions_in_other_conditions_are_found() {
        let handler = Handler::parse(quote! {
            #[cfg_attr(a, unsafe(no_mangle), cfg(b), cfg_attr(true, cfg(d), inline))]
            #[cfg_attr(a, inline)]
            #[cfg_attr(any(a, feature = "b"), doc = "text")]
            fn f() {}
        })
        .unwrap();
        assert_eq!(
            handler.cfgs.to_string(),
            "# [cfg_attr (a , cfg (b) , cfg_attr (true , cfg (d)))]"
        );
    }

    #[test]
    fn a_handler_may_be_sync_and_take_nothing() {
        let handler = Handler::parse(quote!(
            fn f() {}
        ))
        .unwrap();
        assert!(!handler.is_async && handler.parameters.is_empty() && handler.output.is_none());
    }

    #[test]
    fn an_item_that_is_not_a_function_is_named() {
        for (item, word) in [
            (
                quote!(
                    pub struct S;
                ),
                "struct",
            ),
            (
                quote!(
                    enum E {}
                ),
                "enum",
            ),
            (
                quote!(
                    mod m {}
                ),
                "mod",
            ),
            (
                quote!(
                    const X: u8 = 0;
                ),
                "const",
            ),
            (quote!(impl S {}), "impl"),
            (
                quote!(
                    unsafe trait T {}
                ),
                "unsafe",
            ),
        ] {
            assert!(mistake(item).ends_with(&format!("cannot be on `{word}`")));
        }
    }

    #[test]
    fn each_form_that_a_handler_cannot_have_is_reported() {
        assert!(
            mistake(quote!(
                fn f(&self) {}
            ))
            .contains("without `self`")
        );
        assert!(
            mistake(quote!(
                fn f(self: Arc<Self>) {}
            ))
            .contains("without `self`")
        );
        assert!(
            mistake(quote!(
                fn f<'a>(m: Msg<'a>) {}
            ))
            .contains("as in `Msg<'_>`")
        );
        assert!(
            mistake(quote!(
                fn f<T: X>(m: T) {}
            ))
            .contains("determines `T`")
        );
        assert!(
            mistake(quote!(
                fn f<const N: usize>(m: [u8; N]) {}
            ))
            .contains("determines `N`")
        );
        assert!(
            mistake(quote!(
                fn f(m: Option<impl X>) {}
            ))
            .contains("`impl Trait`")
        );
        assert!(
            mistake(quote!(
                const fn f() {}
            ))
            .contains("remove `const`")
        );
        assert!(
            mistake(quote!(
                unsafe fn f() {}
            ))
            .contains("remove `unsafe`")
        );
        assert!(
            mistake(quote!(
                extern "C" fn f() {}
            ))
            .contains("remove `extern`")
        );
        assert!(
            mistakes(quote!(
                unsafe extern "C" fn f(a: u8, ...) {}
            ))
            .concat()
            .contains("cannot have `...`")
        );
        assert_eq!(
            mistakes(quote!(
                const unsafe fn f<T>(self, a: impl X) {}
            ))
            .len(),
            5
        );
    }
}
