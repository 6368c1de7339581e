// Package bench measures bpfsim against its rivals on the machine it runs on: the real bpf(2), a Go map under a lock,
// and memcpy of the same bytes. Rivals take turns in one run, a few milliseconds each, so that what disturbs one
// disturbs all; figures are medians, and ratios are medians of the turns' ratios.
package bench
