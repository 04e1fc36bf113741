package ssm

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/plimsoll-load/plimsoll/remote/aws/faults"
	"github.com/plimsoll-load/plimsoll/remote/provider"
)

const (
	document   = "AWS-RunShellScript"
	perCall    = 50  // machines that one SendCommand takes
	maxComment = 100 // characters
)

// sendAll gives a command to all machines and returns the jobs that were sent. An error comes with those that were sent before it.
func (c Client) sendAll(ctx context.Context, command provider.Command, jobs []*job) (sent []*job, err error) {
	var refused error
	for part := range slices.Chunk(jobs, perCall) {
		taken, err := c.sendKnown(ctx, command, part)
		if errors.Is(err, provider.NoAgent) {
			refused = err
			continue
		}
		sent = append(sent, taken...)
		if err != nil {
			return sent, err
		}
	}
	if len(sent) == 0 {
		return nil, refused // none of them has an agent, which concerns all
	}
	return sent, nil
}

// sendKnown gives a command to at most perCall machines. One that is not registered makes the service refuse them all
// without saying which, so it asks then, and sends to the rest.
func (c Client) sendKnown(ctx context.Context, command provider.Command, jobs []*job) ([]*job, error) {
	err := c.send(ctx, command, jobs)
	switch {
	case err == nil:
		return jobs, nil
	case !errors.Is(err, provider.NoAgent):
		return nil, err
	}
	ids := machines(jobs)
	agents := map[string]provider.Agent{}
	if len(ids) > 1 {
		var askErr error
		if agents, askErr = c.Agents(ctx, ids); askErr != nil {
			return nil, askErr
		}
	}
	known := slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool {
		online := agents[j.Machine].Online()
		if !online {
			j.Status = provider.Undeliverable
		}
		return !online
	})
	if len(known) == 0 {
		return nil, err
	}
	if err := c.send(ctx, command, known); err != nil {
		return nil, err
	}
	return known, nil
}

func (c Client) send(ctx context.Context, command provider.Command, jobs []*job) error {
	title := []rune(command.Title)
	ids := machines(jobs)
	out, err := c.API.SendCommand(ctx, &sdk.SendCommandInput{
		DocumentName:   aws.String(document),
		InstanceIds:    ids,
		Comment:        aws.String(string(title[:min(len(title), maxComment)])),
		TimeoutSeconds: aws.Int32(int32(wholeSeconds(command.Delivery))),
		MaxErrors:      aws.String("100%"), // by default the first failure keeps a command from the machines that wait for it
		Parameters: map[string][]string{
			"commands":         {wrap(command.Script)},
			"executionTimeout": {strconv.Itoa(wholeSeconds(command.Execution))},
		},
	})
	if err != nil {
		return faults.Of("ssm:SendCommand", faults.Name(ids...), err)
	}
	for _, j := range jobs {
		j.CommandID = aws.ToString(out.Command.CommandId)
	}
	return nil
}

func machines(jobs []*job) []string {
	ids := make([]string, 0, len(jobs))
	for _, j := range jobs {
		ids = append(ids, j.Machine)
	}
	return ids
}

// wholeSeconds rounds up: a limit must not cut what was asked for.
func wholeSeconds(d time.Duration) int {
	return int((d + time.Second - 1) / time.Second)
}
