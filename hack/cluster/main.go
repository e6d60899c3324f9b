// Command remora-cluster is every program of a throw-away Kubernetes in one file: etcd, the control
// plane, the node's two programs and kubectl. They share almost all of their code, so one file is a
// sixth of the size of seven, and one `go build` makes it.
//
// It runs the program whose name it is called by, like busybox:
//
//	ln -s remora-cluster kubectl && ./kubectl version
//	./remora-cluster kubectl version
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// programs maps a program's name to its main function. A main function reads os.Args and ends the
// process itself unless everything went well.
var programs = map[string]func(){
	"etcd":                    runEtcd,
	"kube-apiserver":          runAPIServer,
	"kube-controller-manager": runControllerManager,
	"kube-scheduler":          runScheduler,
	"kubectl":                 runKubectl,
	"kubelet":                 runKubelet,
	"kube-proxy":              runKubeProxy,
}

func main() {
	if run := programs[filepath.Base(os.Args[0])]; run != nil {
		run()
		return
	}
	if len(os.Args) > 1 {
		if run := programs[os.Args[1]]; run != nil {
			os.Args = os.Args[1:]
			run()
			return
		}
	}
	names := slices.Sorted(maps.Keys(programs))
	fmt.Fprintf(os.Stderr, "remora-cluster: name the program to run as the first argument: %s\n",
		strings.Join(names, ", "))
	os.Exit(2)
}
