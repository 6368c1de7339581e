// Package proptest holds bpfsim against the real kernel: one generated program of bpf(2) calls runs on several kernels,
// step by step, and every result, every byte of user memory and the model's judgement must agree.
//
// A [Program] is data with a text form, so that a failure can be read, pasted into testdata and run again. A [Kernel] is
// what a program runs on: bpfsim ([NewSim]) everywhere, Linux ([NewLinux]) where bpf(2) is allowed. [Compare] runs one
// program, [Campaign] runs drawn ones until enough calls were made. It is no test of schedules finer than whole calls;
// those belong to package sim.
package proptest
