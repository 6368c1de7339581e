// Package explore asks what a walk of a changing map guarantees: a Scenario names a map, a walk, what others do
// meanwhile and a contract, and is run on the machine of package sim under every schedule up to a bound, or under sampled
// ones. What comes out is the smallest schedule that breaks the contract, or the number of schedules that keep it.
//
// It judges with the contracts of package model and replays schedules of whole calls on a real Linux kernel.
package explore
