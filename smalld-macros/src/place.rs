//! Spans of the user's code for generated tokens, so that the compiler underlines what the user
//! wrote. Names are still resolved where the macros are defined.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The span from the first to the last of some tokens.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    first: Span,
    last: Span,
}

impl Place {
    pub(crate) fn of(tokens: &impl ToTokens) -> Self {
        let mut spans = tokens
            .to_token_stream()
            .into_iter()
            .map(|token| token.span());
        let first = spans.next().unwrap_or_else(Span::mixed_site);
        Self {
            first,
            last: spans.last().unwrap_or(first),
        }
    }

    /// Moves tokens so that they reach from its beginning to its end.
    pub(crate) fn over(self, tokens: TokenStream) -> TokenStream {
        let mut place = self.first;
        let moved = tokens.into_iter().map(|token| {
            let token = at(place, token);
            place = self.last;
            token
        });
        moved.collect()
    }

    /// Moves tokens to its end.
    pub(crate) fn end(self, tokens: TokenStream) -> TokenStream {
        tokens
            .into_iter()
            .map(|token| at(self.last, token))
            .collect()
    }

    /// Puts delimiters at its end around tokens that stay where they are.
    pub(crate) fn enclose(self, delimiter: Delimiter, tokens: TokenStream) -> TokenStream {
        let mut group = Group::new(delimiter, tokens);
        group.set_span(Span::mixed_site().located_at(self.last));
        TokenTree::Group(group).into()
    }
}

fn at(place: Span, mut token: TokenTree) -> TokenTree {
    let span = token.span().located_at(place);
    if let TokenTree::Group(group) = token {
        let inner = group.stream().into_iter().map(|token| at(place, token));
        token = Group::new(group.delimiter(), inner.collect()).into();
    }
    token.set_span(span);
    token
}
