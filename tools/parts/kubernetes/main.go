// A Kubernetes control plane in one binary that does what its name says: etcd, kube-apiserver, kube-controller-manager,
// kube-scheduler, or cluster-certificates, which makes the keys of a new cluster. One binary instead of five, because they
// share nearly all their code: a quarter of the size, and linked once.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	switch name := filepath.Base(os.Args[0]); name {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		run(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		run(controllers.NewControllerManagerCommand())
	case "kube-scheduler":
		run(scheduler.NewSchedulerCommand())
	case "cluster-certificates":
		if len(os.Args) != 2 {
			fail("cluster-certificates: name the folder to write to")
		}
		if err := certificates(os.Args[1]); err != nil {
			fail("cluster-certificates: %v", err)
		}
	default:
		fail("%s: call me etcd, kube-apiserver, kube-controller-manager, kube-scheduler or cluster-certificates", name)
	}
}

func run(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(2)
}
