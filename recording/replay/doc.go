// Package replay makes recorded calls again, on bpfsim or on Linux, and compares what is answered with what was recorded.
package replay
