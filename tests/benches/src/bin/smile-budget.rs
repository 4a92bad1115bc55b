//! Counts the instructions and allocations of one request, and compares them with the budget.

fn main() {}
