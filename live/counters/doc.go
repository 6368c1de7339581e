// Package counters is what live's threads do on a real Linux kernel only: BPF programs that increment counters in place,
// through the pointer that their lookup gave, while others walk the map. It answers for no kernel file.
//
// It is a module of its own, so that bpfsim does not depend on an assembler of BPF programs.
package counters
