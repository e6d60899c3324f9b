package main

import (
	"context"

	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func runKubelet()   { runCommand(kubelet.NewKubeletCommand(context.Background())) }
func runKubeProxy() { runCommand(proxy.NewProxyCommand()) }
