//! Circles in a graph of files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The files that each file imports from.
pub(crate) type Graph<'f> = BTreeMap<&'f str, BTreeSet<&'f str>>;

/// The shortest circle of each group of files that all lead to each other.
pub(crate) fn circles<'f>(graph: &Graph<'f>) -> Vec<Vec<&'f str>> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut circles = Vec::new();
    for &file in graph.keys() {
        if seen.contains(file) {
            continue;
        }
        let group: Vec<&str> = reachable(graph, file)
            .into_iter()
            .filter(|other| reachable(graph, other).contains(file))
            .collect();
        seen.extend(group.iter().copied());
        let through = group.iter().filter_map(|file| circle(graph, file));
        circles.extend(through.min_by_key(Vec::len));
    }
    circles
}

/// Whether the second can be reached from the first.
pub(crate) fn leads(graph: &Graph<'_>, from: &str, to: &str) -> bool {
    reachable(graph, from).contains(to)
}

/// What can be reached from a file by one arrow or more.
fn reachable<'f>(graph: &Graph<'f>, from: &str) -> BTreeSet<&'f str> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&str> = graph.get(from).into_iter().flatten().copied().collect();
    while let Some(file) = next.pop() {
        if reached.insert(file) {
            next.extend(graph.get(file).into_iter().flatten());
        }
    }
    reached
}

/// The shortest path from a file back to itself, without its end.
fn circle<'f>(graph: &Graph<'f>, file: &'f str) -> Option<Vec<&'f str>> {
    let mut ways = VecDeque::from([vec![file]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        for &next in graph.get(last).into_iter().flatten() {
            if next == file {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push_back(way.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

#[test]
fn finds_the_shortest_circle_of_each_group() {
    let graph: Graph<'_> = [
        ("a", ["b", "d"].into()),
        ("b", ["c"].into()),
        ("c", ["a"].into()),
        ("d", ["a", "e"].into()),
        ("e", ["f"].into()),
        ("f", ["e"].into()),
        ("g", ["a"].into()),
    ]
    .into();
    assert_eq!(circles(&graph), [vec!["a", "d"], vec!["e", "f"]]);
    assert!(leads(&graph, "g", "f") && !leads(&graph, "f", "g"));
}
