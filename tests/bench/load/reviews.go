package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	warmUp             = 200 * time.Millisecond
	mostAnswersASecond = 40_000 // of one connection; beyond it the latencies' slice would grow
)

type reviewPlan struct {
	authority   []byte
	servers     pairs
	reviews     pairs
	connections string
	rounds      int
	length      time.Duration
}

type server struct {
	name    string
	address *url.URL
	process int
}

func parseServer(given pair) server {
	address, process, _ := strings.Cut(given.value, ",")
	parsed, err := url.Parse(address)
	if err != nil {
		fail(err)
	}
	number, err := strconv.Atoi(process)
	if err != nil {
		fail(fmt.Errorf("--server %s: %w", given.name, err))
	}
	return server{given.name, parsed, number}
}

// figures is what one measurement of one server says.
type figures struct {
	perSecond float64
	cpu       float64 // microseconds of the server a request
	ownCPU    float64 // microseconds of the load generator a request
	p50, p99  float64 // microseconds
}

func loadReviews(plan reviewPlan) {
	var servers []server
	for _, given := range plan.servers {
		servers = append(servers, parseServer(given))
	}
	began, busy, counted := time.Now(), busyTime(), countedCPU(servers)
	for _, review := range plan.reviews {
		body := readFile(review.value)
		for text := range strings.SplitSeq(plan.connections, ",") {
			connections, err := strconv.Atoi(text)
			if err != nil {
				fail(err)
			}
			name := review.name + "/" + text
			all := make([][]figures, len(servers))
			for round := range plan.rounds {
				for turn := range servers {
					which := (turn + round) % len(servers) // each is first as often as the other
					all[which] = append(all[which],
						measure(servers[which], plan, body, connections))
				}
			}
			report(name, servers, all)
		}
	}
	others := busyTime() - busy - (countedCPU(servers) - counted)
	print("machine/others", max(0, 100*others.Seconds()/time.Since(began).Seconds()), "% of a core")
}

func countedCPU(servers []server) time.Duration {
	sum := cpuOf(os.Getpid())
	for _, server := range servers {
		sum += cpuOf(server.process)
	}
	return sum
}

func report(name string, servers []server, all [][]figures) {
	column := func(which int, of func(figures) float64) []float64 {
		var values []float64
		for _, one := range all[which] {
			values = append(values, of(one))
		}
		return values
	}
	cpu := func(f figures) float64 { return f.cpu }
	p99 := func(f figures) float64 { return f.p99 }
	for i, server := range servers {
		prefix := server.name + "/" + name
		print(prefix+"/requests", median(column(i, func(f figures) float64 { return f.perSecond })), "1/s")
		print(prefix+"/cpu", median(column(i, cpu)), "us")
		print(prefix+"/p50", median(column(i, func(f figures) float64 { return f.p50 })), "us")
		print(prefix+"/p99", median(column(i, p99)), "us")
		print(prefix+"/load-cpu", median(column(i, func(f figures) float64 { return f.ownCPU })), "us")
		progress("%s: %.0f us CPU, p99 %.0f us", prefix, median(column(i, cpu)), median(column(i, p99)))
	}
	if len(servers) < 2 {
		return
	}
	ratio := func(of func(figures) float64, first, second int) float64 {
		var values []float64
		numerators, denominators := column(first, of), column(second, of)
		for i := range numerators {
			values = append(values, numerators[i]/denominators[i])
		}
		return median(values)
	}
	print("ratio/"+name+"/requests-a-cpu-second", ratio(cpu, 1, 0), "x")
	print("ratio/"+name+"/p99", ratio(p99, 0, 1), "x")
}

// measure is one closed loop on so many connections.
func measure(server server, plan reviewPlan, body []byte, count int) figures {
	connections := make([]*connection, count)
	for i := range connections {
		opened, err := dial(server.address, plan.authority, body)
		if err != nil {
			fail(err)
		}
		defer opened.tls.Close()
		answer, err := opened.ask()
		if err != nil {
			fail(err)
		}
		if !bytes.Contains(answer, []byte(`"patchType":"JSONPatch"`)) {
			fail(fmt.Errorf("%s does not patch: %.300s", server.name, answer))
		}
		connections[i] = opened
	}
	askAll(connections, warmUp)

	cpu, own, began := cpuOf(server.process), cpuOf(os.Getpid()), time.Now()
	latencies := askAll(connections, plan.length)
	seconds := time.Since(began).Seconds()
	cpu, own = cpuOf(server.process)-cpu, cpuOf(os.Getpid())-own

	slices.Sort(latencies)
	requests := float64(len(latencies))
	microseconds := func(time time.Duration) float64 { return float64(time.Nanoseconds()) / 1000 }
	at := func(part float64) float64 {
		return microseconds(latencies[int(part*float64(len(latencies)-1))])
	}
	return figures{
		perSecond: requests / seconds,
		cpu:       microseconds(cpu) / requests,
		ownCPU:    microseconds(own) / requests,
		p50:       at(0.5),
		p99:       at(0.99),
	}
}

// askAll returns how long each answer took.
func askAll(connections []*connection, length time.Duration) []time.Duration {
	each := make([][]time.Duration, len(connections))
	for i := range each {
		each[i] = make([]time.Duration, 0,
			int(length.Seconds()*mostAnswersASecond)/len(connections)+1)
	}
	var group sync.WaitGroup
	end := time.Now().Add(length)
	for i, one := range connections {
		group.Go(func() {
			for asked := time.Now(); asked.Before(end); {
				if _, err := one.ask(); err != nil {
					fail(err)
				}
				answered := time.Now()
				each[i] = append(each[i], answered.Sub(asked))
				asked = answered
			}
		})
	}
	group.Wait()
	return slices.Concat(each...)
}
