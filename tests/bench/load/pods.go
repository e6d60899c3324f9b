package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"time"
)

type podPlan struct {
	server    string
	pki       string
	processes pairs
	pods      pairs // NAME=FILE; NAME is the namespace, too
	rounds    int
	creations int
}

func loadPods(plan podPlan) {
	client := administrator(plan.pki)
	// cost[pod][process] are microseconds a creation, one value a round.
	cost := map[string]map[string][]float64{}
	for _, pod := range plan.pods {
		cost[pod.name] = map[string][]float64{}
		create(client, plan, pod, plan.creations/4+1) // warm
	}
	for round := range plan.rounds {
		for turn := range plan.pods {
			pod := plan.pods[(turn+round)%len(plan.pods)]
			before := cpuOfAll(plan.processes)
			create(client, plan, pod, plan.creations)
			sum := 0.0
			for i, after := range cpuOfAll(plan.processes) {
				spent := float64((after - before[i]).Microseconds()) / float64(plan.creations)
				name := plan.processes[i].name
				cost[pod.name][name] = append(cost[pod.name][name], spent)
				sum += spent
			}
			cost[pod.name]["sum"] = append(cost[pod.name]["sum"], sum)
			progress("round %d of %d: %s: %.0f us", round+1, plan.rounds, pod.name, sum)
		}
	}
	for _, pod := range plan.pods {
		for _, process := range plan.processes {
			print("creation/"+pod.name+"/"+process.name, median(cost[pod.name][process.name]), "us")
		}
		print("creation/"+pod.name, median(cost[pod.name]["sum"]), "us")
	}
	none := cost[plan.pods[0].name]["sum"]
	for _, pod := range plan.pods[1:] {
		print("creation/"+pod.name+"/more", medianOf(cost[pod.name]["sum"], none,
			func(with, without float64) float64 { return with - without }), "us")
	}
	ours := plan.pods[1].name
	for _, pod := range plan.pods[2:] {
		print("creation/"+ours+"-to-"+pod.name, medianOf(cost[ours]["sum"], cost[pod.name]["sum"],
			func(one, other float64) float64 { return one / other }), "x")
	}
}

// medianOf compares within each round.
func medianOf(ones, others []float64, compare func(one, other float64) float64) float64 {
	var values []float64
	for i, one := range ones {
		values = append(values, compare(one, others[i]))
	}
	return median(values)
}

func cpuOfAll(processes pairs) []time.Duration {
	var all []time.Duration
	for _, process := range processes {
		number, err := strconv.Atoi(process.value)
		if err != nil {
			fail(err)
		}
		all = append(all, cpuOf(number))
	}
	return all
}

func administrator(folder string) *http.Client {
	certificate, err := tls.LoadX509KeyPair(
		filepath.Join(folder, "admin.crt"), filepath.Join(folder, "admin.key"))
	if err != nil {
		fail(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(readFile(filepath.Join(folder, "ca.crt")))
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			RootCAs: roots, Certificates: []tls.Certificate{certificate}}},
	}
}

// create makes the Pods one after the other. They stay: the cluster goes after the measurement.
func create(client *http.Client, plan podPlan, pod pair, count int) {
	address := fmt.Sprintf("%s/api/v1/namespaces/%s/pods", plan.server, pod.name)
	body := readFile(pod.value)
	for range count {
		request(client, http.MethodPost, address, body)
	}
}

func request(client *http.Client, method, address string, body []byte) {
	asked, err := http.NewRequest(method, address, bytes.NewReader(body))
	if err != nil {
		fail(err)
	}
	asked.Header.Set("Content-Type", "application/json")
	response, err := client.Do(asked)
	if err != nil {
		fail(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		fail(err)
	}
	if response.StatusCode >= 300 {
		fail(fmt.Errorf("%s %s: %s: %.300s", method, address, response.Status, text))
	}
}
