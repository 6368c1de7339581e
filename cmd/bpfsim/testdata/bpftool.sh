# What people do with bpftool on maps. Reads: $J, bpftool's output option. Every command is shown with its exit code.
P=/sys/fs/bpf
t() { echo "\$ bpftool $*"; bpftool $J "$@" 2>&1; echo "-> $?"; }
s() { echo "\$ $*"; "$@" 2>&1; echo "-> $?"; }

s stat -f -c %T $P
s mkdir $P/dir

# BPF_F_ZERO_SEED, so that the order of a hash is the same everywhere.
for type in hash lru_hash; do
	m=$P/dir/$type
	t map create $m type $type key 4 value 8 entries 16 name e2e_$type flags 0x40
	t map create $m type $type key 4 value 8 entries 16 name e2e_$type flags 0x40
	for key in 1 2 3 4 5 6 7; do
		t map update pinned $m key $key 0 0 0 value hex 0$key 0 0 0 0 0 0 ff
	done
	t map update pinned $m key 1 0 0 0 value 9 9 9 9 9 9 9 9 noexist
	t map update pinned $m key 1 0 0 0 value 9 9 9 9 9 9 9 9 exist
	t map update pinned $m key 99 0 0 0 value 9 9 9 9 9 9 9 9 exist
	t map update pinned $m key 99 0 0 0 value 9 9
	t map lookup pinned $m key 1 0 0 0
	t map lookup pinned $m key 99 0 0 0
	t map dump pinned $m
	t map getnext pinned $m
	t map getnext pinned $m key 3 0 0 0
	t map getnext pinned $m key 99 0 0 0
	t map delete pinned $m key 3 0 0 0
	t map delete pinned $m key 3 0 0 0
	t map dump pinned $m
	t map pop pinned $m
	t map peek pinned $m
	t map push pinned $m value 1 2 3 4 5 6 7 8
done

m=$P/array
t map create $m type array key 4 value 5 entries 3 name e2e_array
t map update pinned $m key 2 0 0 0 value 1 2 3 4 5
t map update pinned $m key 3 0 0 0 value 1 2 3 4 5
t map update pinned $m key 2 0 0 0 value 1 2 3 4 5 noexist
t map lookup pinned $m key 2 0 0 0
t map lookup pinned $m key 3 0 0 0
t map getnext pinned $m
t map getnext pinned $m key 1 0 0 0
t map getnext pinned $m key 2 0 0 0
t map delete pinned $m key 1 0 0 0
t map dump pinned $m

for type in queue stack; do
	m=$P/$type
	t map create $m type $type value 4 entries 3 name e2e_$type
	t map peek pinned $m
	for value in 1 2 3 4; do
		t map push pinned $m value $value 0 0 0
	done
	t map enqueue pinned $m value 5 0 0 0
	t map peek pinned $m
	t map pop pinned $m
	t map dequeue pinned $m
	t map dump pinned $m
	t map enqueue pinned $m value 6 0 0 0
	t map lookup pinned $m
	t map getnext pinned $m
	t map delete pinned $m key 1
	t map pop pinned $m
	t map pop pinned $m
	t map pop pinned $m
done

for m in $P/dir/hash $P/dir/lru_hash $P/array $P/queue $P/stack; do
	t map show pinned $m
	t map freeze pinned $m
	t map freeze pinned $m
	t map show pinned $m
done
t map update pinned $P/dir/hash key 1 0 0 0 value 0 0 0 0 0 0 0 0
t map lookup pinned $P/dir/hash key 1 0 0 0
t map pop pinned $P/queue

t map pin pinned $P/array $P/second
t map pin pinned $P/array $P/second
t map pin pinned $P/array $P/with.dot
t map pin pinned $P/array $P/absent/x
t map pin name e2e_stack $P/by_name
t map show name e2e_stack
t -f map show name e2e_stack
t map show pinned $P/absent
t map show pinned $P/dir
s mv $P/second $P/moved
t map lookup pinned $P/moved key 2 0 0 0
s ls -A $P $P/dir
s rm -r $P/array $P/moved $P/queue $P/stack $P/by_name $P/dir
t map show name e2e_stack
t map show name e2e_array
s ls -A $P

t map create $P/bad type hash key 4 value 4 entries 0 name e2e_bad
t map create $P/bad type hash key 0 value 4 entries 1 name e2e_bad
t map create $P/bad type array key 8 value 4 entries 1 name e2e_bad
t map create $P/bad type queue key 4 value 4 entries 1 name e2e_bad
t map create $P/bad type hash key 4 value 4 entries 1 name e2e-bad
t map create $P/bad type hash key 4 value 4 entries 1 name e2e_bad flags 0x4000000
t map show id 2147483647
