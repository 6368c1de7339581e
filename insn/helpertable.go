// Measured on Linux 6.18 by TestHelpersAsLinux of proptest/kernel, which compares it with the running kernel.

package insn

import "github.com/bpfsim/bpfsim/abi"

// helpersOfAll may be called by programs of all types.
const helpersOfAll = "1-3 5-8 12 14-17 22 35 37 42 55 80 87-89 93 94 105 106 109 112-115 117 118 120 123 125 130-134 141 148 149 153 154 156-158 164 165 169-172 175-177 180-182 191 194 195 197-203 208-211"

// gplHelpers are for programs whose license is compatible with the GPL.
const gplHelpers = "4 6 22 25 27 35 45 55 56 67 69 100 110-115 119 121 126 127 150 158 163 165 169-173 175-177 191 204-207"

// perfmonHelpers take CAP_PERFMON of who loads the program.
const perfmonHelpers = "6 16 22 35 55 109 112-115 117 141 148 149 158 165 166 175-177 180 191"

// perfmonSockets do, too, but in programs of type SYSCALL.
const perfmonSockets = "136-140 178 196"

// sleepingHelpers are for programs that may sleep.
const sleepingHelpers = "148 191"

// unprobedHelpers are for programs of other types than SYSCALL, although that has them.
const unprobedHelpers = "107 108 147"

// helperTable has what programs of a type may call beside helpersOfAll, where that depends on attach types for each. What
// could not be loaded on the kernel that was asked (LSM, most of TRACING, ...) is not in it. Helper 58, which that kernel was
// built without, is from kernel/trace/bpf_trace.c.
var helperTable = []struct {
	kind   abi.ProgType
	attach string // attach types, "" for all
	more   string
}{
	{abi.ProgSocketFilter, "", "25 26 46 47 68 122 136-140 160 178 196"},
	{abi.ProgKprobe, "", "4 25 27 45 58 67 173 174"},
	{abi.ProgSchedCLS, "", "9-11 13 18-21 23-26 28-34 38-41 43 46-48 50 66 68 69 79 83-86 95-100 107 108 110 122 124 135-140 151 152 155 160 163 178 192 196 204-207"},
	{abi.ProgSchedACT, "", "9-11 13 18-21 23-26 28-34 38-41 43 46-48 50 66 68 69 79 83-86 95-100 107 108 110 122 124 135-140 151 152 155 160 163 178 192 196 204-207"},
	{abi.ProgTracepoint, "", "4 25 27 45 67 173 174"},
	{abi.ProgXDP, "", "23 25 28 44 51 54 65 69 84-86 99 100 110 136-140 160 163 178 188-190 196 204-207"},
	{abi.ProgPerfEvent, "", "4 25 27 45 56 67 119 173 174"},
	{abi.ProgCgroupSKB, "", "25 26 46 47 68 79 81 83-86 95-99 107 108 122 128 129 136-140 160 178 196"},
	{abi.ProgCgroupSock, "", "25 46 81 107 122 160 186 187"},
	{abi.ProgLWTIn, "", "24-26 28 33 34 39 73 136-140 160 178 196"},
	{abi.ProgLWTOut, "", "24-26 28 33 34 39 136-140 160 178 196"},
	{abi.ProgLWTXmit, "", "9-11 13 20 21 23-26 28-30 33 34 38-41 43 73 135-140 160 178 196"},
	{abi.ProgSockOps, "0 1 3 19 20 29-32 51-53", "25 46 49 53 57 59 70 81 96 107 108 122 136-140 142-144 160 178 196"},
	{abi.ProgSockOps, "2 4-18 21-28 33-50 54-57", "25 46 49 53 57 59 70 81 96 107 108 122 136-140 142-144 160 178 186 187 196"},
	{abi.ProgSKSKB, "", "9 25 26 38 39 43 46 47 50 52 72 84-86 99 136-140 160 178 196"},
	{abi.ProgCgroupDevice, "0 1 3 19 20 29-32 51-53", "25 81"},
	{abi.ProgCgroupDevice, "2 4-18 21-28 33-50 54-57", "25 81 186 187"},
	{abi.ProgSKMsg, "", "25 60-63 71 90 91 107 108 122 136-140 160 178 196"},
	{abi.ProgRawTracepoint, "", "4 25 27 45 67 173 174"},
	{abi.ProgCgroupSockAddr, "8 9 14 15 49 50", "25 46 49 57 81 84-86 99 107 108 122 136-140 160 178 186 187 196"},
	{abi.ProgCgroupSockAddr, "10 11", "25 46 49 57 64 81 84-86 99 107 108 122 136-140 160 178 186 187 196"},
	{abi.ProgLWTSeg6Local, "", "24-26 28 33 34 39 74-76 136-140 160 178 196"},
	{abi.ProgSKReuseport, "", "26 46 68 82 160"},
	{abi.ProgFlowDissector, "", "26 136-140 160 178 196"},
	{abi.ProgCgroupSysctl, "0 1 3 19 20 29-32 51-53", "25 81 101-104 160"},
	{abi.ProgCgroupSysctl, "2 4-18 21-28 33-50 54-57", "25 81 101-104 160 186 187"},
	{abi.ProgRawTracepointWritable, "", "4 25 27 45 67 173 174"},
	{abi.ProgCgroupSockopt, "21", "25 81 96 107 108 122 186 187"},
	{abi.ProgCgroupSockopt, "22", "25 49 57 81 96 107 108 122 186 187"},
	{abi.ProgTracing, "23", "4 25 27 45 46 67 107 108 111 121 136-140 147 162 173 174 178 188 196"},
	{abi.ProgTracing, "28", "4 25 27 45 46 67 107 108 111 121 126 127 136-140 147 150 162 173 178 188 196"},
	{abi.ProgSKLookup, "", "25 86 124 136-140 160 178 196"},
	{abi.ProgSyscall, "", "4 25 27 45 46 67 107 108 111 121 136-140 147 162 166-168 173 178 179 188 196"},
	{abi.ProgNetfilter, "", ""},
}

// helperNames are the names of helpers by number, without bpf_.
var helperNames = [...]string{
	"", "map_lookup_elem", "map_update_elem", "map_delete_elem", "probe_read", "ktime_get_ns", "trace_printk",
	"get_prandom_u32", "get_smp_processor_id", "skb_store_bytes", "l3_csum_replace", "l4_csum_replace", "tail_call",
	"clone_redirect", "get_current_pid_tgid", "get_current_uid_gid", "get_current_comm", "get_cgroup_classid",
	"skb_vlan_push", "skb_vlan_pop", "skb_get_tunnel_key", "skb_set_tunnel_key", "perf_event_read", "redirect",
	"get_route_realm", "perf_event_output", "skb_load_bytes", "get_stackid", "csum_diff", "skb_get_tunnel_opt",
	"skb_set_tunnel_opt", "skb_change_proto", "skb_change_type", "skb_under_cgroup", "get_hash_recalc",
	"get_current_task", "probe_write_user", "current_task_under_cgroup", "skb_change_tail", "skb_pull_data",
	"csum_update", "set_hash_invalid", "get_numa_node_id", "skb_change_head", "xdp_adjust_head", "probe_read_str",
	"get_socket_cookie", "get_socket_uid", "set_hash", "setsockopt", "skb_adjust_room", "redirect_map", "sk_redirect_map",
	"sock_map_update", "xdp_adjust_meta", "perf_event_read_value", "perf_prog_read_value", "getsockopt",
	"override_return", "sock_ops_cb_flags_set", "msg_redirect_map", "msg_apply_bytes", "msg_cork_bytes", "msg_pull_data",
	"bind", "xdp_adjust_tail", "skb_get_xfrm_state", "get_stack", "skb_load_bytes_relative", "fib_lookup",
	"sock_hash_update", "msg_redirect_hash", "sk_redirect_hash", "lwt_push_encap", "lwt_seg6_store_bytes",
	"lwt_seg6_adjust_srh", "lwt_seg6_action", "rc_repeat", "rc_keydown", "skb_cgroup_id", "get_current_cgroup_id",
	"get_local_storage", "sk_select_reuseport", "skb_ancestor_cgroup_id", "sk_lookup_tcp", "sk_lookup_udp", "sk_release",
	"map_push_elem", "map_pop_elem", "map_peek_elem", "msg_push_data", "msg_pop_data", "rc_pointer_rel", "spin_lock",
	"spin_unlock", "sk_fullsock", "tcp_sock", "skb_ecn_set_ce", "get_listener_sock", "skc_lookup_tcp",
	"tcp_check_syncookie", "sysctl_get_name", "sysctl_get_current_value", "sysctl_get_new_value", "sysctl_set_new_value",
	"strtol", "strtoul", "sk_storage_get", "sk_storage_delete", "send_signal", "tcp_gen_syncookie", "skb_output",
	"probe_read_user", "probe_read_kernel", "probe_read_user_str", "probe_read_kernel_str", "tcp_send_ack",
	"send_signal_thread", "jiffies64", "read_branch_records", "get_ns_current_pid_tgid", "xdp_output", "get_netns_cookie",
	"get_current_ancestor_cgroup_id", "sk_assign", "ktime_get_boot_ns", "seq_printf", "seq_write", "sk_cgroup_id",
	"sk_ancestor_cgroup_id", "ringbuf_output", "ringbuf_reserve", "ringbuf_submit", "ringbuf_discard", "ringbuf_query",
	"csum_level", "skc_to_tcp6_sock", "skc_to_tcp_sock", "skc_to_tcp_timewait_sock", "skc_to_tcp_request_sock",
	"skc_to_udp6_sock", "get_task_stack", "load_hdr_opt", "store_hdr_opt", "reserve_hdr_opt", "inode_storage_get",
	"inode_storage_delete", "d_path", "copy_from_user", "snprintf_btf", "seq_printf_btf", "skb_cgroup_classid",
	"redirect_neigh", "per_cpu_ptr", "this_cpu_ptr", "redirect_peer", "task_storage_get", "task_storage_delete",
	"get_current_task_btf", "bprm_opts_set", "ktime_get_coarse_ns", "ima_inode_hash", "sock_from_file", "check_mtu",
	"for_each_map_elem", "snprintf", "sys_bpf", "btf_find_by_name_kind", "sys_close", "timer_init", "timer_set_callback",
	"timer_start", "timer_cancel", "get_func_ip", "get_attach_cookie", "task_pt_regs", "get_branch_snapshot",
	"trace_vprintk", "skc_to_unix_sock", "kallsyms_lookup_name", "find_vma", "loop", "strncmp", "get_func_arg",
	"get_func_ret", "get_func_arg_cnt", "get_retval", "set_retval", "xdp_get_buff_len", "xdp_load_bytes",
	"xdp_store_bytes", "copy_from_user_task", "skb_set_tstamp", "ima_file_hash", "kptr_xchg", "map_lookup_percpu_elem",
	"skc_to_mptcp_sock", "dynptr_from_mem", "ringbuf_reserve_dynptr", "ringbuf_submit_dynptr", "ringbuf_discard_dynptr",
	"dynptr_read", "dynptr_write", "dynptr_data", "tcp_raw_gen_syncookie_ipv4", "tcp_raw_gen_syncookie_ipv6",
	"tcp_raw_check_syncookie_ipv4", "tcp_raw_check_syncookie_ipv6", "ktime_get_tai_ns", "user_ringbuf_drain",
	"cgrp_storage_get", "cgrp_storage_delete",
}
