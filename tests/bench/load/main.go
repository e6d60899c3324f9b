// The load generator of hack/bench.sh. It prints lines `NAME<TAB>VALUE<TAB>UNIT`, and says on
// stderr how far it is.
//
// usage:
//
//	load reviews --ca FILE --server NAME=URL,PID... --review NAME=FILE... [--rounds N]
//	             [--seconds S] [--connections 1,16,64]
//	load pods --pki FOLDER --server URL --process NAME=PID... --pod NAMESPACE=FILE...
//	          [--rounds N] [--creations N]
//
// `reviews` asks each server in turn over TLS 1.3 connections that stay open, the next review as
// soon as an answer is there. A figure is the median over the rounds. The second server is what the
// first is compared with: a ratio is taken within a round, since the machine may be slower in the
// next.
//
// `pods` creates Pods in each of the namespaces in turn, and counts what that costs each process. In
// the first nobody is asked about them; the second is what is compared with the others.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// pairs is a flag that may be given several times, NAME=VALUE.
type pairs []pair

type pair struct{ name, value string }

func (list *pairs) String() string { return fmt.Sprint(*list) }

func (list *pairs) Set(text string) error {
	name, value, found := strings.Cut(text, "=")
	if !found {
		return fmt.Errorf("%q is not NAME=VALUE", text)
	}
	*list = append(*list, pair{name, value})
	return nil
}

func print(name string, value float64, unit string) {
	fmt.Printf("%s\t%.4f\t%s\n", name, value, unit)
}

func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

func readFile(name string) []byte {
	content, err := os.ReadFile(name)
	if err != nil {
		fail(err)
	}
	return content
}

func main() {
	if len(os.Args) < 2 || (os.Args[1] != "reviews" && os.Args[1] != "pods") {
		fmt.Fprintln(os.Stderr, "load: say what to load: reviews or pods")
		os.Exit(2)
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	rounds := flags.Int("rounds", 5, "how often everything is measured")
	var servers, processes, reviews, pods pairs
	if os.Args[1] == "reviews" {
		authority := flags.String("ca", "", "certificate authority of the servers")
		seconds := flags.Float64("seconds", 1, "length of one measurement")
		connections := flags.String("connections", "1,16,64", "numbers of connections")
		flags.Var(&servers, "server", "NAME=URL,PID")
		flags.Var(&reviews, "review", "NAME=FILE")
		_ = flags.Parse(os.Args[2:])
		length := time.Duration(*seconds * float64(time.Second))
		loadReviews(reviewPlan{readFile(*authority), servers, reviews, *connections, *rounds, length})
		return
	}
	folder := flags.String("pki", "", "folder with ca.crt, admin.crt and admin.key")
	server := flags.String("server", "", "URL of the API server")
	creations := flags.Int("creations", 200, "Pods of one measurement")
	flags.Var(&processes, "process", "NAME=PID")
	flags.Var(&pods, "pod", "NAME=FILE")
	_ = flags.Parse(os.Args[2:])
	loadPods(podPlan{*server, *folder, processes, pods, *rounds, *creations})
}
