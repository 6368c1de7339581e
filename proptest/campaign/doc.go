// Package campaign holds bpfsim against the real kernel: one program of bpf(2) calls runs on several kernels, step by
// step, and every result, every byte of user memory and the model's judgement must agree.
//
// [Compare] runs one program, [Run] runs drawn ones until enough calls were made, and shrinks those that fail; a [Fuzzer]
// runs drawn scenarios of package explore too. It is no test of schedules finer than whole calls; those belong to package
// sim.
package campaign
