// Package live walks maps while other threads change them, truly at the same time: on bpfsim under goroutines, on Linux
// under threads pinned to CPUs. Each call is recorded with the interval in which it took effect, and the contracts of
// package model judge the histories. Its tests also hold single operations against porcupine's linearizability checker.
//
// Where package explore visits every schedule of a few steps, this one meets schedules by chance, and many steps.
//
// [Cases] are the walks and mixes of changes that a [Machine] knows ([NewBpfsim], [Linux]), [Stress] runs one.
package live
