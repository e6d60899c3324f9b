package main

import (
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"

	// The original main packages import these for what their init functions register: log formats,
	// client metrics, version metrics, and the ways to log in that a kubeconfig may name.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
)

func runEtcd()              { etcdmain.Main(os.Args) }
func runAPIServer()         { runCommand(apiserver.NewAPIServerCommand()) }
func runControllerManager() { runCommand(controllermanager.NewControllerManagerCommand()) }
func runScheduler()         { runCommand(scheduler.NewSchedulerCommand()) }

// runKubectl differs from the others as upstream's main function does: kubectl prints its errors in
// its own way.
func runKubectl() {
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}

func runCommand(command *cobra.Command) { os.Exit(cli.Run(command)) }
