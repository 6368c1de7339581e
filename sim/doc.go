// Package sim is a deterministic machine: CPUs, tasks pinned to them, and a Chooser that says who takes the next step.
//
// A task is a coroutine. It stops before every action that another CPU could see (maps.Point), so that a schedule is
// a list of choices, and the same choices give the same run. The steps answer for no kernel file: they are the
// grain at which maps and bpfsys say they can be interleaved. Memory is sequentially consistent here; the machine
// shows no reordering of loads and stores by a CPU.
//
// Start with [NewMachine]: add tasks, and [Explore] it under [Schedules], such as [NewDPOR] (each kind of schedule once), [NewDFS], [NewRandom] and
// [NewPCT]. [Shrink] makes a failing schedule small, [ParseReplay] runs one again.
package sim
