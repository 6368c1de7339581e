// Package prefetch asks the processor for memory before it is needed. Go has no function for that, hence a few lines of
// assembly. The maps and the bare loops that they are measured against use the same ones.
package prefetch
