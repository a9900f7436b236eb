//! The number of allocations of this process, if the feature is on.

#[cfg(feature = "allocations")]
#[global_allocator]
static ALLOCATOR: &stats_alloc::StatsAlloc<std::alloc::System> = &stats_alloc::INSTRUMENTED_SYSTEM;

pub(crate) fn so_far() -> Option<usize> {
    #[cfg(feature = "allocations")]
    let allocations = {
        let stats = ALLOCATOR.stats();
        Some(stats.allocations + stats.reallocations)
    };
    #[cfg(not(feature = "allocations"))]
    let allocations = None;
    allocations
}
