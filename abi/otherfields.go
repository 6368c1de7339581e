package abi

// otherFields are the fields of the commands that are not about maps. Behind those of LinkCreate
// lies a union that depends on attach_type.
var otherFields = map[Cmd][]Field{
	ProgLoad: {
		{"prog_type", 0, 4, Number}, {"insn_cnt", 4, 4, Number}, {"insns", 8, 8, Pointer}, {"license", 16, 8, String},
		{"log_level", 24, 4, Number}, {"log_size", 28, 4, Number}, {"log_buf", 32, 8, Pointer},
		{"kern_version", 40, 4, Flags}, {"prog_flags", 44, 4, Flags}, {"prog_name", 48, NameLen, Name},
		{"prog_ifindex", 64, 4, Number}, {"expected_attach_type", 68, 4, Number}, {"prog_btf_fd", 72, 4, FD},
		{"func_info_rec_size", 76, 4, Number}, {"func_info", 80, 8, Pointer}, {"func_info_cnt", 88, 4, Number},
		{"line_info_rec_size", 92, 4, Number}, {"line_info", 96, 8, Pointer}, {"line_info_cnt", 104, 4, Number},
		{"attach_btf_id", 108, 4, Number}, {"attach_prog_fd", 112, 4, FD}, {"core_relo_cnt", 116, 4, Number},
		{"fd_array", 120, 8, Pointer}, {"core_relos", 128, 8, Pointer}, {"core_relo_rec_size", 136, 4, Number},
		{"log_true_size", 140, 4, Number}, {"prog_token_fd", 144, 4, FD}, {"fd_array_cnt", 148, 4, Number},
		{"signature", 152, 8, Pointer}, {"signature_size", 160, 4, Number}, {"keyring_id", 164, 4, FD},
	},
	ProgAttach: {
		{"target_fd", 0, 4, FD}, {"attach_bpf_fd", 4, 4, FD}, {"attach_type", 8, 4, Number},
		{"attach_flags", 12, 4, Flags}, {"replace_bpf_fd", 16, 4, FD}, {"relative_fd", 20, 4, FD},
		{"expected_revision", 24, 8, Number},
	},
	ProgDetach: {
		{"target_fd", 0, 4, FD}, {"attach_bpf_fd", 4, 4, FD}, {"attach_type", 8, 4, Number},
		{"attach_flags", 12, 4, Flags}, {"replace_bpf_fd", 16, 4, FD}, {"relative_fd", 20, 4, FD},
		{"expected_revision", 24, 8, Number},
	},
	ProgTestRun: {
		{"prog_fd", 0, 4, FD}, {"retval", 4, 4, Number}, {"data_size_in", 8, 4, Number}, {"data_size_out", 12, 4, Number},
		{"data_in", 16, 8, Pointer}, {"data_out", 24, 8, Pointer}, {"repeat", 32, 4, Number}, {"duration", 36, 4, Number},
		{"ctx_size_in", 40, 4, Number}, {"ctx_size_out", 44, 4, Number}, {"ctx_in", 48, 8, Pointer},
		{"ctx_out", 56, 8, Pointer}, {"flags", 64, 4, Flags}, {"cpu", 68, 4, Number}, {"batch_size", 72, 4, Number},
	},
	ProgGetNextID: {
		{"start_id", 0, 4, Number}, {"next_id", 4, 4, Number},
	},
	ProgGetFDByID: {
		{"prog_id", 0, 4, Number}, {"next_id", 4, 4, Number}, {"open_flags", 8, 4, Flags},
		{"fd_by_id_token_fd", 12, 4, FD},
	},
	ProgQuery: {
		{"target_fd", 0, 4, FD}, {"attach_type", 4, 4, Number}, {"query_flags", 8, 4, Flags},
		{"attach_flags", 12, 4, Flags}, {"prog_ids", 16, 8, Pointer}, {"prog_cnt", 24, 4, Number},
		{"prog_attach_flags", 32, 8, Pointer}, {"link_ids", 40, 8, Pointer}, {"link_attach_flags", 48, 8, Pointer},
		{"revision", 56, 8, Number},
	},
	RawTracepointOpen: {
		{"name", 0, 8, String}, {"prog_fd", 8, 4, FD}, {"cookie", 16, 8, Number},
	},
	BTFLoad: {
		{"btf", 0, 8, Pointer}, {"btf_log_buf", 8, 8, Pointer}, {"btf_size", 16, 4, Number},
		{"btf_log_size", 20, 4, Number}, {"btf_log_level", 24, 4, Number}, {"btf_log_true_size", 28, 4, Number},
		{"btf_flags", 32, 4, Flags}, {"btf_token_fd", 36, 4, FD},
	},
	BTFGetFDByID: {
		{"btf_id", 0, 4, Number}, {"next_id", 4, 4, Number}, {"open_flags", 8, 4, Flags}, {"fd_by_id_token_fd", 12, 4, FD},
	},
	TaskFDQuery: {
		{"pid", 0, 4, Number}, {"fd", 4, 4, FD}, {"flags", 8, 4, Flags}, {"buf_len", 12, 4, Number},
		{"buf", 16, 8, Pointer}, {"prog_id", 24, 4, Number}, {"fd_type", 28, 4, Number}, {"probe_offset", 32, 8, Number},
		{"probe_addr", 40, 8, Pointer},
	},
	BTFGetNextID: {
		{"start_id", 0, 4, Number}, {"next_id", 4, 4, Number},
	},
	LinkCreate: {
		{"prog_fd", 0, 4, FD}, {"target_fd", 4, 4, FD}, {"attach_type", 8, 4, Number}, {"flags", 12, 4, Flags},
	},
	LinkUpdate: {
		{"link_fd", 0, 4, FD}, {"new_prog_fd", 4, 4, FD}, {"flags", 8, 4, Flags}, {"old_prog_fd", 12, 4, FD},
	},
	LinkGetFDByID: {
		{"link_id", 0, 4, Number}, {"next_id", 4, 4, Number}, {"open_flags", 8, 4, Flags},
		{"fd_by_id_token_fd", 12, 4, FD},
	},
	LinkGetNextID: {
		{"start_id", 0, 4, Number}, {"next_id", 4, 4, Number},
	},
	EnableStats: {
		{"type", 0, 4, Number},
	},
	IterCreate: {
		{"link_fd", 0, 4, FD}, {"flags", 4, 4, Flags},
	},
	LinkDetach: {
		{"link_fd", 0, 4, FD},
	},
	ProgBindMap: {
		{"prog_fd", 0, 4, FD}, {"map_fd", 4, 4, FD}, {"flags", 8, 4, Flags},
	},
	TokenCreate: {
		{"flags", 0, 4, Flags}, {"bpffs_fd", 4, 4, FD},
	},
	ProgStreamReadByFD: {
		{"stream_buf", 0, 8, Pointer}, {"stream_buf_len", 8, 4, Number}, {"stream_id", 12, 4, Number},
		{"prog_fd", 16, 4, FD},
	},
	PerfEventOpen: {
		{"perf_attr", PerfOpenAttr, 8, Pointer}, {"pid", PerfOpenPID, 4, Number}, {"cpu", PerfOpenCPU, 4, Number},
		{"group_fd", PerfOpenGroup, 4, FD}, {"flags", PerfOpenFlags, 8, Flags},
	},
	PerfIoctl: {{"fd", PerfIoctlFD, 4, FD}, {"request", PerfIoctlRequest, 4, Flags}, {"arg", PerfIoctlArg, 8, Flags}},
}
