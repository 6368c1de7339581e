// Package explore asks what a walk of a changing map guarantees: a Scenario names a map, a walk, what others do
// meanwhile and a contract, and is run on the machine of package sim under every schedule that anybody can tell apart, or under
// sampled ones. What comes out is the smallest schedule that breaks the contract, or the number of schedules that keep it.
//
// It judges with the contracts of package model and replays schedules of whole calls on a real Linux kernel.
//
// [Parse] reads a [Scenario] from its text ([Grammar]), [Explore] runs it, [Replay] runs one schedule again, [Shrink] makes scenario and schedule small. [Grid] is
// a row of docs/guarantees.md: a [Kind] of map, a [Way] of walking, all contracts and what breaks them.
package explore
