// Package bubble runs goroutines one step at a time, in an order that a sim.Chooser picks. The code between the steps is unmodified; its
// time is virtual (testing/synctest). It is not a race detector: between two steps goroutines run as Go's scheduler likes.
package bubble
