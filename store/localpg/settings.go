package localpg

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// settings are given at each start, so that a new version of the hub brings its own to an
// old data folder. They suit a small machine with ample memory that the server shares with
// the hub itself.
func settings(sync bool) []string {
	buffers := min(max(memory()/8, 128<<20), 2<<30)
	list := []string{
		// The socket is put into the data folder: see socketDir for how clients find it.
		"listen_addresses=",
		"port=5432",
		"unix_socket_directories=.",
		"unix_socket_permissions=0700",
		"max_connections=100",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_min_messages=warning",
		"log_checkpoints=off",
		"log_line_prefix=%m [%p] ",

		fmt.Sprintf("shared_buffers=%dMB", buffers>>20),
		fmt.Sprintf("effective_cache_size=%dMB", 3*buffers>>20),
		"work_mem=16MB",
		"maintenance_work_mem=256MB",

		// A commit is on disk before it is acknowledged; few, spread checkpoints keep full
		// page images, and so the log, small.
		"synchronous_commit=on",
		"wal_compression=on",
		"max_wal_size=8GB",
		"min_wal_size=256MB",
		"checkpoint_timeout=30min",
		"wal_level=minimal",
		"max_wal_senders=0",

		"random_page_cost=1.1",
		"jit=off",
		// Append-mostly tables are visited sooner than the default 20 % of a large table,
		// and autovacuum, on two cores, leaves room for the rest.
		"autovacuum_max_workers=2",
		"autovacuum_vacuum_scale_factor=0.1",
		"autovacuum_analyze_scale_factor=0.05",
	}
	if small("/dev/shm") {
		list = append(list, "dynamic_shared_memory_type=mmap")
	}
	if !sync {
		list = append(list, "fsync=off", "synchronous_commit=off", "full_page_writes=off",
			"shared_buffers=256MB", "max_connections=400")
	}
	return list
}

// memory is what this machine, or the container it is, has in bytes; 0 when it cannot be told.
func memory() int64 {
	total := int64(0)
	if file, err := os.Open("/proc/meminfo"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var kilobytes int64
			if _, err := fmt.Sscanf(lines.Text(), "MemTotal: %d kB", &kilobytes); err == nil {
				total = kilobytes << 10
				break
			}
		}
	}
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return total
	}
	limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err == nil && limit < total { // "max" is no number
		return limit
	}
	return total
}

// small tells whether the file system for shared memory is too small for parallel index
// builds, as in containers, where 64 MB are usual.
func small(path string) bool {
	var stat syscall.Statfs_t
	err := syscall.Statfs(path, &stat)
	return err == nil && stat.Blocks*uint64(stat.Bsize) < 512<<20
}
