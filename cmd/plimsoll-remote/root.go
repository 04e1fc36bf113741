package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/plimsoll-load/plimsoll/cmd/cli"
	"github.com/plimsoll-load/plimsoll/remote/aws"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

const rootLong = `Puts a service on rented machines, has it sized there, and leaves nothing behind.

  plimsoll remote plan --image kinto:1 --port 8888 --type t3.small loadtest.js
  plimsoll remote size --image kinto:1 --port 8888 --type t3.small loadtest.js
  plimsoll remote size --image kinto:1 --port 8888 --type c7i.large --type c7i.xlarge \
      --repo https://example.org/tests.git kinto
  plimsoll remote cleanup --all                        end whatever a run left`

// place says where machines are, and as whom they are rented.
type place struct{ region, profile, endpoint string }

func newRoot(p process) *cobra.Command {
	at := &place{}
	root := &cobra.Command{
		Use: "plimsoll-remote", Short: "size a service on rented machines", Long: rootLong,
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "plimsoll remote"},
	}
	f := root.PersistentFlags()
	f.StringVar(&at.region, "region", "", "AWS region (default: as the AWS tools are set)")
	f.StringVar(&at.profile, "aws-profile", "", "a profile of the AWS configuration files")
	f.StringVar(&at.endpoint, "endpoint-url", "", "speak to this address instead of AWS (also AWS_ENDPOINT_URL)")
	root.AddGroup(&cobra.Group{ID: "load", Title: "Load:"}, &cobra.Group{ID: "machines", Title: "Machines:"}, &cobra.Group{ID: "account", Title: "Account:"})
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(newLoad(p, at, "size"), newLoad(p, at, "run"), newLoad(p, at, "plan"),
		newStatus(p, at), newLogs(p, at), newFetch(p, at), newCleanup(p, at),
		newInit(p, at), newPolicy(p), newDoctor(p, at))
	cli.Complete(root, "")
	return root
}

// open makes the cloud of the place.
func (p process) open(ctx context.Context, at *place) (provider.Cloud, error) {
	return aws.Open(ctx, aws.Options{Region: at.region, Profile: at.profile, Endpoint: at.endpoint, HTTP: p.http, Interval: p.interval})
}
