// Package ssm runs shell scripts on EC2 instances through AWS Systems Manager, without SSH, key pair or open port.
//
// A [Client] is a provider.Commands: it sends a batch of commands, as one script, to any number of machines, looks after it
// until each has ended, and has a result or a typed error for each; ReadFile brings home what is longer than a script may
// print. The package stands alone: it needs an API (the SDK's client) and knows nothing of EC2.
//
// What the agent on the machine does shapes the package:
//   - a script runs as root by `sh -c` (POSIX, not bash), in a process group of its own, without a terminal;
//   - standard output is cut at 24,000 characters and standard error at 8,000: ReadFile goes round the first limit;
//   - the exit codes 137, 168 and 194 have a meaning of their own to it (timed out; success, skip the rest; reboot
//     the machine), so a script never ends with one of them: see wrap;
//   - it replaces {{ssm:NAME}} in a script by a parameter's value, without regard for quotes: see placeholder;
//   - a background child that keeps standard output open holds the command until its time-out;
//   - there is no idempotency token: an answer that got lost makes the SDK send a script twice, so scripts must bear that.
package ssm

import (
	"context"
	"errors"
	"fmt"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/plimsoll-load/plimsoll/remote/provider"
)

// API is what is needed of the SDK's client.
type API interface {
	SendCommand(ctx context.Context, in *sdk.SendCommandInput, opts ...func(*sdk.Options)) (*sdk.SendCommandOutput, error)
	GetCommandInvocation(ctx context.Context, in *sdk.GetCommandInvocationInput, opts ...func(*sdk.Options)) (*sdk.GetCommandInvocationOutput, error)
	CancelCommand(ctx context.Context, in *sdk.CancelCommandInput, opts ...func(*sdk.Options)) (*sdk.CancelCommandOutput, error)
	DescribeInstanceInformation(ctx context.Context, in *sdk.DescribeInstanceInformationInput, opts ...func(*sdk.Options)) (*sdk.DescribeInstanceInformationOutput, error)
}

// Client runs scripts on machines. It may be used by several goroutines at once.
type Client struct {
	API API
	// First is when a command is looked at for the first time; later looks are rarer. 0: 500 ms.
	First time.Duration
}

var (
	_ API               = (*sdk.Client)(nil)
	_ provider.Commands = Client{}
)

const (
	defaultExecution = 2 * time.Minute
	minExecution     = 5 * time.Second // outside of these the agent silently takes an hour
	maxExecution     = 48 * time.Hour
	defaultDelivery  = time.Minute
	minDelivery      = 30 * time.Second // the service refuses less
)

// filled is the command with its defaults, within the limits of the service.
func filled(c provider.Command) provider.Command {
	if c.Execution == 0 {
		c.Execution = defaultExecution
	}
	if c.Delivery == 0 {
		c.Delivery = defaultDelivery
	}
	c.Execution = min(max(c.Execution, minExecution), maxExecution)
	c.Delivery = max(c.Delivery, minDelivery)
	return c
}

// job is a command on one machine while it is looked after.
type job struct {
	*provider.Result
	ended    bool
	began    bool      // the agent has taken it
	answered time.Time // when the service last spoke of it
	lost     error     // why nothing more is heard of it
}

// Run implements provider.Commands.
func (c Client) Run(ctx context.Context, command provider.Command) ([]provider.Result, error) {
	command = filled(command)
	results := make([]provider.Result, len(command.Machines))
	jobs := make([]*job, len(results))
	for i, machine := range command.Machines {
		results[i] = provider.Result{Machine: machine, ExitCode: -1}
		jobs[i] = &job{Result: &results[i]}
	}
	deadline := time.Now().Add(command.Delivery + command.Execution + grace)
	sent, err := c.sendAll(ctx, command, jobs)
	if err == nil || len(sent) > 0 {
		err = errors.Join(err, c.await(ctx, sent, deadline))
	}
	if err != nil && command.Title != "" {
		err = fmt.Errorf("%s: %w", command.Title, err)
	}
	return results, err
}
