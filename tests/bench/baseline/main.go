// What Remora is compared with: an admission webhook as one would write it in an afternoon. The
// review is read into maps with encoding/json, and one container is added to the Pod.
//
// usage: baseline ADDRESS CERTIFICATE KEY
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"time"
)

type object = map[string]any

// What the pattern log-saver would add, without its volumes, files and mounts.
func companion() object {
	return object{
		"name":          "log-saver",
		"image":         "ghcr.io/fluent/fluent-bit:5.0.5",
		"args":          []any{"-c", "/fluent-bit/etc/fluent-bit.yaml"},
		"restartPolicy": "Always",
		"resources": object{
			"requests": object{"cpu": "10m", "memory": "32Mi"},
			"limits":   object{"memory": "64Mi"},
		},
	}
}

// patchOf adds the companion in front of the Pod's own init containers.
func patchOf(pod object) ([]byte, error) {
	spec, ok := pod["spec"].(object)
	if !ok {
		return nil, fmt.Errorf("the Pod has no spec")
	}
	if containers, ok := spec["initContainers"].([]any); ok {
		for _, container := range containers {
			if named, ok := container.(object); ok && named["name"] == "log-saver" {
				return json.Marshal([]any{})
			}
		}
		return json.Marshal([]any{
			object{"op": "add", "path": "/spec/initContainers/0", "value": companion()}})
	}
	return json.Marshal([]any{
		object{"op": "add", "path": "/spec/initContainers", "value": []any{companion()}}})
}

func answer(body []byte) ([]byte, error) {
	var review object
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, err
	}
	request, ok := review["request"].(object)
	if !ok {
		return nil, fmt.Errorf("the review has no request")
	}
	pod, ok := request["object"].(object)
	if !ok {
		return nil, fmt.Errorf("the request has no object")
	}
	patch, err := patchOf(pod)
	if err != nil {
		return nil, err
	}
	return json.Marshal(object{
		"apiVersion": "admission.k8s.io/v1",
		"kind":       "AdmissionReview",
		"response": object{
			"uid":       request["uid"],
			"allowed":   true,
			"patchType": "JSONPatch",
			"patch":     patch, // encoding/json writes bytes as base64
		},
	})
}

func handle(writer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	response, err := answer(body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("Content-Length", strconv.Itoa(len(response)))
	if _, err := writer.Write(response); err != nil {
		log.Print(err)
	}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: baseline ADDRESS CERTIFICATE KEY")
		os.Exit(2)
	}
	http.HandleFunc("/v1/pods/named", handle)
	http.HandleFunc("/readyz", func(writer http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(writer, "ok")
	})
	server := http.Server{
		Addr:              os.Args[1],
		TLSConfig:         &tls.Config{MinVersion: tls.VersionTLS13},
		ReadHeaderTimeout: 5 * time.Second,
	}
	log.Fatal(server.ListenAndServeTLS(os.Args[2], os.Args[3]))
}
