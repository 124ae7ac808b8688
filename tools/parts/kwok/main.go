// kwok, with kubelets that answer: it plays the nodes and pods of a cluster, and beside it, in the same process, stands what
// the API server asks for logs and exec. kwok's own server would run commands on this machine, for anyone who reaches its
// port; this one asks for the API server's certificate, and runs commands in a shell that sees no more than the pod has.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
	"sigs.k8s.io/kwok/pkg/log"
	"sigs.k8s.io/kwok/pkg/utils/signals"
)

func main() {
	if err := start(signals.SetupSignalContext()); err != nil {
		fmt.Fprintf(os.Stderr, "kwok: %v\n", err)
		os.Exit(1)
	}
}

func start(ctx context.Context) error {
	// Known here and to kwok's own command, which knows flags that are unknown here.
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	ctx, _ = log.InitFlags(ctx, flags)
	ctx, err := config.InitFlags(ctx, flags)
	if err != nil {
		return err
	}
	if address := os.Getenv("KUBELET_ADDRESS"); address != "" {
		if err := serveKubelet(ctx, address, os.Getenv("KUBELET_FOLDER")); err != nil {
			return err
		}
	}
	command := cmd.NewCommand(ctx)
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}
