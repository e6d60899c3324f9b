package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cpuOf is the CPU time of a process, from the scheduler's own count in nanoseconds: the ticks of
// /proc/PID/stat are too coarse for a second. A thread that ends takes its time with it; servers
// keep theirs.
func cpuOf(process int) time.Duration {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", process))
	if err != nil || len(files) == 0 {
		fail(fmt.Errorf("there is no process %d", process))
	}
	var sum time.Duration
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		running, _, _ := strings.Cut(string(content), " ")
		nanoseconds, err := strconv.ParseInt(running, 10, 64)
		if err != nil {
			fail(err)
		}
		sum += time.Duration(nanoseconds)
	}
	return sum
}

// busyTime is the time that all cores together have spent on anything, in ticks of 10 ms.
func busyTime() time.Duration {
	const tick = 10 * time.Millisecond
	line, _, _ := strings.Cut(string(readFile("/proc/stat")), "\n")
	var busy time.Duration
	for i, field := range strings.Fields(line)[1:] {
		const idle, ioWait, guest = 3, 4, 8
		ticks, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			fail(err)
		}
		if i != idle && i != ioWait && i < guest {
			busy += time.Duration(ticks) * tick
		}
	}
	return busy
}
