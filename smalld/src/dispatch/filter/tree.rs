//! The pointers of all handlers of an event as one tree, so that one walk over the JSON decides about all of
//! them. It skips what no pointer leads into, and ends when all is decided.

use crate::dispatch::filter::pointer::{array_index, is_key};
use crate::dispatch::filter::set::{Set, ShortSet, contains, insert};
use crate::dispatch::filter::values::{Found, Values};
use crate::dispatch::trigger::Field;
use crate::event::skim::{Cursor, Kind, RawString};

/// The tree of some handlers' pointers.
pub(super) struct Tree {
    root: Node,
    nodes: usize,
    handlers: usize,
}

/// A place in the JSON.
struct Node {
    /// Its number in the tree.
    number: usize,
    /// The conditions on the value here.
    values: Option<Values>,
    /// The handlers that have a condition here or further down.
    concerned: Set,
    children: Vec<Child>,
    /// A bit for each length that a child's key has. Most keys in the JSON are told apart by it.
    lengths: u64,
}

struct Child {
    key: Box<str>,
    /// Set if the key may also be an array index.
    index: Option<usize>,
    node: Node,
}

impl Node {
    fn new(number: usize, handlers: usize) -> Self {
        Self {
            number,
            values: None,
            concerned: Set::new(handlers),
            children: Vec::new(),
            lengths: 0,
        }
    }

    fn child(&self, key: RawString<'_>) -> Option<&Child> {
        if !key.has_escapes && self.lengths & length_bit(key.text) == 0 {
            return None;
        }
        self.children.iter().find(|child| is_key(key, &child.key))
    }
}

/// Bit 63 is for all long keys.
fn length_bit(key: &str) -> u64 {
    1 << key.len().min(63)
}

impl Tree {
    pub(super) fn new(handlers: usize) -> Self {
        Self {
            root: Node::new(0, handlers),
            nodes: 1,
            handlers,
        }
    }

    /// Adds the condition of a handler at the end of these tokens.
    pub(super) fn add(&mut self, tokens: &[Box<str>], field: &Field, handler: usize) {
        let mut node = &mut self.root;
        node.concerned.insert(handler);
        for token in tokens {
            let known = node.children.iter().position(|child| child.key == *token);
            let place = known.unwrap_or_else(|| {
                node.children.push(Child {
                    key: token.clone(),
                    index: array_index(token),
                    node: Node::new(self.nodes, self.handlers),
                });
                node.lengths |= length_bit(token);
                self.nodes += 1;
                node.children.len() - 1
            });
            node = &mut node.children[place].node;
            node.concerned.insert(handler);
        }
        let values = node
            .values
            .get_or_insert_with(|| Values::new(self.handlers));
        values.add(field, handler);
    }

    /// Removes the handlers whose conditions do not hold for the first value in this text. The error is
    /// the position of a mistake.
    pub(super) fn decide(&self, json: &str, alive: &mut [u64]) -> Result<(), usize> {
        if !self.root.concerned.meets(alive) {
            return Ok(());
        }
        let mut walk = Walk {
            cursor: Cursor::new(json),
            alive,
            marked: ShortSet::empty(self.handlers),
            seen: ShortSet::empty(self.nodes),
        };
        match walk.value(&self.root) {
            Some(_) => Ok(()),
            None => Err(walk.cursor.at()),
        }
    }
}

/// A walk over the JSON of one event.
struct Walk<'w, 't> {
    cursor: Cursor<'t>,
    alive: &'w mut [u64],
    marked: ShortSet,
    /// The nodes that have been decided: the first of duplicate keys counts.
    seen: ShortSet,
}

impl Walk<'_, '_> {
    /// Reads the value of a node, or as much of it as has to be known. Returns how many objects and arrays
    /// are still open then, or `None` at a mistake.
    fn value(&mut self, node: &Node) -> Option<usize> {
        let kind = self.cursor.kind()?;
        let found = match kind {
            Kind::Object | Kind::Array => Found::Container,
            Kind::Literal => Found::Literal(self.cursor.literal()),
            Kind::String => {
                let RawString { text, has_escapes } = self.cursor.string()?;
                Found::String {
                    raw: text,
                    has_escapes,
                }
            }
        };
        self.decide(node, found);
        match kind {
            Kind::Object => self.members(node),
            Kind::Array => self.elements(node),
            Kind::Literal | Kind::String => {
                self.absent_children(node);
                Some(0)
            }
        }
    }

    fn members(&mut self, node: &Node) -> Option<usize> {
        self.cursor.enter();
        if !self.is_undecided(node) {
            return Some(1);
        }
        let mut is_first = true;
        while self.cursor.next(is_first, b'}')? {
            is_first = false;
            let key = self.cursor.key()?;
            match node.child(key) {
                Some(child) if !contains(&self.seen, child.node.number) => {
                    let open = self.value(&child.node)?;
                    if !self.is_undecided(node) {
                        return Some(open + 1);
                    }
                    self.cursor.leave(open)?;
                }
                _ => self.cursor.skip()?,
            }
        }
        self.absent_children(node);
        Some(0)
    }

    fn elements(&mut self, node: &Node) -> Option<usize> {
        self.cursor.enter();
        if !self.is_undecided(node) {
            return Some(1);
        }
        let mut index = 0;
        while self.cursor.next(index == 0, b']')? {
            let child = node.children.iter().find(|it| it.index == Some(index));
            index += 1;
            let Some(child) = child else {
                self.cursor.skip()?;
                continue;
            };
            let open = self.value(&child.node)?;
            if !self.is_undecided(node) {
                return Some(open + 1);
            }
            self.cursor.leave(open)?;
        }
        self.absent_children(node);
        Some(0)
    }

    /// Whether a handler that may still match has a condition on a child that has not come yet.
    fn is_undecided(&self, node: &Node) -> bool {
        node.children.iter().any(|child| {
            !contains(&self.seen, child.node.number) && child.node.concerned.meets(self.alive)
        })
    }

    fn absent_children(&mut self, node: &Node) {
        for child in &node.children {
            if !contains(&self.seen, child.node.number) {
                self.decide(&child.node, Found::Absent);
                self.absent_children(&child.node);
            }
        }
    }

    fn decide(&mut self, node: &Node, found: Found<'_>) {
        insert(&mut self.seen, node.number);
        if let Some(values) = &node.values {
            values.decide(found, self.alive, &mut self.marked);
        }
    }
}
